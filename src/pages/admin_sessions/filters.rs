//! The filter of the list, read from the page's address and written to it.

use crate::{
    api::admin::{SessionQuery, StatusFilter},
    domain::destination::Platform,
};
use leptos::prelude::*;

const PLATFORMS: [(Platform, &str, &str); 6] = [
    (Platform::Twitch, "twitch", "Twitch"),
    (Platform::Youtube, "youtube", "YouTube"),
    (Platform::Kick, "kick", "Kick"),
    (Platform::X, "x", "X"),
    (Platform::Custom, "custom", "Custom"),
    (Platform::Rehearsal, "rehearsal", "Rehearsal"),
];

/// Reads an address; what is missing or malformed is as if it was not set.
pub fn read(of: impl Fn(&str) -> Option<String>) -> SessionQuery {
    let text = |name| of(name).unwrap_or_default();
    let show = StatusFilter::ALL.into_iter().find(|shown| shown.code() == text("show")).unwrap_or_default();
    let platform = PLATFORMS.iter().find(|(_, word, _)| *word == text("platform")).map(|(platform, ..)| *platform);
    SessionQuery {
        status: show,
        platform,
        from: text("from"),
        to: text("to"),
        search: text("q"),
        oldest_first: text("sort") == "oldest",
        behind: of("behind").and_then(|id| id.parse().ok()),
    }
}

/// The address of a filter.
pub fn address(filter: &SessionQuery) -> String {
    let word = filter.platform.and_then(|platform| PLATFORMS.iter().find(|(one, ..)| *one == platform)).map_or("", |(_, word, _)| *word);
    let fields = [
        ("show", filter.status.code()),
        ("platform", word),
        ("from", &filter.from),
        ("to", &filter.to),
        ("q", &filter.search),
        ("sort", if filter.oldest_first { "oldest" } else { "" }),
        ("behind", filter.behind.as_ref().map_or("", |id| id.as_str())),
    ];
    let said = fields.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = said.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    format!("/admin/sessions?{}", pairs.join("&"))
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Chips for the status, a form for the rest.
#[component]
pub fn Filters(filter: SessionQuery) -> impl IntoView {
    let chips = StatusFilter::ALL.map(|show| {
        let label = match show {
            StatusFilter::Running => "Running",
            StatusFilter::Ended => "Ended",
            StatusFilter::Failed => "Failed",
            StatusFilter::All => "All",
        };
        let current = (filter.status == show).then_some("page");
        let href = address(&SessionQuery { status: show, behind: None, ..filter.clone() });
        view! { <a href=href class="chip" aria-current=current>{label}</a> }
    });
    let options = PLATFORMS.map(|(platform, word, label)| {
        view! { <option value=word selected=filter.platform == Some(platform)>{label}</option> }
    });
    let export = address(&SessionQuery { behind: None, ..filter.clone() }).replace("/admin/sessions?", "/api/admin/sessions.csv?");
    view! {
        <nav class="chips" aria-label="Status">{chips}</nav>
        <form class="filters" method="get" action="/admin/sessions">
            <input type="hidden" name="show" value=filter.status.code()/>
            <label class="field filters-wide">
                <span>"Search"</span>
                <input class="input" type="search" name="q" placeholder="Title, owner, session or egress id" value=filter.search/>
            </label>
            <label class="field"><span>"Platform"</span><select class="input" name="platform"><option value="">"All"</option>{options}</select></label>
            <label class="field"><span>"From"</span><input class="input" type="date" name="from" value=filter.from/></label>
            <label class="field"><span>"To"</span><input class="input" type="date" name="to" value=filter.to/></label>
            <label class="field">
                <span>"Sort"</span>
                <select class="input" name="sort">
                    <option value="">"Newest first"</option>
                    <option value="oldest" selected=filter.oldest_first>"Oldest first"</option>
                </select>
            </label>
            <button class="button" type="submit">"Apply"</button>
            <a class="button" href=export download="sessions.csv" rel="external">"Export CSV"</a>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_survives_the_address() {
        let filter = SessionQuery {
            status: StatusFilter::Failed,
            platform: Some(Platform::Youtube),
            from: "2026-11-01".into(),
            to: "2026-11-23".into(),
            search: "50 % of & more = ü".into(),
            oldest_first: true,
            behind: "01m896m9m055qwzj6pdgcph3rn".parse().ok(),
        };
        let address = address(&filter);
        let url = url::Url::parse(&format!("http://studio.example{address}")).expect("an address");
        let of = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        assert_eq!(read(of), filter, "{address}");
        assert_eq!(read(|_| None), SessionQuery::default());
        assert_eq!(read(|_| Some("nonsense/".into())).status, StatusFilter::Running);
    }
}
