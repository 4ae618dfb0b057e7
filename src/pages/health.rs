//! What the last checks of the installation found, for administrators, and a form to check again: a plain page, which `serve` answers.

use super::{layout::load_error, sign_in::FormError};
use crate::{
    api::doctor::{CheckLine, Outcome, Report},
    components::{
        check_list::{Check, CheckList, CheckResult},
        local_time::LocalTime,
        notice::Empty,
    },
    rpc::admin::load_health,
};
use leptos::prelude::*;
use leptos_meta::Title;

/// `/admin/health`
#[component]
pub fn Health() -> AnyView {
    let last = Resource::new_blocking(|| (), |()| load_health());
    let reload = Callback::new(move |()| last.refetch());
    view! {
        <Title text="Health"/>
        <main class="page" id="content">
            <div class="page-top">
                <h1>"Health"</h1>
                <form class="buttons" method="post" action="/admin/health">
                    <a class="button" href="/admin/sessions">"All streams"</a>
                    <button class="button" type="submit">"Check now"</button>
                </form>
            </div>
            <p class="quiet">"A check tries every part, with a capture of two seconds and a media connection. It takes up to a minute."</p>
            <FormError/>
            <Suspense fallback=|| ()>
                {move || {
                    last.get().map(|answer| match answer {
                        Ok(Some(report)) => shown(report),
                        Ok(None) => view! { <Empty title="Not checked since the start" text="Press “Check now”."/> }.into_any(),
                        Err(error) => load_error(error, reload),
                    })
                }}
            </Suspense>
        </main>
    }
    .into_any()
}

fn shown(report: Report) -> AnyView {
    let checks: Vec<_> = report.checks.into_iter().map(line).collect();
    let kind = if report.quick { "Checked, without capture and connections to platforms, " } else { "Checked " };
    view! {
        <p class="quiet">{kind}<LocalTime at=report.at/></p>
        <section class="panel" aria-label="Checks"><CheckList checks=Signal::stored(checks)/></section>
    }
    .into_any()
}

fn line(CheckLine { name, outcome, found, advice }: CheckLine) -> Check {
    let result = match outcome {
        Outcome::Ok => CheckResult::Pass,
        Outcome::Warn => CheckResult::Warn,
        Outcome::Fail => CheckResult::Fail,
    };
    let note = if advice.is_empty() { found } else { format!("{}. {advice}", found.trim_end_matches('.')) };
    Check::new(&name, result, note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_to_do() {
        let of =
            |outcome, advice: &str| line(CheckLine { name: "relay".into(), outcome, found: "it is down".into(), advice: advice.into() });
        assert_eq!(of(Outcome::Fail, "Start it."), Check::new("relay", CheckResult::Fail, "it is down. Start it."));
        assert_eq!(of(Outcome::Warn, "").note, "it is down");
        assert_eq!(of(Outcome::Ok, "").result, CheckResult::Pass);
    }
}
