//! Both sides of RTMP, and AMF0 by itself. Nothing a peer sends makes us hold or answer more than a small multiple of it, and how the
//! network cuts its bytes into pieces changes nothing.

use super::runner::run;
use bytes::{Bytes, BytesMut};
use footlight::media::{
    rtmp::{
        Message,
        amf::{self, Value},
        chunk::Writer,
        client::{self, ClientSession},
        kind,
        server::{self, ServerSession},
    },
    tag::{Track, inspect},
};

/// A `connect` without parameters, in a chunk that repeats the header before, takes 11 bytes; its answer takes 230.
const ANSWER: usize = 22;
const NAME: &str = "live_canary_0123456789";

/// What a publisher's bytes led to, up to the violation that ended it.
#[derive(Debug)]
struct Served {
    events: Vec<server::Event>,
    broken: bool,
    output: BytesMut,
}

fn serve(pieces: &[&[u8]]) -> Served {
    let mut session = ServerSession::default();
    let mut served = Served { events: Vec::new(), broken: false, output: BytesMut::new() };
    for piece in pieces {
        session.input().extend_from_slice(piece);
        served.broken = session.count(piece.len()).is_err();
        while !served.broken {
            match session.take() {
                Ok(Some(event)) => {
                    match &event {
                        server::Event::Publish { name, .. } if name == "refused" => session.refuse("no such stream"),
                        server::Event::Publish { .. } => session.accept(),
                        _ => {}
                    }
                    served.events.push(event);
                }
                Ok(None) => break,
                Err(_) => served.broken = true,
            }
        }
        served.output.unsplit(session.output());
        if served.broken {
            break;
        }
    }
    served
}

fn value_size(value: &Value) -> usize {
    match value {
        Value::Text(text) => 1 + text.len(),
        Value::Object(pairs) => 1 + pairs.iter().map(|(name, value)| name.len() + value_size(value)).sum::<usize>(),
        Value::Array(values) => 1 + values.iter().map(value_size).sum::<usize>(),
        Value::Number(_) | Value::Bool(_) | Value::Null => 1,
    }
}

fn event_size(event: &server::Event) -> usize {
    match event {
        server::Event::Publish { name, .. } => name.len(),
        server::Event::Media(message) => message.body.len(),
        server::Event::Metadata(pairs) => pairs.iter().map(|(name, value)| name.len() + value_size(value)).sum(),
        server::Event::Unpublish => 0,
    }
}

#[test]
fn publishers() {
    run("publishers", 15_000, |input| {
        let whole = serve(&[input]);
        assert!(whole.output.len() <= ANSWER * input.len() + 200, "{} bytes answer {}", whole.output.len(), input.len());
        // A byte that is not UTF-8 becomes three.
        let held: usize = whole.events.iter().map(event_size).sum();
        assert!(held <= 3 * input.len(), "{held} bytes of events from {}", input.len());
        let asks = |event: &server::Event| matches!(event, server::Event::Publish { name, .. } if name != "refused");
        let accepted = whole.events.iter().position(asks).unwrap_or(whole.events.len());
        for (number, event) in whole.events.iter().enumerate() {
            let publish = matches!(event, server::Event::Publish { .. });
            assert!(publish == (number <= accepted), "only before it is accepted may it ask, and only after that send: {:?}", whole.events);
            if let server::Event::Media(message) = event {
                let track = if message.kind == kind::VIDEO { Track::Video } else { Track::Audio };
                let _ = inspect(track, &message.body);
            }
        }
        // Printed: in metadata may be a NaN, which never equals itself.
        let printed = |pieces: &[&[u8]]| format!("{:?}", serve(pieces));
        let (all, bytewise) = (format!("{whole:?}"), input.chunks(1).collect::<Vec<_>>());
        assert_eq!(printed(&bytewise), all, "one byte at a time");
        let halves = input.split_at(input.len() / 2);
        assert_eq!(printed(&[halves.0, halves.1]), all, "in two halves");
    });
}

/// A session with the server's bytes handled in pieces: events up to the violation, and the bytes sent after `connect`.
fn publish(pieces: &[&[u8]]) -> (ClientSession, Vec<client::Event>, bool, usize) {
    let mut session = ClientSession::new("live", "rtmp://host.example/live", NAME.to_owned());
    session.output();
    let mut events = Vec::new();
    for piece in pieces {
        let Ok(more) = session.handle_input(piece) else {
            let sent = session.output().len();
            return (session, events, true, sent);
        };
        events.extend(more);
    }
    let sent = session.output().len();
    (session, events, false, sent)
}

fn check_platform(input: &[u8]) {
    let (session, events, broken, sent) = publish(&[input]);
    // Answers to pings and what it takes to publish once.
    assert!(sent <= 3 * input.len() + 500, "{sent} bytes answer {}", input.len());
    assert_eq!(session.received().bytes, input.len() as u64);
    assert!(session.received().messages <= input.len() as u64);
    assert!(session.received().answered <= session.received().messages);
    assert!(events.iter().filter(|event| **event == client::Event::Accepted).count() <= 1, "{events:?}");
    let mut acknowledged = 0;
    for event in &events {
        match event {
            client::Event::Acknowledged(count) => {
                assert!(*count > acknowledged, "{events:?}");
                acknowledged = *count;
            }
            client::Event::ConnectRefused(refusal) | client::Event::PublishRefused(refusal) => {
                let held = refusal.code.len() + refusal.description.len() + refusal.redirect.as_deref().map_or(0, str::len);
                assert!(held <= 6 * input.len(), "{held} bytes of a refusal from {}", input.len());
                assert_ne!(refusal.to_string(), "");
            }
            client::Event::Accepted => assert!(!broken, "a session that is broken gives no events"),
        }
    }
    let bytewise: Vec<&[u8]> = input.chunks(1).collect();
    let (apart, pieces, also_broken, _) = publish(&bytewise);
    assert_eq!(also_broken, broken);
    // The events of a piece are lost with the violation in it, so only a whole session compares.
    if !broken {
        assert_eq!((pieces, apart.state(), apart.received()), (events, session.state(), session.received()));
    }
}

#[test]
fn platforms() {
    run("platforms", 40_000, check_platform);
}

#[test]
fn values() {
    run("values", 30_000, |input| {
        let prefix = amf::read_prefix(Bytes::copy_from_slice(input));
        let size: usize = prefix.iter().map(value_size).sum();
        assert!(size <= 3 * input.len() + 1, "{size} from {} bytes", input.len());
        let Ok(values) = amf::read_all(Bytes::copy_from_slice(input)) else { return };
        let written = amf::write_all(&values);
        let again = amf::read_all(written.clone()).expect("our own writing");
        // Not a number never equals itself, but it prints alike.
        assert_eq!(format!("{again:?}"), format!("{values:?}"));
        // The same values as a command reach both sides behind a legal beginning.
        let framed = |before: &[&[Value]]| {
            let mut out = BytesMut::new();
            let bodies = before.iter().map(|values| amf::write_all(values)).chain([written.clone()]);
            bodies.for_each(|body| Writer::default().write(&Message { kind: kind::COMMAND, timestamp: 0, stream: 0, body }, &mut out));
            out
        };
        let result = |transaction: f64| [Value::text("_result"), Value::Number(transaction), Value::Null, Value::Number(1.0)];
        check_platform(&framed(&[&result(1.0), &result(4.0)]));
        let publish = [Value::text("publish"), Value::Number(5.0), Value::Null, Value::text(NAME)];
        let served = serve(&[&framed(&[&publish])]);
        assert!(matches!(&served.events[0], server::Event::Publish { name, .. } if name == NAME), "{:?}", served.events);
    });
}

#[test]
fn every_stored_case_of_a_session_does_what_its_name_says() {
    let case = |target: &str, name: &str| {
        let cases = super::inputs::stored(target);
        cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("{target}/{name}")).bytes()
    };
    let served = serve(&[&case("publishers", "connect-publish-media.hex")]);
    assert!(!served.broken);
    let [
        server::Event::Publish { application, name },
        server::Event::Metadata(pairs),
        server::Event::Media(video),
        server::Event::Media(audio),
        server::Event::Unpublish,
    ] = &served.events[..]
    else {
        panic!("{:?}", served.events)
    };
    assert_eq!((application.as_str(), name.as_str(), pairs.len()), ("live", "key-1", 2));
    assert_eq!((video.kind, audio.kind), (kind::VIDEO, kind::AUDIO));
    let (session, events, ..) = publish(&[&case("platforms", "accepted.hex")]);
    assert_eq!(
        (session.state(), &events[..]),
        (client::PublishState::Accepted, &[client::Event::Accepted, client::Event::Acknowledged(5000)][..])
    );
    for (name, redirect, password) in
        [("connect-redirected.hex", Some("rtmp://second.example/live"), None), ("connect-needs-password.hex", None, Some("adobe"))]
    {
        let (_, events, ..) = publish(&[&case("platforms", name)]);
        let [client::Event::ConnectRefused(refusal)] = &events[..] else { panic!("{name}: {events:?}") };
        assert_eq!((refusal.redirect.as_deref(), refusal.password.as_deref()), (redirect, password), "{name}");
    }
    let (_, events, ..) = publish(&[&case("platforms", "onstatus-bad-name.hex")]);
    assert!(matches!(&events[..], [client::Event::PublishRefused(refusal)] if refusal.code == "NetStream.Publish.BadName"), "{events:?}");
}
