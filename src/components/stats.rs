//! Figures with their labels.

use leptos::prelude::*;

/// The lines of a `dl` with the class `stats`.
pub fn stat_lines(stats: Vec<(&'static str, AnyView)>) -> AnyView {
    stats.into_iter().map(|(label, value)| view! { <div><dt>{label}</dt><dd>{value}</dd></div> }).collect_view().into_any()
}
