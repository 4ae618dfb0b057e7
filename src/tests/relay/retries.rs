//! When a lost destination is tried again, and what is reported of it.

use super::{harness::*, platform::*};
use footlight::api::relay_control::DestinationState;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_destination_is_tried_at_once_when_asked() {
    let cuts = Scripted::start(Behavior::Cuts(Duration::from_secs(1)));
    let relay = TestRelay::open(&cuts.address.to_string(), |config| {
        config.timeouts.first_retry_delay = Duration::from_secs(10);
        config.timeouts.max_retry_delay = Duration::from_secs(30);
    })
    .await;
    relay.put(&wanted("ask", &[1], vec![publish("cuts", cuts.url(), "k")])).await;
    let ask = async |destination: &str| {
        let url = relay.url(&format!("/shows/ask/destinations/{destination}/retry"));
        relay.http.post(url).bearer_auth(SECRET).send().await.expect("an answer").status().as_u16()
    };
    assert_eq!((ask("cuts").await, ask("nobody").await), (409, 404), "nothing is lost yet");
    let _encoder = relay.encoder("ask", 1);
    let lost = relay.until("ask", "the loss", |r| state(r, "cuts") == "retrying").await;
    let DestinationState::Retrying { attempt, next_at, since, .. } = of(&lost, "cuts").state else { unreachable!("just seen") };
    assert_eq!(attempt, 1);
    assert!((9_000..=31_000).contains(&next_at.millis_since(since)), "{lost:?}");
    let asked = Instant::now();
    assert_eq!(ask("cuts").await, 204);
    let back = relay.until("ask", "the connection", |r| state(r, "cuts") == "live").await;
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert_eq!(of(&back, "cuts").reconnects, 1);
    let again = relay.until("ask", "the second loss", |r| state(r, "cuts") == "retrying").await;
    let DestinationState::Retrying { attempt, .. } = of(&again, "cuts").state else { unreachable!("just seen") };
    assert_eq!(attempt, 2, "the connection was too short to end the outage");
}
