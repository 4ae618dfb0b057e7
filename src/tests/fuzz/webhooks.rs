//! LiveKit's webhooks: signed ones are read as they are, a body or a signature that was changed is refused, and the token in a page's
//! address is never stored.

use super::{
    harness::{NOW, SECRET, TestServer},
    inputs::stored,
    runner::run,
};
use crate::support::app::API_KEY;
use axum::{
    body::Body,
    http::{Method, Request},
};
use footlight::{
    domain::ids::EgressId,
    net::webhook_signature::{WebhookRefused, sign, verify},
};
use serde_json::Value;

const CANARY: &str = "canary-token";

#[test]
fn signatures() {
    run("webhooks", 25_000, |body| {
        let signature = sign(body, API_KEY, SECRET, NOW).expect("signed");
        let event = verify(&signature, body, API_KEY, SECRET, NOW);
        assert_eq!(event.ok(), serde_json::from_slice::<Value>(body).ok());
        let longer = [body, b" "].concat();
        assert_eq!(verify(&signature, &longer, API_KEY, SECRET, NOW), Err(WebhookRefused::OtherBody));
        let at = body.iter().map(|byte| usize::from(*byte)).sum::<usize>() % signature.len();
        // Every character of a signature counts.
        let other = if signature.as_bytes()[at] == b'A' { "B" } else { "A" };
        let altered = format!("{}{other}{}", &signature[..at], &signature[at + 1..]);
        assert_eq!(verify(&altered, body, API_KEY, SECRET, NOW), Err(WebhookRefused::Forged), "character {at}");
        // What comes as a header may be anything.
        assert_eq!(verify(&String::from_utf8_lossy(body), body, API_KEY, SECRET, NOW), Err(WebhookRefused::Forged));
    });
}

#[test]
fn deliveries() {
    assert!(stored("webhooks").iter().any(|case| String::from_utf8_lossy(&case.bytes()).contains(CANARY)));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = runtime.block_on(TestServer::with(&[("FOOTLIGHT_RATE_FACTOR", "10000")]));
    run("webhooks", 150, |body| {
        runtime.block_on(async {
            let signature = sign(body, API_KEY, SECRET, server.clock.now()).expect("signed");
            let event = serde_json::from_slice::<Value>(body).ok();
            let egress = event.as_ref().and_then(|event| event["egressInfo"]["egressId"].as_str()?.parse::<EgressId>().ok());
            let mut counts = Vec::new();
            for _ in 0..2 {
                let status = deliver(&server, &signature, body).await;
                assert_eq!(status, if event.is_some() { 200 } else { 401 });
                let Some(egress) = &egress else { continue };
                let kept = server.store.webhooks_of(egress).await.expect("the store");
                for webhook in &kept {
                    let address = webhook.body["egressInfo"]["web"]["url"].as_str().unwrap_or_default();
                    assert!(!address.contains('?'), "{address}");
                }
                counts.push(kept.len());
            }
            counts.dedup();
            assert!(counts.len() < 2, "a repeated webhook was stored again: {counts:?}");
            assert_eq!(deliver(&server, &signature, &[body, b" "].concat()).await, 401);
        });
    });
}

async fn deliver(server: &TestServer, signature: &str, body: &[u8]) -> u16 {
    let request = Request::builder().method(Method::POST).uri("/api/webhooks/livekit").header("authorization", signature);
    server.send(request.body(Body::from(body.to_vec())).expect("a request")).await.status.as_u16()
}
