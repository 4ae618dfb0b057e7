//! The address under which people open the studio, and what follows from it: where the web server listens, whether it ends TLS itself
//! and with which certificate, and how processes on this machine reach it.

use super::{
    env::{ConfigError, Env},
    machine,
    origin::{app_url, is_loopback, is_loopback_url, origin},
    relay::TlsFiles,
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};
use url::{Host, Url};

const LISTEN: &str = "FOOTLIGHT_LISTEN";
const LISTEN_SHAPE: &str = "an address and port such as 127.0.0.1:3000";
const HTTP_LISTEN: &str = "FOOTLIGHT_HTTP_LISTEN";
const OVERLAY_URL: &str = "FOOTLIGHT_OVERLAY_URL";
const TLS: &str = "FOOTLIGHT_TLS";
const ACME: &str = "FOOTLIGHT_ACME";
const ACME_DIRECTORY: &str = "FOOTLIGHT_ACME_DIRECTORY";
/// Let's Encrypt's, whose certificates every browser knows.
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// The folder of local authorities, one for each host.
pub const LOCAL_AUTHORITY: &str = "local-authority";
pub const AUTHORITY_CERTIFICATE: &str = "authority.crt";
const HTTPS_PORT: u16 = 443;
const HTTP_PORT: u16 = 80;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicAddress {
    /// Scheme, host and port as browsers write them, without a trailing slash.
    pub url: String,
    /// The host of `url`: a name in punycode, or an IP address (IPv6 without brackets).
    pub host: String,
    /// Where the web server listens.
    pub listen: SocketAddr,
    pub tls: Tls,
    /// Where plain HTTP is answered with a redirect to `url`.
    pub http: Option<HttpListen>,
}

/// Who ends TLS, and with which certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// Not the studio: its address is loopback without TLS, or a reverse proxy stands in front.
    Off,
    /// The studio, with these files. They are read again when they change.
    Files(TlsFiles),
    /// The studio, with a certificate that it gets from an ACME server.
    Acme(Acme),
    /// The studio, with a certificate from an authority of its own, which it makes at its first start.
    Local,
}

/// How a certificate is obtained (RFC 8555, with the challenge TLS-ALPN-01 of RFC 8737).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    /// Where the authority writes to when a certificate is about to expire.
    pub email: String,
    /// The server's directory.
    pub directory: String,
    /// The authority behind the directory's own certificate in a PEM file, if it is no public one.
    pub root: Option<PathBuf>,
}

/// The listener that redirects plain HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpListen {
    pub address: SocketAddr,
    /// Whether the operator asked for it: then the start fails if it cannot listen there.
    pub required: bool,
}

impl PublicAddress {
    /// Reads `PUBLIC_APP_URL` and what belongs to it. Without one the studio is at `plain_port` of loopback, and there a reverse
    /// proxy finds it too.
    ///
    /// # Errors
    /// A variable is malformed, or two of them contradict each other.
    pub fn from_env(env: &Env, plain_port: u16) -> Result<Self, ConfigError> {
        let given = env.get(LISTEN).map(|text| text.parse::<SocketAddr>().map_err(|_| Env::malformed(LISTEN, LISTEN_SHAPE)));
        let given = given.transpose()?;
        let url = app_url(env, &format!("http://127.0.0.1:{}", given.map_or(plain_port, |listen| listen.port())))?;
        let parsed = Url::parse(&url).map_err(|_| Env::malformed("PUBLIC_APP_URL", "an address such as https://studio.example"))?;
        let host = match parsed.host() {
            Some(Host::Ipv6(ip)) => ip.to_string(),
            _ => parsed.host_str().unwrap_or_default().to_owned(),
        };
        let tls = tls(env, &parsed, given)?;
        let listen = given.unwrap_or_else(|| derived(env, &parsed, &tls, plain_port));
        Ok(Self { http: http(env, &tls, listen)?, url, host, listen, tls })
    }

    /// The host, if it is an IP address.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// The certificate that devices are told to trust, in the data folder of the web server; `None` unless it is the studio's own.
    pub fn authority_file(&self, data: &Path) -> Option<PathBuf> {
        (self.tls == Tls::Local).then(|| data.join(LOCAL_AUTHORITY).join(&self.host).join(AUTHORITY_CERTIFICATE))
    }

    pub fn is_https(&self) -> bool {
        self.url.starts_with("https://")
    }

    /// Whether only this machine can open it.
    pub fn is_loopback(&self) -> bool {
        is_loopback_url(&self.url)
    }

    /// Where processes on this machine reach the web server without TLS.
    pub fn local(&self) -> SocketAddr {
        let ip = self.listen.ip();
        if ip.is_unspecified() || (self.tls != Tls::Off && !ip.is_loopback()) {
            SocketAddr::from((Ipv4Addr::LOCALHOST, self.listen.port()))
        } else {
            self.listen
        }
    }

    /// What the egress on this machine opens: the studio without TLS, so that it need not trust its certificate.
    pub fn local_url(&self) -> String {
        format!("http://{}", self.local())
    }

    /// Whether [`Self::local`] needs a listener of its own, because [`Self::listen`] is one address of the network.
    pub fn has_local_listener(&self) -> bool {
        let ip = self.listen.ip();
        self.tls != Tls::Off && !ip.is_unspecified() && !ip.is_loopback()
    }

    /// Whether browsers may be told never to open this host without TLS again (RFC 6797). Not for an IP address, where they ignore
    /// it, and not with a local authority: whoever moves on to another certificate would be locked out meanwhile.
    pub fn is_strict(&self) -> bool {
        self.is_https() && !self.is_loopback() && self.ip().is_none() && self.tls != Tls::Local
    }

    /// The base address at which an egress opens the overlay page: `FOOTLIGHT_OVERLAY_URL`, else without TLS for an egress on this
    /// machine, else the public address.
    ///
    /// # Errors
    /// The variable is malformed.
    pub fn overlay_url(&self, env: &Env, local_egress: bool) -> Result<String, ConfigError> {
        let Some(text) = env.get(OVERLAY_URL) else {
            return Ok(if local_egress && self.is_https() { self.local_url() } else { self.url.clone() });
        };
        let allowed = |own: &String| own.starts_with("https://") || is_loopback_url(own);
        origin(text)
            .filter(allowed)
            .ok_or_else(|| Env::malformed(OVERLAY_URL, "https:// with host and port only (plain http:// is for loopback)"))
    }
}

/// Who ends TLS. Where nothing is said it is the studio, unless a proxy was named or it was told to listen on loopback only.
fn tls(env: &Env, url: &Url, listen: Option<SocketAddr>) -> Result<Tls, ConfigError> {
    let files = TlsFiles::from_env(env, "FOOTLIGHT_TLS_CERT", "FOOTLIGHT_TLS_KEY")?;
    let email = env.get(ACME);
    let mode = env.get(TLS);
    if url.scheme() != "https" {
        let own = [("FOOTLIGHT_TLS_CERT", files.is_some()), (ACME, email.is_some()), (TLS, mode.is_some_and(|mode| mode != "off"))];
        return match own.into_iter().find(|(_, set)| *set) {
            Some((name, _)) => Err(Env::malformed(name, "PUBLIC_APP_URL with https:// beside it")),
            None => Ok(Tls::Off),
        };
    }
    let behind_proxy =
        env.get("FOOTLIGHT_TRUSTED_PROXIES").is_some() || (!is_loopback(url) && listen.is_some_and(|listen| listen.ip().is_loopback()));
    match (mode, files, email) {
        (None, Some(files), None) => Ok(Tls::Files(files)),
        (None, None, Some(email)) => Ok(Tls::Acme(acme(env, url, email)?)),
        (Some("off"), None, None) => Ok(Tls::Off),
        (Some("local"), None, None) => Ok(Tls::Local),
        (None, None, None) => Ok(if behind_proxy { Tls::Off } else { Tls::Local }),
        (None, Some(_), Some(_)) => Err(Env::malformed(ACME, "not to be set beside FOOTLIGHT_TLS_CERT: one certificate is enough")),
        _ => Err(Env::malformed(TLS, "off or local, without FOOTLIGHT_TLS_CERT and FOOTLIGHT_ACME beside it")),
    }
}

fn acme(env: &Env, url: &Url, email: &str) -> Result<Acme, ConfigError> {
    let (name, domain) = email.split_once('@').unwrap_or_default();
    if name.is_empty() || domain.is_empty() || email.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Env::malformed(ACME, "an e-mail address, to which the authority writes"));
    }
    if is_loopback(url) || !matches!(url.host(), Some(Host::Domain(_))) {
        return Err(Env::malformed(ACME, "PUBLIC_APP_URL with a name beside it: authorities give no certificate for its host"));
    }
    let directory = match env.get(ACME_DIRECTORY) {
        Some(text) => {
            let https = Url::parse(text).ok().filter(|url| url.scheme() == "https" && url.has_host());
            https.ok_or_else(|| Env::malformed(ACME_DIRECTORY, "the https:// address of an ACME directory"))?.to_string()
        }
        None if url.port_or_known_default() != Some(HTTPS_PORT) => {
            return Err(Env::malformed(ACME, "PUBLIC_APP_URL without a port beside it: Let's Encrypt asks port 443"));
        }
        None => LETS_ENCRYPT.to_owned(),
    };
    Ok(Acme { email: email.to_owned(), directory, root: env.get("FOOTLIGHT_ACME_ROOT").map(Into::into) })
}

/// Every address if others are to reach it, at the port of the URL; behind a proxy, loopback.
fn derived(env: &Env, url: &Url, tls: &Tls, plain_port: u16) -> SocketAddr {
    let behind_proxy = url.scheme() == "https" && *tls == Tls::Off;
    let moved = url.scheme() == "http" && env.get("FOOTLIGHT_PORT_BASE").is_some();
    let port = if behind_proxy || moved { None } else { url.port_or_known_default() }.unwrap_or(plain_port);
    let ip = match url.host() {
        _ if behind_proxy => Ipv4Addr::LOCALHOST.into(),
        Some(Host::Ipv4(ip)) if ip.is_loopback() => IpAddr::V4(ip),
        Some(Host::Ipv4(_)) => Ipv4Addr::UNSPECIFIED.into(),
        Some(Host::Ipv6(ip)) if ip.is_loopback() => IpAddr::V6(ip),
        Some(Host::Ipv6(_)) => Ipv6Addr::UNSPECIFIED.into(),
        _ if is_loopback(url) => Ipv4Addr::LOCALHOST.into(),
        _ => machine::all_addresses(),
    };
    SocketAddr::from((ip, port))
}

fn http(env: &Env, tls: &Tls, listen: SocketAddr) -> Result<Option<HttpListen>, ConfigError> {
    let beside = SocketAddr::from((listen.ip(), HTTP_PORT));
    match env.get(HTTP_LISTEN) {
        Some("off") => Ok(None),
        Some(_) if *tls == Tls::Off => {
            Err(Env::malformed(HTTP_LISTEN, "not to be set where the studio ends no TLS: there the proxy redirects"))
        }
        Some(text) => {
            let address = text.parse().map_err(|_| Env::malformed(HTTP_LISTEN, "an address and port such as 0.0.0.0:80, or off"))?;
            Ok(Some(HttpListen { address, required: true }))
        }
        None => Ok((*tls != Tls::Off && listen.port() == HTTPS_PORT).then_some(HttpListen { address: beside, required: false })),
    }
}

#[cfg(test)]
mod tests;
