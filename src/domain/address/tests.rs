//! Which addresses pass and which do not, and why.

use super::*;

/// What people and attackers type that must not be connected to.
const HOSTILE: &[&str] = &[
    "http://example.com/app",
    "rtmp:/example.com/app",
    "rtmp://example.com",
    "rtmp://example.com/",
    "rtmp:///app",
    "rtmp://user:pw@example.com/app",
    "rtmp://example.com:0/app",
    "rtmp://example.com:99999/app",
    "rtmp://example.com:+80/app",
    "rtmp://localhost/app",
    "rtmp://LOCALHOST./app",
    "rtmp://x.localhost/app",
    "rtmp://router/app",
    "rtmp://nas.local/app",
    "rtmp://metadata.google.internal/app",
    "rtmp://127.0.0.1/app",
    "rtmp://127.1/app",
    "rtmp://2130706433/app",
    "rtmp://0x7f000001/app",
    "rtmp://0177.0.0.1/app",
    "rtmp://0/app",
    "rtmp://10.0.0.1/app",
    "rtmp://169.254.169.254/app",
    "rtmp://192.168.1.1:1935/app",
    "rtmp://[::1]/app",
    "rtmp://[::ffff:127.0.0.1]/app",
    "rtmp://[::ffff:7f00:1]/app",
    "rtmp://[fe80::1%25eth0]/app",
    "rtmp://[fd00::1]/app",
    "rtmp://[64:ff9b::7f00:1]/app",
    "rtmp://[2002:7f00:1::]/app",
    "rtmp://exa mple.com/app",
    "rtmp://example.com\\@10.0.0.1/app",
    "rtmp://example.com#@10.0.0.1/app",
    "rtmp://ex\u{e4}mple.com/app",
    "rtmp://example.com/a/../b",
    "rtmp://example.com/a//b",
    "rtmp://example.com/?x",
    "rtmp://1.2.3.4.5/app",
    "rtmp://256.1.1.1/app",
    "rtmp://.../app",
    "rtmp://0x7f.1/app",
    "rtmp://017700000001/app",
    "rtmp://127.0.0.1./app",
    "rtmp://0.0.0.0/app",
    "rtmp://100.64.0.1/app",
    "rtmp://172.16.0.1/app",
    "rtmp://192.0.2.1/app",
    "rtmp://198.18.0.1/app",
    "rtmp://224.0.0.1/app",
    "rtmp://255.255.255.255/app",
    "rtmp://[::]/app",
    "rtmp://[0:0:0:0:0:ffff:a00:1]/app",
    "rtmp://[::127.0.0.1]/app",
    "rtmp://[ff02::1]/app",
    "rtmp://[fec0::1]/app",
    "rtmp://[::1/app",
    "rtmp://::1/app",
    "rtmp://%31%32%37.0.0.1/app",
    "rtmp://\u{ff11}27.0.0.1/app",
    "rtmp://127\u{3002}0\u{3002}0\u{3002}1/app",
    "rtmp://example.com\t/app",
    "rtmp://example.com\n.evil.example/app",
    "rtmp://example.com\0/app",
    "rtmp://:1935/app",
    "rtmp://@example.com/app",
    "rtmp://example.com:1935@10.0.0.1/app",
    "rtmp://printer.internal/app",
    "rtmp://db.home.arpa/app",
    "rtmpt://example.com/app",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "//example.com/app",
    "example.com/app",
    "",
];

#[test]
fn addresses_are_parsed_or_refused_with_a_reason() {
    let none = AllowList::default();
    for (text, url) in [
        ("rtmps://live.twitch.tv:443/app", "rtmps://live.twitch.tv/app"),
        ("RTMP://A.RTMP.YouTube.com/live2/", "rtmp://a.rtmp.youtube.com/live2"),
        ("rtmps://fa723fc1b171.global-contribute.live-video.net", "rtmps://fa723fc1b171.global-contribute.live-video.net/app"),
        ("rtmps://va.pscp.tv:443/x", "rtmps://va.pscp.tv/x"),
        ("rtmp://ingest.example.com:2935/a/b/c?auth=1", "rtmp://ingest.example.com:2935/a/b/c?auth=1"),
        ("rtmp://[2606:4700::1111]:1936/live", "rtmp://[2606:4700::1111]:1936/live"),
        ("rtmp://8.8.8.8./live", "rtmp://8.8.8.8/live"),
    ] {
        assert_eq!(check_address(text, &none).map(|target| target.url()), Ok(url.to_owned()), "{text}");
    }
    for (text, tls, port, application) in [
        ("rtmp://live.twitch.tv/app", false, 1935, "app"),
        ("rtmps://live.twitch.tv/app", true, 443, "app"),
        ("rtmps://a.rtmps.youtube.com:443/live2", true, 443, "live2"),
        ("rtmps://fa723fc1b171.global-contribute.live-video.net:443/app", true, 443, "app"),
        ("rtmps://va.pscp.tv:443/x", true, 443, "x"),
        ("rtmps://ingest.example.com:8443/a/b", true, 8443, "a/b"),
    ] {
        let target = check_address(text, &none).expect(text);
        assert_eq!((target.tls, target.port, target.application.as_str()), (tls, port, application), "{text}");
    }
    for hostile in HOSTILE {
        assert!(check_address(hostile, &none).is_err(), "{hostile}");
    }
}

#[test]
fn special_purpose_ip_addresses_are_not_public() {
    for ip in [
        "0.0.0.0",
        "0.1.2.3",
        "10.255.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:a00:1::",
        "3fff::1",
        "fc00::1",
        "fdff::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "5f00::1",
    ] {
        assert!(!is_public(ip.parse().expect(ip)), "{ip}");
    }
    for ip in [
        "1.1.1.1",
        "100.63.0.1",
        "100.128.0.1",
        "172.32.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "2606:4700::1",
        "2a00:1450::1",
        "64:ff9b::8.8.8.8",
    ] {
        assert!(is_public(ip.parse().expect(ip)), "{ip}");
    }
}

#[test]
fn the_allow_list_matches_exact_hosts_and_ports() {
    let allow: AllowList = "127.0.0.1:1935, sink.lan:2935,[::1]:1936".parse().expect("a list");
    for fine in ["rtmp://127.0.0.1/live", "rtmp://sink.lan:2935/live", "rtmp://[::1]:1936/live"] {
        assert!(check_address(fine, &allow).is_ok(), "{fine}");
    }
    for not in ["rtmp://127.0.0.1:1936/live", "rtmp://127.0.0.2/live", "rtmp://sink.lan/live"] {
        assert!(check_address(not, &allow).is_err(), "{not}");
    }
    let target = check_address("rtmp://sink.lan:2935/live", &allow).expect("listed");
    assert!(check_ip("192.168.7.7".parse().expect("ip"), &target, &allow).is_ok());
    let rebound = check_address("rtmp://public.example.com/live", &allow).expect("a public name");
    assert!(check_ip("192.168.7.7".parse().expect("ip"), &rebound, &allow).is_err());
    assert!(check_ip("127.0.0.1".parse().expect("ip"), &rebound, &allow).is_ok(), "the address itself is listed");
    for bad in ["127.0.0.1", "host:", "host:0", "a b:1", ":1935"] {
        assert!(bad.parse::<AllowList>().is_err(), "{bad}");
    }
}

#[test]
fn this_machine_and_ports_of_other_services_are_refused_unless_allowed() {
    let own: IpAddr = "8.8.4.4".parse().expect("an address");
    let guard = AllowList::default().on_machine(vec![own]);
    assert_eq!(check_address("rtmp://8.8.4.4/app", &guard), Err(AddressRefused::OwnMachine("8.8.4.4".into())));
    assert_eq!(check_address("rtmp://[::ffff:8.8.4.4]/app", &guard), Err(AddressRefused::OwnMachine("8.8.4.4".into())));
    let named = check_address("rtmp://studio.example.com/app", &guard).expect("by its name it may be any machine");
    assert_eq!(check_ip(own, &named, &guard), Err(AddressRefused::OwnMachine("studio.example.com".into())), "known when it is resolved");
    for port in [22, 25, 3306, 6379, 27017] {
        for host in ["8.8.8.8", "ingest.example.com"] {
            let refused = check_address(&format!("rtmp://{host}:{port}/app"), &guard);
            assert_eq!(refused, Err(AddressRefused::ServicePort(port)), "{host}");
        }
    }
    let allow: AllowList = "8.8.4.4:1935,ingest.example.com:6379".parse().expect("a list");
    let allow = allow.on_machine(vec![own]);
    assert!(check_address("rtmp://8.8.4.4/app", &allow).is_ok());
    assert!(check_address("rtmp://8.8.4.4:1936/app", &allow).is_err(), "that port alone");
    assert!(check_address("rtmp://ingest.example.com:6379/app", &allow).is_ok());
}
