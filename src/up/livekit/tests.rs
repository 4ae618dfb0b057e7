//! What LiveKit is configured to, for each way in which browsers reach it.

use super::*;
use crate::{config::env::Env, up::secrets};

const STUDIO: (&str, &str) = ("PUBLIC_APP_URL", "https://studio.example");
const BEHIND_PROXY: (&str, &str) = ("FOOTLIGHT_TRUSTED_PROXIES", "127.0.0.1");
const OWN: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 20));
const HOME: Media = Media::Address { announced: OWN, bound: OWN };
const BEHIND_ROUTER: Media = Media::Address { announced: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)), bound: OWN };

fn config(pairs: &[(&str, &str)]) -> (tempfile::TempDir, Env, UpConfig) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_string_lossy().into_owned();
    let env = Env::of_pairs(pairs.iter().copied().chain([("HOME", "/nowhere"), ("FOOTLIGHT_DATA", &data)]));
    let config = UpConfig::from_env(&env).expect("config");
    (folder, env, config)
}

/// What is in the file.
fn written(pairs: &[(&str, &str)], media: Media) -> Value {
    let (_folder, env, config) = config(pairs);
    let secrets = secrets::load_or_make(&env, &config).expect("secrets");
    write_config(&config, &secrets, media).expect("written");
    serde_json::from_slice(&std::fs::read(config_path(&config.data)).expect("a file")).expect("JSON")
}

#[test]
fn on_loopback_nothing_is_open_to_others() {
    let yaml = written(&[], Media::Loopback);
    assert_eq!((&yaml["port"], &yaml["bind_addresses"]), (&json!(7880), &json!(["127.0.0.1"])));
    let rtc = &yaml["rtc"];
    assert_eq!((&rtc["node_ip"], &rtc["enable_loopback_candidate"]), (&json!("127.0.0.1"), &json!(true)));
    assert_eq!(rtc["ips"]["includes"], json!(["127.0.0.1/32"]));
    assert_eq!(rtc["stun_servers"], json!(["127.0.0.1:3478"]));
    assert_eq!(yaml.get("turn"), None);
}

#[test]
fn a_studio_for_others_takes_media_at_one_address_and_signalling_on_loopback() {
    for (media, announced, bound) in [(HOME, "192.168.1.20", "192.168.1.20/32"), (BEHIND_ROUTER, "203.0.113.7", "192.168.1.20/32")] {
        let yaml = written(&[STUDIO], media);
        assert_eq!((&yaml["port"], &yaml["bind_addresses"]), (&json!(7880), &json!(["127.0.0.1"])));
        let rtc = &yaml["rtc"];
        assert_eq!((&rtc["udp_port"], &rtc["tcp_port"]), (&json!(7882), &json!(7881)));
        assert_eq!((&rtc["node_ip"], &rtc["ips"]["includes"]), (&json!(announced), &json!([bound])));
        assert_eq!((&rtc["use_external_ip"], &rtc["enable_loopback_candidate"]), (&json!(false), &json!(false)));
        assert_eq!((rtc.get("interfaces"), &rtc["stun_servers"]), (None, &json!(["127.0.0.1:3478"])), "nobody else is asked");
    }
}

#[test]
fn it_asks_for_its_address_only_if_told_to() {
    let yaml = written(&[STUDIO, ("FOOTLIGHT_USE_EXTERNAL_IP", "1")], Media::Asked);
    let rtc = &yaml["rtc"];
    assert_eq!((&rtc["use_external_ip"], &rtc["enable_loopback_candidate"]), (&json!(true), &json!(true)));
    assert_eq!((rtc.get("node_ip"), rtc.get("stun_servers"), yaml.get("turn")), (None, None, None));
}

#[test]
fn turn_is_behind_the_studios_own_tls_and_relays_to_livekit_alone() {
    let yaml = written(&[STUDIO], HOME);
    let turn = &yaml["turn"];
    assert_eq!((&turn["enabled"], &turn["domain"]), (&json!(true), &json!("studio.example")));
    assert_eq!((&turn["tls_port"], &turn["external_tls"]), (&json!(5349), &json!(true)));
    assert_eq!(turn["bind_addresses"], json!(["192.168.1.20"]));
    assert_eq!(turn["allow_restricted_peer_cidrs"], json!(["192.168.1.20/32"]));
    let denied: Vec<_> = turn["deny_peer_cidrs"].as_array().expect("networks").iter().filter_map(Value::as_str).collect();
    assert_eq!(denied.len(), 33);
    for network in ["0.0.0.0/1", "192.168.0.0/24", "192.168.1.21/32", "::/0"] {
        assert!(denied.contains(&network), "{network} is not in {denied:?}");
    }
    assert_eq!(written(&[STUDIO], BEHIND_ROUTER)["turn"]["allow_restricted_peer_cidrs"], json!(["203.0.113.7/32"]));
    assert_eq!(written(&[STUDIO, ("FOOTLIGHT_PORT_BASE", "20000")], HOME)["turn"]["tls_port"], json!(20007));
    assert_eq!(written(&[STUDIO, ("FOOTLIGHT_TURN_PORT", "3478")], HOME)["turn"]["tls_port"], json!(3478));
}

#[test]
fn there_is_no_turn_where_others_end_tls_or_livekit_would_refuse_the_host() {
    for pairs in [
        vec![STUDIO, BEHIND_PROXY],
        vec![STUDIO, ("FOOTLIGHT_TURN_PORT", "off")],
        vec![("PUBLIC_APP_URL", "https://[fd00::20]")],
        vec![("PUBLIC_APP_URL", "https://studio")],
    ] {
        assert_eq!(written(&pairs, HOME).get("turn"), None, "{pairs:?}");
    }
    let (_folder, _, own) = config(&[("PUBLIC_APP_URL", "https://192.168.1.20")]);
    assert_eq!(turn(&own, HOME), Some(SocketAddr::from(([192, 168, 1, 20], 5349))));
    let (_folder, _, elsewhere) = config(&[STUDIO, ("LIVEKIT_URL", "wss://media.example")]);
    assert_eq!(turn(&elsewhere, HOME), None);
}

#[test]
fn all_networks_but_one_address_leave_that_one_out() {
    let in_network = |address: u32, network: &str| {
        let (base, length) = network.split_once('/').expect("a length");
        let (base, length): (Ipv4Addr, u32) = (base.parse().expect("an address"), length.parse().expect("a number"));
        (address ^ base.to_bits()) >> (32 - length) == 0
    };
    for own in ["192.168.1.20", "0.0.0.1", "255.255.255.254"] {
        let own: Ipv4Addr = own.parse().expect("an address");
        let networks: Vec<_> = all_but(own.into()).into_iter().filter(|network| !network.contains(':')).collect();
        let covering = |address: u32| networks.iter().filter(|network| in_network(address, network)).count();
        assert_eq!(covering(own.to_bits()), 0);
        for bit in 0..32 {
            assert_eq!(covering(own.to_bits() ^ (1 << bit)), 1, "{own}, bit {bit}");
        }
        assert_eq!(covering(!own.to_bits()), 1);
    }
    let v6 = all_but("fd00::20".parse().expect("an address"));
    assert_eq!((v6.len(), v6.first().map(String::as_str)), (129, Some("::/1")));
    assert!(v6.contains(&"fd00::21/128".to_owned()) && v6.contains(&"0.0.0.0/0".to_owned()));
}
