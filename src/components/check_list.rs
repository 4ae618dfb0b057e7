//! The preflight checks, a line each.

use leptos::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckResult {
    Pass,
    Warn,
    /// The stream cannot start.
    Fail,
    Waiting,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub label: String,
    pub result: CheckResult,
    /// The result in a few words, or what to do.
    pub note: String,
}

impl Check {
    pub fn new(label: &str, result: CheckResult, note: impl Into<String>) -> Self {
        Self { label: label.to_owned(), result, note: note.into() }
    }
}

/// The stylesheet puts a mark before each line; screen readers get a word.
#[component]
pub fn CheckList(#[prop(into)] checks: Signal<Vec<Check>>) -> impl IntoView {
    let lines = move || {
        let line = |check: Check| {
            let (state, prefix) = match check.result {
                CheckResult::Pass => ("ok", "Passed: "),
                CheckResult::Warn => ("warn", "Warning: "),
                CheckResult::Fail => ("bad", "Failed: "),
                CheckResult::Waiting => ("wait", "Checking: "),
            };
            view! {
                <li data-state=state>
                    <span class="visually-hidden">{prefix}</span>
                    <span>{check.label}</span>
                    <small>{check.note}</small>
                </li>
            }
        };
        checks.get().into_iter().map(line).collect_view()
    };
    view! { <ul class="checks" aria-live="polite">{lines}</ul> }
}
