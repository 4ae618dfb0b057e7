//! How a device is told to trust the studio's own certificate authority: a page without a program, which is served without TLS too,
//! because a device that does not trust the authority yet warns of everything else.

use super::tls::Authority;
use crate::config::public_address::PublicAddress;
use anyhow::Context as _;
use axum::{
    Router,
    http::{HeaderName, header},
    response::Html,
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use qrcode::{QrCode, render::svg};
use sha2::{Digest as _, Sha256};

/// The page's path.
const PAGE: &str = "/trust";
/// Devices take the file's name from the path. Only with this type phones offer to install it.
const CERTIFICATE: &str = "/trust/footlight.crt";
const CERTIFICATE_TYPE: &str = "application/x-x509-ca-cert";
const QR_SIDE_PX: u32 = 240;
const STYLE: &str = "html{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}body{max-width:42rem;margin:2rem auto;padding:0 1rem}\
    code{overflow-wrap:anywhere}.go{display:inline-block;padding:.6rem 1rem;border:1px solid;border-radius:.4rem}\
    svg{max-width:100%;height:auto}";

/// The address of the page without TLS: that of the redirect's port where there is one, else that of the pages.
pub fn page_url(address: &PublicAddress, redirects: bool) -> String {
    let host = if address.host.contains(':') { format!("[{}]", address.host) } else { address.host.clone() };
    let port = match address.http {
        Some(http) if redirects && http.address.port() == 80 => String::new(),
        Some(http) if redirects => format!(":{}", http.address.port()),
        _ => format!(":{}", address.listen.port()),
    };
    format!("http://{host}{port}{PAGE}")
}

/// The page, and the certificate that it is about.
///
/// # Errors
/// The page's address is too long for a QR code.
pub fn routes(authority: &Authority, address: &PublicAddress, page_url: &str) -> anyhow::Result<Router> {
    let page = document(authority, &address.url, page_url)?;
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        BASE64_STANDARD.encode(Sha256::digest(STYLE))
    );
    let certificate = authority.certificate().to_vec();
    let fixed = |name: HeaderName, value: String| [(name, value), (header::CACHE_CONTROL, "no-store".to_owned())];
    Ok(Router::new()
        .route(PAGE, get(async move || (fixed(header::CONTENT_SECURITY_POLICY, policy.clone()), Html(page.clone()))))
        .route(CERTIFICATE, get(async move || (fixed(header::CONTENT_TYPE, CERTIFICATE_TYPE.to_owned()), certificate.clone()))))
}

/// None of what is put in needs escaping: hosts and addresses were parsed, the rest is made here.
fn document(authority: &Authority, studio: &str, page_url: &str) -> anyhow::Result<String> {
    let code = QrCode::new(page_url).context("the address is too long for a QR code")?;
    let picture = code.render::<svg::Color>().min_dimensions(QR_SIDE_PX, QR_SIDE_PX).build();
    // In a document there is no XML declaration.
    let picture = picture.find("<svg").map_or("", |start| &picture[start..]);
    let (name, fingerprint) = (authority.name(), authority.fingerprint());
    Ok(format!(
        r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Trust this studio — Footlight</title><style>{STYLE}</style></head><body>
<h1>Trust this studio</h1>
<p>This studio made its own certificate. A device that trusts it opens the studio without a warning, and may use its camera there. It
trusts the certificate for this one address only.</p>
<p><a class="go" href="{CERTIFICATE}">Download the certificate</a></p>
<p>It is called <strong>{name}</strong>. Before you install it, compare its SHA-256 fingerprint with the one that the studio's terminal or
log shows:<br><code>{fingerprint}</code></p>
<h2>iPhone and iPad</h2>
<ol><li>Download the certificate in Safari and allow the profile.</li><li>Open Settings, then Profile Downloaded, and install it.</li>
<li>Open Settings, General, About, Certificate Trust Settings, and switch it on.</li></ol>
<h2>Android</h2>
<ol><li>Download the certificate.</li><li>Open Settings and search for “CA certificate” (in Security, Encryption &amp; credentials).</li>
<li>Choose Install anyway, and the file footlight.crt.</li></ol>
<h2>Windows</h2>
<p>Open the file, choose Install Certificate, Current User, and the store Trusted Root Certification Authorities.</p>
<h2>macOS</h2>
<p>Open the file, so that Keychain Access takes it; double-click it there, and under Trust choose Always Trust.</p>
<h2>Firefox, and Chrome on Linux</h2>
<p>In the browser's settings search for “certificates”, open Authorities, and import the file for websites.</p>
<h2>Another device</h2>
<p>This code opens this page: <code>{page_url}</code></p>
{picture}
<p><a class="go" href="{studio}/">Open the studio</a></p>
</body></html>
"#
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env::Env;

    fn address(pairs: &[(&str, &str)]) -> PublicAddress {
        PublicAddress::from_env(&Env::of_pairs(pairs.iter().copied()), 3000).expect("an address")
    }

    #[test]
    fn the_page_is_found_without_tls() {
        let home = address(&[("PUBLIC_APP_URL", "https://192.168.1.20")]);
        assert_eq!(page_url(&home, true), "http://192.168.1.20/trust");
        assert_eq!(page_url(&home, false), "http://192.168.1.20:443/trust", "the port of the pages answers both");
        let six = address(&[("PUBLIC_APP_URL", "https://[fd00::20]:8443"), ("FOOTLIGHT_HTTP_LISTEN", "[::]:8080")]);
        assert_eq!(
            (page_url(&six, true), page_url(&six, false)),
            ("http://[fd00::20]:8080/trust".into(), "http://[fd00::20]:8443/trust".into())
        );
    }

    #[test]
    fn the_page_has_the_code_the_fingerprint_and_no_program() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::open(folder.path(), "192.168.1.20").expect("made");
        let page = document(&authority, "https://192.168.1.20", "http://192.168.1.20/trust").expect("a page");
        for part in
            [&*authority.fingerprint(), &*authority.name(), CERTIFICATE, "<svg", "Certificate Trust Settings", "https://192.168.1.20/"]
        {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("<script") && !page.contains("<?xml") && !page.contains("style="), "{page}");
        assert_eq!(authority.fingerprint().len(), 32 * 3 - 1);
    }
}
