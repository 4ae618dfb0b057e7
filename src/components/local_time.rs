//! A moment in the reader's own time zone.

use crate::{
    browser::{clock, hydration::after_hydration},
    domain::timestamp::Timestamp,
};
use leptos::prelude::*;

/// A relative text is rewritten this often.
const REFRESH_MS: u64 = 30_000;

/// The server writes UTC, because it does not know where the reader is. The browser replaces that after hydration: by "5 minutes
/// ago" for recent moments, else by date and time as the reader's system writes them. The title keeps the time in UTC.
#[component]
pub fn LocalTime(at: Timestamp) -> impl IntoView {
    let text = RwSignal::new(utc(at));
    Effect::new(move |_| {
        let localize = move || {
            // The page may have been left meanwhile.
            let _ = text.try_set(clock::local_text(at));
        };
        after_hydration(localize);
        clock::every(REFRESH_MS, localize);
    });
    view! { <time datetime=at.to_rfc3339() title=utc(at) translate="no">{move || text.get()}</time> }
}

/// `2026-11-23 20:15 UTC`
fn utc(at: Timestamp) -> String {
    let text = at.to_rfc3339();
    format!("{} {} UTC", &text[..10], &text[11..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_writes_utc() {
        let markup = Owner::new().with(|| view! { <LocalTime at=Timestamp::from_millis(1_795_421_948_792)/> }.to_html());
        assert!(markup.contains(r#"datetime="2026-11-23T08:19:08.792Z""#), "{markup}");
        assert!(markup.contains(r#"title="2026-11-23 08:19 UTC""#) && markup.contains(">2026-11-23 08:19 UTC"), "{markup}");
    }
}
