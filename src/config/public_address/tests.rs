//! What follows from one setting, what overrides it, and what stops the start.

use super::*;

fn read(pairs: &[(&str, &str)]) -> Result<PublicAddress, ConfigError> {
    PublicAddress::from_env(&Env::of_pairs(pairs.iter().copied()), 3000)
}

fn of(pairs: &[(&str, &str)]) -> PublicAddress {
    read(pairs).expect("complete")
}

const STUDIO: (&str, &str) = ("PUBLIC_APP_URL", "https://studio.example");
const HOME: (&str, &str) = ("PUBLIC_APP_URL", "https://192.168.1.20");

#[test]
fn one_public_address_is_enough() {
    let studio = of(&[STUDIO]);
    assert!(studio.listen.ip().is_unspecified() && studio.listen.port() == 443, "{studio:?}");
    assert_eq!((studio.host.as_str(), studio.ip(), &studio.tls), ("studio.example", None, &Tls::Local));
    assert_eq!(studio.http.map(|http| (http.address.port(), http.required)), Some((80, false)));
    assert_eq!(studio.local_url(), "http://127.0.0.1:443");
    assert!(!studio.has_local_listener() && !studio.is_loopback());

    let home = of(&[("PUBLIC_APP_URL", "https://192.168.1.20:8443")]);
    assert_eq!(home.listen.to_string(), "0.0.0.0:8443");
    assert_eq!((home.ip(), home.http), (Some([192, 168, 1, 20].into()), None));
    let six = of(&[("PUBLIC_APP_URL", "https://[fd00::20]")]);
    assert_eq!((six.listen.to_string().as_str(), six.host.as_str()), ("[::]:443", "fd00::20"));
}

#[test]
fn on_loopback_it_is_as_it_always_was() {
    let default = of(&[]);
    assert_eq!((default.url.as_str(), default.listen.to_string().as_str()), ("http://127.0.0.1:3000", "127.0.0.1:3000"));
    assert_eq!((&default.tls, default.http, default.has_local_listener()), (&Tls::Off, None, false));
    assert_eq!(of(&[("FOOTLIGHT_LISTEN", "127.0.0.1:4000")]).url, "http://127.0.0.1:4000");
    assert_eq!(of(&[("PUBLIC_APP_URL", "http://localhost:4000")]).listen.to_string(), "127.0.0.1:4000");
    assert_eq!(of(&[("PUBLIC_APP_URL", "http://[::1]:4000")]).listen.to_string(), "[::1]:4000");
    let balanced = of(&[("PUBLIC_APP_URL", "http://127.0.0.1:4002"), ("FOOTLIGHT_PORT_BASE", "3000")]);
    assert_eq!(balanced.listen.port(), 3000, "ports that were asked for are kept");
    let everywhere = of(&[("FOOTLIGHT_LISTEN", "0.0.0.0:3000")]);
    assert_eq!(everywhere.local().to_string(), "127.0.0.1:3000");
}

#[test]
fn behind_a_proxy_the_studio_speaks_plain_http_on_loopback() {
    for named in [("FOOTLIGHT_TRUSTED_PROXIES", "127.0.0.1"), ("FOOTLIGHT_LISTEN", "127.0.0.1:3000"), ("FOOTLIGHT_TLS", "off")] {
        let behind = of(&[STUDIO, named]);
        assert_eq!((behind.listen.to_string().as_str(), &behind.tls, behind.http), ("127.0.0.1:3000", &Tls::Off, None), "{named:?}");
        assert_eq!(behind.local_url(), "http://127.0.0.1:3000");
        assert!(behind.is_strict(), "the proxy speaks TLS");
    }
    let elsewhere = of(&[STUDIO, ("FOOTLIGHT_TRUSTED_PROXIES", "10.0.0.1"), ("FOOTLIGHT_LISTEN", "10.0.0.2:3000")]);
    assert_eq!((elsewhere.local().to_string().as_str(), &elsewhere.tls), ("10.0.0.2:3000", &Tls::Off));
}

#[test]
fn a_certificate_that_is_named_is_used_wherever_the_studio_listens() {
    let files = [STUDIO, ("FOOTLIGHT_TLS_CERT", "/c.pem"), ("FOOTLIGHT_TLS_KEY", "/k.pem"), ("FOOTLIGHT_LISTEN", "192.0.2.7:8443")];
    let files = of(&files);
    assert!(matches!(&files.tls, Tls::Files(TlsFiles { certificate, .. }) if certificate.ends_with("c.pem")), "{files:?}");
    assert_eq!((files.local().to_string().as_str(), files.has_local_listener()), ("127.0.0.1:8443", true));
    let Tls::Acme(acme) = of(&[STUDIO, ("FOOTLIGHT_ACME", "ada@studio.example")]).tls else { panic!("ACME was asked for") };
    assert_eq!((acme.directory.as_str(), acme.root), (LETS_ENCRYPT, None));
    let own = [("FOOTLIGHT_ACME_DIRECTORY", "https://127.0.0.1:14000/dir"), ("FOOTLIGHT_ACME_ROOT", "/root.pem")];
    let own = of(&[&[("PUBLIC_APP_URL", "https://studio.example:5001"), ("FOOTLIGHT_ACME", "ada@studio.example")], &own[..]].concat());
    assert!(matches!(&own.tls, Tls::Acme(acme) if acme.root.is_some() && acme.directory.ends_with("/dir")), "{own:?}");
}

#[test]
fn only_a_name_with_a_public_certificate_is_strict() {
    let acme = ("FOOTLIGHT_ACME", "ada@studio.example");
    assert!(of(&[STUDIO, acme]).is_strict());
    assert!(!of(&[STUDIO]).is_strict(), "the local authority");
    assert!(!of(&[HOME]).is_strict() && !of(&[HOME, ("FOOTLIGHT_TLS", "off")]).is_strict(), "an IP address");
    assert!(!of(&[("PUBLIC_APP_URL", "https://localhost:8443")]).is_strict() && !of(&[]).is_strict());
}

#[test]
fn the_overlay_is_opened_without_leaving_the_machine() {
    let overlay = |pairs: &[(&str, &str)], local| of(pairs).overlay_url(&Env::of_pairs(pairs.iter().copied()), local).expect("complete");
    assert_eq!(overlay(&[HOME], true), "http://127.0.0.1:443");
    assert_eq!(overlay(&[STUDIO, ("FOOTLIGHT_TRUSTED_PROXIES", "127.0.0.1")], true), "http://127.0.0.1:3000");
    assert_eq!(overlay(&[STUDIO], false), "https://studio.example", "a fleet elsewhere");
    assert_eq!(overlay(&[], true), "http://127.0.0.1:3000");
    assert_eq!(overlay(&[("PUBLIC_APP_URL", "http://localhost:3000")], true), "http://localhost:3000");
    assert_eq!(overlay(&[STUDIO, ("FOOTLIGHT_OVERLAY_URL", "https://Inside.Example/")], true), "https://inside.example");
}

#[test]
fn what_contradicts_itself_is_refused_by_name() {
    let cert = [("FOOTLIGHT_TLS_CERT", "/c.pem"), ("FOOTLIGHT_TLS_KEY", "/k.pem")];
    let acme = ("FOOTLIGHT_ACME", "ada@studio.example");
    let cases: [(&str, Vec<(&str, &str)>); 17] = [
        ("FOOTLIGHT_LISTEN", vec![("FOOTLIGHT_LISTEN", "443")]),
        ("PUBLIC_APP_URL", vec![("PUBLIC_APP_URL", "http://192.168.1.20")]),
        ("FOOTLIGHT_TLS_KEY", vec![STUDIO, cert[0]]),
        ("FOOTLIGHT_TLS_CERT", vec![STUDIO, cert[1]]),
        ("FOOTLIGHT_TLS_CERT", cert.to_vec()),
        ("FOOTLIGHT_ACME", vec![acme]),
        ("FOOTLIGHT_TLS", vec![("FOOTLIGHT_TLS", "local")]),
        ("FOOTLIGHT_TLS", vec![STUDIO, ("FOOTLIGHT_TLS", "on")]),
        ("FOOTLIGHT_TLS", vec![STUDIO, ("FOOTLIGHT_TLS", "off"), acme]),
        ("FOOTLIGHT_ACME", vec![STUDIO, acme, cert[0], cert[1]]),
        ("FOOTLIGHT_ACME", vec![STUDIO, ("FOOTLIGHT_ACME", "ada")]),
        ("FOOTLIGHT_ACME", vec![HOME, acme]),
        ("FOOTLIGHT_ACME", vec![("PUBLIC_APP_URL", "https://studio.example:8443"), acme]),
        ("FOOTLIGHT_ACME_DIRECTORY", vec![STUDIO, acme, ("FOOTLIGHT_ACME_DIRECTORY", "http://127.0.0.1:14000")]),
        ("FOOTLIGHT_HTTP_LISTEN", vec![STUDIO, ("FOOTLIGHT_HTTP_LISTEN", "80")]),
        ("FOOTLIGHT_HTTP_LISTEN", vec![("FOOTLIGHT_HTTP_LISTEN", "0.0.0.0:80")]),
        ("FOOTLIGHT_OVERLAY_URL", vec![STUDIO, ("FOOTLIGHT_OVERLAY_URL", "http://10.0.0.2:3000")]),
    ];
    for (name, pairs) in cases {
        let read = read(&pairs).and_then(|address| address.overlay_url(&Env::of_pairs(pairs.iter().copied()), true));
        let message = read.expect_err(name).to_string();
        assert!(
            message.starts_with(&format!("{name} is ")) && (message.contains("expected") || message.contains("PEM")),
            "{pairs:?}: {message}"
        );
    }
    assert_eq!(of(&[STUDIO, ("FOOTLIGHT_HTTP_LISTEN", "off")]).http, None);
}
