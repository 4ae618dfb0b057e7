//! Servers that are not what their address says, or that talk in ways that no common server does. What cannot mend itself is final
//! within seconds, with a sentence that says what to change; everything else does no harm.

use super::{harness::*, platform::*, server::*, tunnel::*};
use footlight::{
    media::rtmp::{amf::Value, kind},
    relay::connect::Resolver,
};
use futures::future::BoxFuture;
use std::{
    io,
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A server of another protocol: says something at once, or after it has read something, then waits or hangs up.
fn speaks(at_once: &'static str, answer: &'static [u8], hangs_up: bool) -> Listening {
    listen(move |mut stream| async move {
        stream.write_all(at_once.as_bytes()).await.ok()?;
        stream.read_u8().await.ok()?;
        stream.write_all(answer).await.ok()?;
        if !hangs_up {
            tokio::time::sleep(Duration::from_mins(1)).await;
        }
        Some(())
    })
}

/// Refuses `connect` with these words and, if there is one, a redirect.
pub fn refuses_connect(description: String, redirect: Option<String>) -> Listening {
    listen(move |stream| {
        let (description, redirect) = (description.clone(), redirect.clone());
        async move {
            let mut peer = Peer::shake_hands(stream).await?;
            peer.command("connect").await?;
            let mut pairs = vec![
                ("level", Value::text("error")),
                ("code", Value::text("NetConnection.Connect.Rejected")),
                ("description", Value::text(description)),
            ];
            if let Some(to) = redirect {
                pairs.push(("ex", Value::Object(vec![("code".into(), Value::Number(302.0)), ("redirect".into(), Value::text(to))])));
            }
            peer.inform("_error", 1.0, &pairs).await?;
            peer.read_on().await
        }
    })
}

/// A certificate for a name, with its last year.
fn certificate_of(folder: &std::path::Path, name: &str, last_year: i32) -> footlight::config::relay::TlsFiles {
    let mut about = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
    (about.not_before, about.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(last_year, 1, 1));
    let key = rcgen::KeyPair::generate().expect("a key");
    let made = about.self_signed(&key).expect("a certificate");
    let folder = folder.join(format!("{name}-{last_year}"));
    std::fs::create_dir(&folder).expect("made");
    let files = footlight::config::relay::TlsFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    std::fs::write(&files.certificate, made.pem()).expect("written");
    std::fs::write(&files.key, key.serialize_pem()).expect("written");
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_mend_itself_is_final_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = Scripted::start(Behavior::Normal);
    let hangs_up = listen(|stream| async move { Peer::shake_hands(stream).await?.command("connect").await.map(drop) });
    let closes = listen(|_| async move { Some(()) });
    let web = speaks("", b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", true);
    let ssh = speaks("SSH-2.0-OpenSSH_9.9\r\n", b"", false);
    let mail = speaks("220 mail.example ESMTP\r\n", b"", false);
    let password = refuses_connect("[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ".into(), None);
    let inside = refuses_connect("moved".into(), Some("rtmp://10.0.0.1/live".into()));
    let unlike = refuses_connect("moved".into(), Some("nowhere".into()));
    let circle = {
        let port = free_port();
        listen_at([127, 0, 0, 1].into(), port, move |stream| async move {
            let mut peer = Peer::shake_hands(stream).await?;
            peer.command("connect").await?;
            let description = format!("[ code=302 redirect=rtmp://127.0.0.1:{port}/again ]");
            peer.inform("_error", 1.0, &[("description", Value::text(description))]).await?;
            peer.read_on().await
        })
    };
    let (expired, foreign) = (certificate_of(folder.path(), "localhost", 2024), certificate_of(folder.path(), "other.example", 2060));
    let (expired_port, _one) = stunnel(expired.key.parent().expect("a folder"), &expired, good.address.port());
    let (foreign_port, _two) = stunnel(foreign.key.parent().expect("a folder"), &foreign, good.address.port());
    let unsigned = certificate(folder.path());
    let (unsigned_port, _three) = stunnel(folder.path(), &unsigned, good.address.port());
    let authority = folder.path().join("authority.pem");
    let text = |files: &footlight::config::relay::TlsFiles| std::fs::read_to_string(&files.certificate).expect("written");
    std::fs::write(&authority, text(&expired) + &text(&foreign)).expect("written");

    let secure = |address: std::net::SocketAddr| format!("rtmps://{address}/live");
    let cases = [
        ("app", hangs_up.url("nosuchapp"), "the server hung up when asked for `nosuchapp`: check what follows the host"),
        ("closes", closes.url("live"), "the server hung up in the RTMP handshake: check the host and the port behind it"),
        ("web", web.url("live"), "a web server answers there, not an RTMP server: check the port behind the host"),
        ("ssh", ssh.url("live"), "an SSH server answers there, not an RTMP server: check the port behind the host"),
        ("mail", mail.url("live"), "what answers there is not an RTMP server: check the host and the port behind it"),
        ("tls", format!("rtmp://localhost:{unsigned_port}/live"), "this port speaks TLS: use rtmps:// instead of rtmp://"),
        ("plain", secure(good.address), "this port speaks RTMP without TLS: use rtmp:// instead of rtmps://"),
        ("web-tls", secure(web.address), "this port does not speak TLS: use rtmp:// instead of rtmps://, or another port"),
        ("ssh-tls", secure(ssh.address), "this port does not speak TLS: use rtmp:// instead of rtmps://, or another port"),
        (
            "expired",
            format!("rtmps://localhost:{expired_port}/live"),
            "the certificate of localhost expired on 2024-01-01: its operator must renew it",
        ),
        (
            "foreign",
            format!("rtmps://localhost:{foreign_port}/live"),
            "the certificate is for other.example, not for localhost: check the host",
        ),
        (
            "unsigned",
            format!("rtmps://localhost:{unsigned_port}/live"),
            "the certificate of localhost is signed by nobody who is trusted here: its operator must install one of a public authority",
        ),
        (
            "password",
            password.url("live"),
            "the server wants a user name and a password: put them into its address, as in rtmp://user:password@host/application",
        ),
        ("inside", inside.url("live"), "the server sends to another address, which cannot be used: 10.0.0.1 resolves to 10.0.0.1"),
        ("unlike", unlike.url("live"), "the server sends to another address, which cannot be used: the address must look like"),
        ("circle", circle.url("live"), "the server sends to another address more than 3 times: ask its operator for the right one"),
    ];
    let mut allow: Vec<_> = cases.iter().map(|(_, url, _)| url.split('/').nth(2).expect("a host").to_owned()).collect();
    allow.push(good.address.to_string());
    let relay = TestRelay::open(&allow.join(","), |config| {
        config.limits.destinations = 30;
        config.extra_ca = Some(authority);
    })
    .await;
    let mut destinations: Vec<_> = cases.iter().map(|(id, url, _)| publish(id, url.as_str(), "a-secret-key")).collect();
    destinations.push(publish("good", good.url(), "good"));
    relay.put(&wanted("odd", &[1], destinations)).await;
    let _encoder = relay.encoder("odd", 1);
    let began = Instant::now();
    let report = relay.until("odd", "the end of all of them", |r| cases.iter().all(|(id, ..)| state(r, id) == "failed")).await;
    println!("all final after {:?}", began.elapsed());
    for (id, _, expected) in &cases {
        assert!(reason(&report, id).starts_with(expected), "{id}: {}", reason(&report, id));
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!((state(&report, "good").as_str(), of(&report, "good").reconnects), ("live", 0));
    assert_eq!(hangs_up.connections.load(Ordering::Relaxed), 3, "it might have been an accident twice");
    assert_eq!(circle.connections.load(Ordering::Relaxed), 4, "three redirects");
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_followed_before_the_stream_is_accepted() {
    let good = Scripted::start(Behavior::Normal);
    let third = refuses_connect("moved".into(), Some(good.url()));
    let second = refuses_connect(format!("[ AccessManager.Reject ] : [ code=302 redirect={} ] :", third.url("live")), None);
    let first = refuses_connect("moved".into(), Some(second.url("live")));
    let allow = [first.address, second.address, third.address, good.address].map(|address| address.to_string()).join(",");
    let relay = TestRelay::open(&allow, |_| {}).await;
    relay.put(&wanted("moved", &[1], vec![publish("moved", first.url("live"), "key-1")])).await;
    let _encoder = relay.encoder("moved", 1);
    relay.until("moved", "the last one", |r| state(r, "moved") == "live" && of(r, "moved").bytes_written > 10_000).await;
    assert_eq!(*good.publishes.lock().expect("sound"), ["live/key-1"]);
}

/// One list of addresses for every name.
struct Fixed(Vec<IpAddr>);

impl Resolver for Fixed {
    fn resolve<'a>(&'a self, _host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_address_is_tried_after_a_failed_handshake() {
    for (what, silent) in [("silent", true), ("closes", false)] {
        let good = Scripted::at([127, 0, 0, 2].into(), Behavior::Normal);
        let port = good.address.port();
        let dead = listen_at([127, 0, 0, 1].into(), port, move |stream| async move {
            if silent {
                tokio::time::sleep(Duration::from_mins(1)).await;
            }
            drop(stream);
            Some(())
        });
        let resolver = Arc::new(Fixed(vec![[127, 0, 0, 1].into(), [127, 0, 0, 2].into()]));
        let relay = TestRelay::open_with(&format!("two.example.com:{port}"), Some(resolver), |_| {}).await;
        relay.put(&wanted("two", &[1], vec![publish("two", format!("rtmp://two.example.com:{port}/live"), "k")])).await;
        let _encoder = relay.encoder("two", 1);
        let report = relay.until("two", what, |r| state(r, "two") == "live").await;
        assert_eq!(of(&report, "two").reconnects, 0, "{what}");
        assert!(dead.connections.load(Ordering::Relaxed) >= 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_hangs_up_later_comes_last_the_next_time() {
    let good = Scripted::at([127, 0, 0, 2].into(), Behavior::Normal);
    let port = good.address.port();
    let dead =
        listen_at([127, 0, 0, 1].into(), port, |stream| async move { Peer::shake_hands(stream).await?.command("connect").await.map(drop) });
    let resolver = Arc::new(Fixed(vec![[127, 0, 0, 1].into(), [127, 0, 0, 2].into()]));
    let relay = TestRelay::open_with(&format!("two.example.com:{port}"), Some(resolver), |_| {}).await;
    relay.put(&wanted("later", &[1], vec![publish("two", format!("rtmp://two.example.com:{port}/live"), "k")])).await;
    let _encoder = relay.encoder("later", 1);
    relay.until("later", "the other one", |r| state(r, "two") == "live").await;
    assert_eq!(dead.connections.load(Ordering::Relaxed), 1);
}

/// Everything that is legal or harmless between two stages.
async fn chatter(peer: &mut Peer) -> Option<()> {
    for marker in [4_u8, 5, 6, 7, 13, 14, 17] {
        let name = [&[2, 0, 8][..], b"onBWDone", &[0, 0, 0, 0, 0, 0, 0, 0, 0, marker, 0, 0]].concat();
        peer.send(kind::COMMAND, 0, name).await?;
    }
    for name in ["onFCPublish", "_checkbw", "close", "@unknown", "onStatus", "_result"] {
        peer.reply(name, 77.0, &[Value::Null]).await?;
    }
    for kind in [0_u8, 7, 15, 16, 19, 22, 255, kind::AUDIO, kind::VIDEO, kind::DATA, kind::COMMAND_3, kind::PEER_BANDWIDTH] {
        peer.send(kind, 0, vec![1, 2, 3]).await?;
    }
    for count in [0_u32, 5, 5, 3, u32::MAX, 1 << 31, 900_000_000, 7] {
        peer.send(kind::ACKNOWLEDGEMENT, 0, count.to_be_bytes().to_vec()).await?;
    }
    peer.send(kind::WINDOW_SIZE, 0, vec![0, 0, 0, 1]).await?;
    for _ in 0..5 {
        peer.send(kind::USER_CONTROL, 0xff_ffff, vec![0, 6, 1, 2, 3, 4]).await?; // With an extended timestamp.
    }
    // Longer chunk stream ids, and one that begins without a message stream.
    peer.raw(&[0, 6, 0, 0, 0, 0, 0, 1, kind::AUDIO, 0, 0, 0, 0, 9]).await?;
    peer.raw(&[1, 6, 1, 0, 0, 0, 0, 0, 1, kind::AUDIO, 0, 0, 0, 0, 9]).await?;
    peer.raw(&[0x4a, 0, 0, 0, 0, 0, 1, kind::AUDIO, 9, 0xca, 9]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_talk_does_no_harm() {
    let odd = listen(|stream| async move {
        let mut peer = Peer::shake_hands(stream).await?;
        chatter(&mut peer).await?;
        peer.accept_connect().await?;
        chatter(&mut peer).await?;
        peer.accept_stream().await?;
        chatter(&mut peer).await?;
        peer.accept_publish().await?;
        chatter(&mut peer).await?;
        peer.read_on().await
    });
    let relay = TestRelay::open(&odd.address.to_string(), |_| {}).await;
    relay.put(&wanted("talk", &[1], vec![publish("odd", odd.url("live"), "k")])).await;
    let _encoder = relay.encoder("talk", 1);
    let report = relay.until("talk", "two seconds live", |r| of(r, "odd").uptime_ms > 2000).await;
    assert_eq!((state(&report, "odd").as_str(), of(&report, "odd").reconnects), ("live", 0));
    assert!(of(&report, "odd").bytes_acknowledged.is_some_and(|count| count <= of(&report, "odd").bytes_written + 4096), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_that_ends_at_the_platforms_limit_goes_on_in_another() {
    for code in ["NetStream.Unpublish.Success", "NetStream.Publish.Denied"] {
        let limited = listen(move |stream| async move {
            let (mut peer, _) = Peer::until_publish(stream).await?;
            peer.accept_publish().await?;
            let _ = tokio::time::timeout(Duration::from_secs(1), peer.read_on()).await;
            peer.status("status", code).await?;
            peer.read_on().await
        });
        let relay = TestRelay::open(&limited.address.to_string(), |_| {}).await;
        relay.put(&wanted("limit", &[1], vec![publish("limited", limited.url("live"), "k")])).await;
        let _encoder = relay.encoder("limit", 1);
        let report = relay.until("limit", code, |r| state(r, "limited") == "retrying").await;
        assert_eq!(reason(&report, "limited"), format!("ended by the platform: {code}"));
        relay.until("limit", "the next one", |r| of(r, "limited").reconnects >= 1).await;
    }
}
