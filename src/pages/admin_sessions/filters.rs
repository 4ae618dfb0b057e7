//! What the list shows: read from the page's address, written to it.

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

/// Reads an address; what it does not say, or says wrongly, is as if nothing was said.
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

/// The address of what is wanted.
pub fn address(wanted: &SessionQuery) -> String {
    let word = wanted.platform.and_then(|platform| PLATFORMS.iter().find(|(one, ..)| *one == platform)).map_or("", |(_, word, _)| *word);
    let fields = [
        ("show", wanted.status.code()),
        ("platform", word),
        ("from", &wanted.from),
        ("to", &wanted.to),
        ("q", &wanted.search),
        ("sort", if wanted.oldest_first { "oldest" } else { "" }),
        ("behind", wanted.behind.as_ref().map_or("", |id| id.as_str())),
    ];
    let said = fields.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = said.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    format!("/admin/sessions?{}", pairs.join("&"))
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Chips for how far, a form for the rest.
#[component]
pub fn Filters(wanted: SessionQuery) -> impl IntoView {
    let chips = StatusFilter::ALL.map(|show| {
        let label = match show {
            StatusFilter::Running => "Running",
            StatusFilter::Ended => "Ended",
            StatusFilter::Failed => "Failed",
            StatusFilter::All => "All",
        };
        let current = (wanted.status == show).then_some("page");
        let href = address(&SessionQuery { status: show, behind: None, ..wanted.clone() });
        view! { <a href=href class="chip" aria-current=current>{label}</a> }
    });
    let options = PLATFORMS.map(|(platform, word, label)| {
        view! { <option value=word selected=wanted.platform == Some(platform)>{label}</option> }
    });
    let export = address(&SessionQuery { behind: None, ..wanted.clone() }).replace("/admin/sessions?", "/api/admin/sessions.csv?");
    view! {
        <nav class="chips" aria-label="Which sessions">{chips}</nav>
        <form class="filters" method="get" action="/admin/sessions">
            <input type="hidden" name="show" value=wanted.status.code()/>
            <label class="field filters-wide">
                <span>"Search"</span>
                <input class="input" type="search" name="q" placeholder="Title, owner, session or egress id" value=wanted.search/>
            </label>
            <label class="field"><span>"Plays on"</span><select class="input" name="platform"><option value="">"Anywhere"</option>{options}</select></label>
            <label class="field"><span>"From"</span><input class="input" type="date" name="from" value=wanted.from/></label>
            <label class="field"><span>"To"</span><input class="input" type="date" name="to" value=wanted.to/></label>
            <label class="field">
                <span>"Order"</span>
                <select class="input" name="sort">
                    <option value="">"Newest first"</option>
                    <option value="oldest" selected=wanted.oldest_first>"Oldest first"</option>
                </select>
            </label>
            <button class="button" type="submit">"Show"</button>
            <a class="button" href=export download="sessions.csv" rel="external">"Export CSV"</a>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_what_was_wanted() {
        let wanted = SessionQuery {
            status: StatusFilter::Failed,
            platform: Some(Platform::Youtube),
            from: "2026-11-01".into(),
            to: "2026-11-23".into(),
            search: "50 % of & more = ü".into(),
            oldest_first: true,
            behind: "01m896m9m055qwzj6pdgcph3rn".parse().ok(),
        };
        let address = address(&wanted);
        let url = url::Url::parse(&format!("http://studio.example{address}")).expect("an address");
        let of = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        assert_eq!(read(of), wanted, "{address}");
        assert_eq!(read(|_| None), SessionQuery::default());
        assert_eq!(read(|_| Some("nonsense/".into())).status, StatusFilter::Running);
    }
}
