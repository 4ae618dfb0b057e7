//! Viewers are counted over HTTP, from a server that answers in the shapes that Twitch and YouTube document.

use super::{
    harness::{TestApp, show},
    platforms::{Counted, Fault, SECRET},
};
use footlight::{
    api::{admin::DateRange, error::ErrorCode, sessions::SessionView},
    domain::destination::Platform,
    server::{
        operations::viewer_counts::Round,
        viewers::{Credential, ViewerCountError},
    },
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

fn counts(view: &SessionView) -> (Option<u64>, Option<u64>, Vec<Option<u64>>) {
    (view.viewer_count, view.peak_viewer_count, view.destinations.iter().map(|place| place.viewer_count).collect())
}

#[tokio::test]
async fn viewers_of_all_sessions_are_counted_together() {
    let counted = Counted::new().await;
    let first = counted.live("ada", [Some("https://www.twitch.tv/Ada_Plays"), Some("dQw4w9WgXcQ")]).await;
    counted.live("bob", [Some("bob"), None]).await;
    assert_eq!(counts(&first), (None, None, vec![None, None]), "nobody has told yet");
    counted.say(|world| world.viewers = HashMap::from([("ada_plays", 40), ("bob", 7), ("dQw4w9WgXcQ", 2)]));
    let before = counted.asked("/helix/streams");
    assert_eq!(counted.count(Platform::Twitch).await, Round::Counted(2));
    assert_eq!(counted.asked("/helix/streams"), before + 1, "one question for both streams");
    assert_eq!(counted.count(Platform::Youtube).await, Round::Counted(1));
    assert_eq!(counts(&counted.view("ada").await), (Some(42), Some(42), vec![Some(40), Some(2)]));
    assert_eq!(counts(&counted.view("bob").await), (Some(7), Some(7), vec![Some(7), None]));
    counted.say(|world| world.viewers.insert("ada_plays", 5).map(drop).unwrap_or_default());
    counted.count(Platform::Twitch).await;
    assert_eq!(counts(&counted.view("ada").await), (Some(7), Some(42), vec![Some(5), Some(2)]));
    // Nobody tells any more: what was told is not the count of now for long.
    counted.app.clock.advance(200_000);
    assert_eq!(counts(&counted.view("ada").await), (None, Some(42), vec![None, None]));
    assert_eq!(counted.world.lock().expect("nobody panics with it").tokens, 2, "one for the trial, and one for every round since");
    let asked = counted.world.lock().expect("nobody panics with it").asked.join("\n");
    assert!(!asked.contains(SECRET), "no address carries a secret: {asked}");
}

#[tokio::test]
async fn the_peak_is_stored_by_session_and_day() {
    let counted = Counted::new().await;
    for (owner, viewers) in [("ada", 40), ("bob", 7)] {
        let id = counted.live(owner, [Some(owner), None]).await.session_id;
        counted.say(|world| world.viewers = HashMap::from([("ada", viewers), ("bob", viewers)]));
        assert_eq!(counted.count(Platform::Twitch).await, Round::Counted(1));
        let caller = counted.app.caller(owner).await;
        let over = counted.app.studio.sessions.stop(&caller, &id, None).await.expect("stopped");
        assert_eq!((over.viewer_count, over.peak_viewer_count), (None, Some(viewers)));
        let statistics = counted.app.studio.sessions.statistics(&over).await.expect("statistics");
        assert_eq!(statistics.peak_viewers, Some(viewers));
        let own = counted.app.studio.analytics.report(&caller, false, &DateRange::default()).await.expect("a report").report;
        assert_eq!((own.total.peak_viewers, own.platforms[0].peak_viewers), (viewers, viewers));
    }
    let sums = counted.app.store.sums(None, "2026-01-01", "2026-12-31").await.expect("sums");
    let most: Vec<_> = sums.iter().filter(|sum| sum.what == "peak_viewers").map(|sum| sum.n).collect();
    assert_eq!(most, [40], "the most of one stream, and not both together");
    assert_eq!(counted.count(Platform::Twitch).await, Round::Idle, "nobody is asked for streams that are over");
}

#[tokio::test]
async fn a_rejected_token_is_renewed_once() {
    let counted = Counted::new().await;
    counted.live("ada", [Some("ada"), None]).await;
    counted.say(|world| world.viewers = HashMap::from([("ada", 3)]));
    assert_eq!(counted.count(Platform::Twitch).await, Round::Counted(1));
    let given = counted.world.lock().expect("nobody panics with it").tokens;
    // The service knows a later one only.
    counted.say(|world| world.tokens += 1);
    let asked = counted.asked("/helix/streams");
    assert_eq!(counted.count(Platform::Twitch).await, Round::Counted(1));
    assert_eq!(counted.world.lock().expect("nobody panics with it").tokens, given + 2);
    assert_eq!(counted.asked("/helix/streams"), asked + 2, "refused, and asked again");
}

#[tokio::test]
async fn youtube_channels_are_looked_up_once() {
    let counted = Counted::new().await;
    counted.live("ada", [None, Some("@ada")]).await;
    for _ in 0..3 {
        assert_eq!(counted.count(Platform::Youtube).await, Round::Counted(0), "nothing is live there yet");
    }
    assert_eq!((counted.asked("/v3/channels"), counted.asked("/v3/search")), (1, 1), "a search is dear");
    let counted = Counted::new().await;
    counted.live("ada", [None, Some("@ada")]).await;
    counted.say(|world| world.viewers = HashMap::from([("dQw4w9WgXcQ", 9)]));
    for _ in 0..3 {
        assert_eq!(counted.count(Platform::Youtube).await, Round::Counted(1));
    }
    assert_eq!((counted.asked("/v3/search"), counts(&counted.view("ada").await).0), (1, Some(9)));
    // The broadcast is over there; the count is not told on.
    counted.say(|world| world.viewers.clear());
    assert_eq!(counted.count(Platform::Youtube).await, Round::Counted(0));
    assert_eq!(counted.asked("/v3/search"), 1);
}

#[tokio::test]
async fn failing_viewer_services_change_nothing() {
    let counted = Counted::new().await;
    counted.live("ada", [Some("ada"), Some("dQw4w9WgXcQ")]).await;
    counted.say(|world| world.viewers = HashMap::from([("ada", 40), ("dQw4w9WgXcQ", 2)]));
    counted.count(Platform::Twitch).await;
    counted.count(Platform::Youtube).await;
    let known = counts(&counted.view("ada").await);
    let soon = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() + 30;
    let google = |reason: &str| {
        let message = "The request cannot be completed because you have exceeded your <a href=\"/youtube/v3\">quota</a>.";
        json!({ "error": { "code": 403, "message": message, "errors": [{ "reason": reason, "domain": "youtube.quota" }] } })
    };
    let busy = |seconds| ViewerCountError::Busy(Some(Duration::from_secs(seconds)));
    let unavailable = |words: &str| ViewerCountError::Unavailable(words.into());
    let refused = |words: &str| ViewerCountError::Refused(words.into());
    let plain = |status: u16, body: Value| (status, body, None);
    let cases: [(Platform, Fault, ViewerCountError); 7] = [
        (Platform::Twitch, (429, json!({}), Some(("retry-after", "17".into()))), busy(17)),
        (
            Platform::Twitch,
            plain(401, json!({ "message": "Invalid OAuth token" })),
            refused("Twitch refuses the credentials: Invalid OAuth token"),
        ),
        (Platform::Twitch, plain(503, json!({})), unavailable("it answers 503")),
        (Platform::Twitch, plain(200, json!({ "streams": SECRET })), unavailable("its answer is not in the documented shape")),
        (Platform::Youtube, plain(403, google("quotaExceeded")), busy(3600)),
        (
            Platform::Youtube,
            plain(403, google("forbidden")),
            refused("YouTube refuses the key: The request cannot be completed because you have exceeded your quota."),
        ),
        (Platform::Youtube, (301, json!({}), Some(("location", "https://elsewhere.example/".into()))), unavailable("it answers 301")),
    ];
    for (platform, fault, expected) in cases {
        let status = fault.0;
        counted.say(|world| world.fault = Some(fault));
        assert_eq!(counted.count(platform).await, Round::Failed(expected), "{platform:?} {status}");
        assert_eq!(counts(&counted.view("ada").await), known, "after {status}");
    }
    counted.say(|world| world.fault = Some((429, json!({}), Some(("ratelimit-reset", soon.to_string())))));
    let Round::Failed(ViewerCountError::Busy(Some(wait))) = counted.count(Platform::Twitch).await else { panic!("it is busy") };
    assert!((20..=30).contains(&wait.as_secs()), "until the second that it named: {wait:?}");
    counted.say(|world| world.fault = None);
    assert_eq!(counted.count(Platform::Twitch).await, Round::Counted(1), "and then it tells again");
}

#[tokio::test]
async fn credentials_are_checked_sealed_and_deleted() {
    let counted = Counted::new().await;
    let studio = &counted.app.studio;
    let kept = counted.app.store.credential("twitch").await.expect("the store").expect("kept");
    assert!(!format!("{kept:?}").contains(SECRET));
    let set = |platform, id: &str, secret: &str| {
        let credential = Credential { id: id.into(), secret: secret.into() };
        async move {
            studio.viewer_counts.set_credential(platform, &credential).await.map_err(footlight::server::error::StudioError::into_api_error)
        }
    };
    for (platform, id, secret, words) in [
        (Platform::Twitch, "app", "wrong", "Twitch refuses the credentials: invalid client secret. Nothing was kept."),
        (Platform::Youtube, "", "wrong", "YouTube refuses the key: API key not valid. Please pass a valid API key. Nothing was kept."),
        (Platform::Twitch, "", SECRET, "Twitch needs the application's client id: add --client-id."),
        (Platform::Kick, "", SECRET, "Viewers are counted on Twitch and YouTube only."),
    ] {
        let refusal = set(platform, id, secret).await.expect_err(words);
        assert_eq!((refusal.code, refusal.message.as_str()), (ErrorCode::Invalid, words));
    }
    assert_eq!(counted.app.store.credential("twitch").await.expect("the store"), Some(kept), "what was there stays");
    counted.say(|world| world.fault = Some((500, json!({}), None)));
    let words = set(Platform::Twitch, "app", SECRET).await.expect("kept");
    assert!(words.ends_with("Twitch could not be asked now (it answers 500); they are used when it can."), "{words}");
    counted.say(|world| world.fault = None);
    counted.live("ada", [Some("ada"), None]).await;
    set(Platform::Twitch, "", "").await.expect("forgotten");
    assert_eq!(counted.app.store.credential("twitch").await.expect("the store"), None);
    assert_eq!(counted.count(Platform::Twitch).await, Round::Idle, "nobody is asked without credentials");
}

#[tokio::test]
async fn an_invalid_channel_is_refused_before_the_start() {
    let app = TestApp::new().await;
    let caller = app.caller("ada").await;
    let mut wanted = show();
    wanted.destinations[0].channel = Some("two words".into());
    let refusal = app.studio.sessions.start(&caller, wanted).await.expect_err("refused").into_api_error();
    assert_eq!((refusal.code, &refusal.detail["field"]), (ErrorCode::Invalid, &json!("channel")));
    assert!(refusal.message.starts_with("A Twitch channel is its name"), "{}", refusal.message);
    assert_eq!(app.studio.sessions.running(&caller).await.expect("the store"), None);
}
