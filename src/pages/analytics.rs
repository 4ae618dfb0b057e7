//! Streams by day, time on air, failures: a chart, and every number in a table as well.

use super::{labels::format_duration, layout::load_error};
use crate::{
    api::admin::{Analytics as Answer, DateRange},
    components::notice::{Empty, Loading},
    domain::{
        analytics::{DayReport, PlatformReport, Report},
        destination::Platform,
    },
    rpc::admin::load_analytics,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_query_map};

/// `/analytics` of one user, and `/admin/analytics` of all; `?from=2026-11-01&to=2026-11-23`.
#[component]
pub fn Analytics() -> AnyView {
    let all_users = use_location().pathname.get_untracked().starts_with("/admin/");
    let query = use_query_map();
    let span = move || {
        let of = |name: &str| query.read().get(name).unwrap_or_default();
        DateRange { from: of("from"), to: of("to") }
    };
    let answer = Resource::new_blocking(span, move |span| load_analytics(all_users, span));
    let title = if all_users { "Analytics of all users" } else { "Your analytics" };
    view! {
        <Title text=title/>
        <main class="page analytics" id="content">
            <div class="page-top">
                <h1>{title}</h1>
                <form class="date-range" method="get">
                    <label class="field"><span>"From"</span><input class="input" type="date" name="from" prop:value=move || shown(&answer, |a| a.from.clone())/></label>
                    <label class="field"><span>"To"</span><input class="input" type="date" name="to" prop:value=move || shown(&answer, |a| a.to.clone())/></label>
                    <button class="button" type="submit">"Apply"</button>
                </form>
            </div>
            <Transition fallback=|| view! { <Loading/> }>
                {move || {
                    answer.get().map(|loaded| match loaded {
                        Err(error) => load_error(error, Callback::new(move |()| answer.refetch())),
                        Ok(analytics) if analytics.report.total.shows == 0 => {
                            let text = "Streams are counted here after they have ended.";
                            view! { <Empty title=format!("No streams from {} to {}", analytics.from, analytics.to) text/> }.into_any()
                        }
                        Ok(analytics) => view! { <Charts analytics/> }.into_any(),
                    })
                }}
            </Transition>
        </main>
    }
    .into_any()
}

fn shown(answer: &Resource<Result<Answer, crate::api::error::ApiError>>, of: fn(&Answer) -> String) -> String {
    answer.get().and_then(Result::ok).as_ref().map(of).unwrap_or_default()
}

#[component]
fn Charts(analytics: Answer) -> impl IntoView {
    let Report { total, days, waited_p50_ms, waited_p95_ms, ended, failed, platforms } = analytics.report;
    let waited = |millis: Option<u64>| millis.map_or_else(|| "no data".to_owned(), |millis| format!("{} s", millis / 1000));
    let mut stats = vec![
        ("Streams", total.shows.to_string()),
        ("Failed", total.failed.to_string()),
        ("Time on air", format_duration(total.on_air_ms)),
        ("Click to live, median", waited(waited_p50_ms)),
        ("Click to live, 95th percentile", waited(waited_p95_ms)),
    ];
    stats.extend((total.peak_viewers > 0).then(|| ("Peak viewers", total.peak_viewers.to_string())));
    stats.extend(analytics.cost.map(|cost| ("Estimated cost", cost)));
    let stats = stats.into_iter().map(|(label, value)| view! { <div><dt>{label}</dt><dd>{value}</dd></div> }).collect_view();
    view! {
        <dl class="stats">{stats}</dl>
        <Bars days/>
        <CountTable title="Why streams failed" head="Cause" rows=failed/>
        <CountTable title="How streams ended" head="Reason" rows=ended/>
        <Platforms platforms/>
    }
}

/// One bar a day; the table has the same numbers.
#[component]
fn Bars(days: Vec<DayReport>) -> impl IntoView {
    let most = days.iter().map(|day| day.shows).max().unwrap_or(1).max(1);
    let width = days.len() * 12;
    let bars = days.iter().enumerate().map(|(index, day)| {
        let high = |n: u64| n * 100 / most;
        let (x, all, failed) = (index * 12 + 2, high(day.shows), high(day.failed));
        view! {
            <g>
                <title>{format!("{}: {} streams, {} failed", day.day, day.shows, day.failed)}</title>
                <rect class="bar" x=x.to_string() y=(100 - all).to_string() width="8" height=all.to_string()></rect>
                <rect class="bar-failed" x=x.to_string() y=(100 - failed).to_string() width="8" height=failed.to_string()></rect>
            </g>
        }
    });
    let bars = bars.collect_view();
    let a_day = if most == 1 { "1 stream".to_owned() } else { format!("{most} streams") };
    let ends = days.first().zip(days.last()).map(|(first, last)| format!("{} to {}, at most {a_day} a day", first.day, last.day));
    let rows = days.into_iter().map(|day| {
        view! { <tr><th scope="row">{day.day}</th><td>{day.shows}</td><td>{day.failed}</td><td>{format_duration(day.on_air_ms)}</td><td>{viewers(day.peak_viewers)}</td></tr> }
    });
    let rows = rows.collect_view();
    view! {
        <section class="panel chart" aria-labelledby="days-title">
            <h2 id="days-title">"Streams by day"</h2>
            <svg viewBox=format!("0 0 {width} 100") preserveAspectRatio="none" role="img" aria-label=ends.clone()>{bars}</svg>
            <p class="quiet">{ends}</p>
            <p class="chart-key"><span>"Streams"</span><span data-kind="bad">"Failed"</span></p>
            <details>
                <summary>"As a table"</summary>
                <table>
                    <thead><tr><th scope="col">"Day"</th><th scope="col">"Streams"</th><th scope="col">"Failed"</th><th scope="col">"Time on air"</th><th scope="col">"Peak viewers"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </details>
        </section>
    }
}

#[component]
fn CountTable(title: &'static str, head: &'static str, rows: Vec<(String, u64)>) -> impl IntoView {
    let any = !rows.is_empty();
    let rows = rows.into_iter().map(|(word, n)| view! { <tr><th scope="row">{sentence(&word)}</th><td>{n}</td></tr> }).collect_view();
    any.then(|| {
        view! {
            <section class="panel chart">
                <h2>{title}</h2>
                <table>
                    <thead><tr><th scope="col">{head}</th><th scope="col">"Streams"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </section>
        }
    })
}

#[component]
fn Platforms(platforms: Vec<PlatformReport>) -> impl IntoView {
    let rows = platforms.into_iter().map(|one| {
        view! {
            <tr>
                <th scope="row">{platform(&one.platform)}</th>
                <td>{one.shows}</td>
                <td>{format_duration(one.uptime_ms)}</td>
                <td>{one.reconnects}</td>
                <td>{one.given_up}</td>
                <td>{viewers(one.peak_viewers)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        // Six columns: on a narrow window they scroll, by keyboard as well.
        <section class="panel chart" tabindex="0" aria-labelledby="platforms-title">
            <h2 id="platforms-title">"By platform"</h2>
            <p class="quiet">"Peak viewers: the most that one stream had at once, where the platform reports it."</p>
            <table>
                <thead>
                    <tr>
                        <th scope="col">"Platform"</th>
                        <th scope="col">"Streams"</th>
                        <th scope="col">"Time on air"</th>
                        <th scope="col">"Reconnects"</th>
                        <th scope="col">"Failed"</th>
                        <th scope="col">"Peak viewers"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
}

fn sentence(word: &str) -> String {
    let text = word.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn platform(name: &str) -> String {
    let known = Platform::ALL.into_iter().find(|platform| platform.name() == name);
    sentence(known.map_or(name, |platform| platform.label()))
}

/// A dash if no platform reported any.
fn viewers(most: u64) -> String {
    if most == 0 { "–".to_owned() } else { most.to_string() }
}
