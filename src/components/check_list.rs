//! Proof that it will work: one line for each check.

use leptos::prelude::*;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckResult {
    /// Fine.
    Pass,
    /// Look at it.
    Warn,
    /// The show cannot start.
    Fail,
    /// Not known yet.
    Waiting,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub label: String,
    /// How it came out.
    pub outcome: CheckResult,
    /// A few words, or what to do.
    pub note: String,
}

impl Check {
    /// A line.
    pub fn new(label: &str, outcome: CheckResult, note: impl Into<String>) -> Self {
        Self { label: label.to_owned(), outcome, note: note.into() }
    }
}

/// The lines, in order. The mark before each is the stylesheet's; screen readers get a word.
#[component]
pub fn CheckList(#[prop(into)] checks: Signal<Vec<Check>>) -> impl IntoView {
    let lines = move || {
        let line = |check: Check| {
            let (state, word) = match check.outcome {
                CheckResult::Pass => ("ok", "Fine: "),
                CheckResult::Warn => ("warn", "Look: "),
                CheckResult::Fail => ("bad", "Stop: "),
                CheckResult::Waiting => ("wait", "Checking: "),
            };
            view! {
                <li data-state=state>
                    <span class="visually-hidden">{word}</span>
                    <span>{check.label}</span>
                    <small>{check.note}</small>
                </li>
            }
        };
        checks.get().into_iter().map(line).collect_view()
    };
    view! { <ul class="checks" aria-live="polite">{lines}</ul> }
}
