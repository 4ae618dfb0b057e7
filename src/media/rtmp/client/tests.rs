//! The publishing side against everything a server may say.

use super::*;
use crate::media::rtmp::amf::write_all;

fn send(session: &mut ClientSession, kind: u8, body: impl Into<Bytes>) -> Vec<Event> {
    let mut out = BytesMut::new();
    Writer::default().write(&Message { kind, timestamp: 0, stream: 0, body: body.into() }, &mut out);
    session.handle_input(&out).expect("legal")
}

fn command(session: &mut ClientSession, values: &[Value]) -> Vec<Event> {
    send(session, kind::COMMAND, write_all(values))
}

fn result(session: &mut ClientSession, transaction: f64) -> Vec<Event> {
    command(session, &[Value::text("_result"), Value::Number(transaction), Value::Null, Value::Number(1.0)])
}

fn status(session: &mut ClientSession, code: &str) -> Vec<Event> {
    let info = Value::Object(vec![("level".into(), Value::text("status")), ("code".into(), Value::text(code))]);
    command(session, &[Value::text("onStatus"), Value::Number(0.0), Value::Null, info])
}

fn connecting() -> ClientSession {
    ClientSession::new("live", "rtmp://host/live", "key".to_owned())
}

fn accepted() -> ClientSession {
    let mut session = connecting();
    result(&mut session, CONNECT);
    result(&mut session, CREATE_STREAM);
    assert_eq!(status(&mut session, "NetStream.Publish.Start"), [Event::Accepted]);
    session.output();
    session
}

#[test]
fn each_result_is_accepted_once() {
    let mut session = connecting();
    session.output();
    result(&mut session, CREATE_STREAM);
    assert!(session.output().is_empty(), "before connect is answered");
    result(&mut session, CONNECT);
    assert!(!session.output().is_empty());
    result(&mut session, CREATE_STREAM);
    assert!(!session.output().is_empty(), "the publish");
    for transaction in [CONNECT, RELEASE, FC_PUBLISH, CREATE_STREAM, 5.0] {
        for _ in 0..100 {
            assert_eq!(result(&mut session, transaction), []);
        }
    }
    assert!(session.output().is_empty(), "nothing is sent twice");
    assert_eq!(status(&mut session, "NetStream.Publish.Start"), [Event::Accepted]);
    assert_eq!(status(&mut session, "NetStream.Publish.Start"), [], "once");
    assert_eq!(session.received().messages, 505);
}

#[test]
fn acknowledgements_count_when_they_advance() {
    let mut session = accepted();
    for (count, expected) in [
        (1000, vec![Event::Acknowledged(1000)]),
        (1000, vec![]),
        (500, vec![]),
        (0, vec![]),
        (1001, vec![Event::Acknowledged(1001)]),
        (900_000, vec![Event::Acknowledged(900_000)]),
        (901_000, vec![Event::Acknowledged(901_000)]),
        (u32::MAX, vec![]),
    ] {
        assert_eq!(send(&mut session, kind::ACKNOWLEDGEMENT, count.to_be_bytes().to_vec()), expected, "{count}");
    }
    assert_eq!(send(&mut session, kind::ACKNOWLEDGEMENT, vec![1, 2]), [], "too short to be one");
}

#[test]
fn pings_are_answered_and_counted() {
    let mut session = accepted();
    for _ in 0..50 {
        send(&mut session, kind::USER_CONTROL, vec![0, 6, 1, 2, 3, 4]);
    }
    assert_eq!(session.received().answered, 50);
    assert_eq!(session.output().len(), 50 * 18);
    send(&mut session, kind::WINDOW_SIZE, vec![0, 0, 0, 1]);
    session.output();
    for byte in [3, 0, 0, 0, 0, 0, 9, 20, 0, 0] {
        session.handle_input(&[byte]).expect("part of a header");
    }
    assert!(session.output().len() <= 16, "not one acknowledgement for each byte");
}

#[test]
fn commands_that_nobody_asked_for_do_no_harm() {
    for marker in [4_u8, 6, 7, 11, 13, 14, 15, 16, 17, 200] {
        let mut session = accepted();
        let mut body = write_all(&[Value::text("onBWDone"), Value::Number(0.0)]).to_vec();
        body.push(marker);
        assert_eq!(send(&mut session, kind::COMMAND, body), [], "{marker}");
        assert!(session.output().is_empty());
    }
    let mut session = accepted();
    for name in ["onBWDone", "_checkbw", "onFCPublish", "close", "play", "publish", "connect", "x"] {
        assert_eq!(command(&mut session, &[Value::text(name), Value::Number(1.0), Value::Null]), [], "{name}");
    }
    for kind in [0, 7, 15, 16, 19, 22, 255, kind::AUDIO, kind::VIDEO, kind::DATA, kind::COMMAND_3, kind::PEER_BANDWIDTH, kind::WINDOW_SIZE]
    {
        assert_eq!(send(&mut session, kind, vec![]), [], "{kind}");
    }
    assert!(session.output().is_empty());
}

#[test]
fn a_result_with_unknown_types_still_counts() {
    let mut session = connecting();
    session.output();
    let mut body = write_all(&[Value::text("_result"), Value::Number(CONNECT)]).to_vec();
    body.extend_from_slice(&[3, 0, 1, b'a', 17, 10, 11, 1]);
    send(&mut session, kind::COMMAND, body);
    assert_eq!(session.state(), PublishState::Publishing);
}

#[test]
fn the_end_of_a_broadcast_is_told_with_the_platforms_words() {
    for code in ["NetStream.Unpublish.Success", "NetConnection.Connect.Closed", "NetStream.Publish.BadName", "NetStream.Publish.Denied"] {
        assert_eq!(status(&mut accepted(), code), [Event::PublishRefused(Refusal { code: code.into(), ..Refusal::default() })], "{code}");
    }
}
