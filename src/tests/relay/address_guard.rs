//! The address check at connect, with a resolver that changes its answer.

use super::{harness::*, platform::*};
use footlight::relay::connect::Resolver;
use futures::future::BoxFuture;
use std::{
    io,
    net::IpAddr,
    sync::{Arc, Mutex},
};

/// Returns the next list on each call, and the last one forever.
struct Fickle(Mutex<Vec<Vec<IpAddr>>>);

impl Resolver for Fickle {
    fn resolve<'a>(&'a self, _host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let mut answers = self.0.lock().expect("sound");
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        Box::pin(async move { Ok(answer) })
    }
}

fn fickle(answers: &[&[&str]]) -> Arc<dyn Resolver> {
    let answers = answers.iter().map(|list| list.iter().map(|ip| ip.parse().expect("an address")).collect()).collect();
    Arc::new(Fickle(Mutex::new(answers)))
}

/// Every kind of address that is not public, in every spelling that a resolver can return.
const INSIDE: [&str; 22] = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.8",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "fd00::1",
    "fe80::1",
    "ff02::1",
];

/// Resolves `inside-N.example.com` to the Nth of them.
struct Inside;

impl Resolver for Inside {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let number = host.strip_prefix("inside-").and_then(|rest| rest.split('.').next()).and_then(|number| number.parse::<usize>().ok());
        let ip = INSIDE[number.expect("one of ours")].parse().expect("an address");
        Box::pin(async move { Ok(vec![ip]) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn host_resolving_to_private_address_is_refused() {
    let relay = TestRelay::open_with("", Some(Arc::new(Inside)), |config| config.limits.destinations = INSIDE.len()).await;
    let ids: Vec<_> = (0..INSIDE.len()).map(|index| format!("d{index}")).collect();
    let one = |(index, id): (usize, &String)| publish(id, format!("rtmp://inside-{index}.example.com:1935/live"), "k");
    relay.put(&wanted("guard", &[1], ids.iter().enumerate().map(one).collect())).await;
    let _encoder = relay.encoder("guard", 1);
    let report = relay.until("guard", "the refusals", |r| ids.iter().all(|id| state(r, id) == "failed")).await;
    for (id, inside) in ids.iter().zip(INSIDE) {
        assert!(reason(&report, id).contains("not a public address"), "{inside}: {}", reason(&report, id));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn host_changing_to_private_address_is_refused() {
    let trap = Scripted::at([127, 0, 0, 2].into(), Behavior::Normal);
    let outside = Scripted::start(Behavior::Cuts(std::time::Duration::from_secs(1)));
    // The operator allows one address; the name first resolves to it, then to another one.
    let resolver = fickle(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let allow = format!("127.0.0.1:{}", outside.address.port());
    let relay = TestRelay::open_with(&allow, Some(resolver), |_| {}).await;
    relay
        .put(&wanted("turn", &[1], vec![publish("fickle", format!("rtmp://turn.example.com:{}/live", outside.address.port()), "k")]))
        .await;
    let _encoder = relay.encoder("turn", 1);
    let report = relay.until("turn", "the refusal", |r| reason(r, "fickle").contains("127.0.0.2")).await;
    assert_eq!(state(&report, "fickle"), "retrying", "it was accepted before, so it is retried");
    assert!(trap.publishes.lock().expect("sound").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_tries_the_next_address() {
    let kind = Scripted::start(Behavior::Normal);
    let port = kind.address.port();
    let allow = format!("several.example.com:{port}");
    let relay = TestRelay::open_with(&allow, Some(fickle(&[&["::1", "127.0.0.9", "127.0.0.1"]])), |_| {}).await;
    relay.put(&wanted("several", &[1], vec![publish("kind", format!("rtmp://several.example.com:{port}/live"), "k")])).await;
    let _encoder = relay.encoder("several", 1);
    relay.until("several", "live", |r| state(r, "kind") == "live").await;
}
