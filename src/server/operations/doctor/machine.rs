//! Checks of the machine and its network. They need no running studio, so `footlight doctor` runs them by itself where none answers.

use super::Finding;
use crate::{
    domain::timestamp::Timestamp,
    net::{certificate::Validity, dns, tls},
};
use futures::future::join_all;
use nix::sys::{
    resource::{Resource, getrlimit},
    statvfs::statvfs,
};
use rustls_pki_types::ServerName;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

/// For one name or connection: several may be tried in a check.
const TRY: Duration = Duration::from_secs(4);
/// Free bytes below which the disk is warned of, and below which there is no room for a session.
const DISK_WARNS: u64 = 5 << 30;
const DISK_FAILS: u64 = 512 << 20;
/// Files that a process should be able to open; 616 idle connections were enough to run out at 1 024.
const FILES: u64 = 4096;
/// Days before a certificate ends: renewed by then, and the last moment.
const CERTIFICATE_WARNS: i64 = 14;
const CERTIFICATE_FAILS: i64 = 2;
const DAY_S: i64 = 24 * 3600;
/// Where platforms take encrypted streams. Source: Twitch "Ingest endpoints", YouTube "Live Streaming API, RTMPS ingestion".
pub const ENCRYPTED: [(&str, u16); 2] = [("live.twitch.tv", 443), ("a.rtmps.youtube.com", 443)];
/// Where they take plain ones; other servers often take nothing else.
pub const PLAIN: [(&str, u16); 2] = [("live.twitch.tv", 1935), ("a.rtmp.youtube.com", 1935)];

/// Room on the disk of a folder.
pub fn disk(folder: &Path) -> Finding {
    // It may not have been made yet.
    let Some(about) = folder.ancestors().find_map(|folder| statvfs(folder).ok()) else {
        return Finding::fail(format!("{} cannot be read", folder.display()), "Set FOOTLIGHT_DATA to a folder of this account.");
    };
    judge_disk(about.blocks_available().saturating_mul(about.fragment_size()), folder)
}

fn judge_disk(free: u64, folder: &Path) -> Finding {
    let found = format!("{}.{} GB free at {}", free >> 30, ((free % (1 << 30)) * 10) >> 30, folder.display());
    let advice = "Free some space: recordings are in the folder `recordings` there, and FOOTLIGHT_RECORDINGS_GB limits them.";
    match free {
        ..DISK_FAILS => Finding::fail(found, advice),
        DISK_FAILS..DISK_WARNS => Finding::warn(found, advice),
        _ => Finding::ok(found),
    }
}

/// How many files this process may open.
pub fn open_files() -> Finding {
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, _)) => judge_files(soft),
        Err(error) => Finding::warn(format!("the limit is not known: {error}"), ""),
    }
}

fn judge_files(allowed: u64) -> Finding {
    let found = format!("{allowed} may be open at once");
    if allowed < FILES {
        return Finding::warn(found, format!("Raise LimitNOFILE (systemd) or `ulimit -n` to {FILES} or more."));
    }
    Finding::ok(found)
}

/// The hosts of these addresses, and those of platforms unless nothing may leave this network.
pub fn hosts_of(addresses: &[&str], offline: bool) -> Vec<String> {
    let own = addresses.iter().filter_map(|address| Some(Url::parse(address).ok()?.host_str()?.trim_matches(['[', ']']).to_owned()));
    let platforms = ENCRYPTED.iter().filter(|_| !offline).map(|(host, _)| (*host).to_owned());
    let mut hosts: Vec<_> = own.chain(platforms).collect();
    hosts.dedup();
    hosts
}

/// Whether names resolve.
pub async fn names(hosts: Vec<String>) -> Finding {
    let found = join_all(hosts.iter().map(|host| dns::look_up(host, 443, TRY))).await;
    let unknown: Vec<_> = hosts
        .iter()
        .zip(found)
        .filter(|(_, found)| !found.as_ref().is_ok_and(|found| !found.is_empty()))
        .map(|(host, _)| host.as_str())
        .collect();
    if unknown.is_empty() {
        return Finding::ok(format!("{} resolve", hosts.join(", ")));
    }
    Finding::fail(
        format!("{} cannot be resolved", unknown.join(", ")),
        "Look at the DNS entry of the name, and at /etc/resolv.conf on this machine.",
    )
}

/// Whether one of these servers takes connections. A firewall may let out to some only, so this never fails.
pub async fn outgoing(servers: &[(&str, u16)]) -> Finding {
    let open = async |&(host, port): &(&str, u16)| {
        let connected = async {
            let addresses = dns::look_up(host, port, TRY).await?;
            TcpStream::connect(addresses.as_slice()).await
        };
        match tokio::time::timeout(TRY, connected).await {
            Ok(Ok(_)) => Ok(format!("{host}:{port}")),
            Ok(Err(error)) => Err(format!("{host}:{port}: {}", error.kind())),
            Err(_) => Err(format!("{host}:{port}: no answer")),
        }
    };
    let (open, closed): (Vec<_>, Vec<_>) = join_all(servers.iter().map(open)).await.into_iter().partition(Result::is_ok);
    let closed: Vec<_> = closed.into_iter().filter_map(Result::err).collect();
    if closed.is_empty() {
        return Finding::ok(format!("{} take connections", open.into_iter().flatten().collect::<Vec<_>>().join(", ")));
    }
    Finding::warn(
        closed.join(", "),
        "Platforms behind this port cannot be reached from here: let the firewall pass outgoing TCP to it, or check with `--offline`.",
    )
}

/// Whether the studio's own address has a certificate that browsers take, and for how long.
/// `authority`: the studio's own, which its devices know, if it has one.
pub async fn certificate_of(app_url: &str, authority: Option<PathBuf>, now: Timestamp) -> Finding {
    let Some(url) = Url::parse(app_url).ok().filter(|url| url.scheme() == "https") else {
        return Finding::ok("none is needed: plain HTTP on loopback");
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    match days_left(&host, url.port_or_known_default().unwrap_or(443), authority.as_deref(), now).await {
        Ok(days) => judge_certificate(&host, days),
        Err(error) => Finding::fail(
            format!("{host}: {error:#}"),
            "Browsers take the studio's camera page over valid TLS only: renew the certificate, or look at the proxy in front.",
        ),
    }
}

fn judge_certificate(host: &str, days: i64) -> Finding {
    let found = format!("that of {host} is valid for {days} days");
    let advice = "Renew it; see why it was not renewed by itself.";
    match days {
        ..CERTIFICATE_FAILS => Finding::fail(found, advice),
        CERTIFICATE_FAILS..CERTIFICATE_WARNS => Finding::warn(found, advice),
        _ => Finding::ok(found),
    }
}

/// Days until the certificate of a server ends. It is checked as a browser does that knows the public authorities, or only this one.
async fn days_left(host: &str, port: u16, authority: Option<&Path>, now: Timestamp) -> anyhow::Result<i64> {
    let addresses = dns::look_up(host, port, TRY).await?;
    let tcp = TcpStream::connect(addresses.as_slice()).await?;
    let name = ServerName::try_from(host.to_owned())?;
    let client = authority.map_or_else(|| Ok(tls::client()), tls::client_trusting)?;
    let stream = TlsConnector::from(Arc::new(client)).connect(name, tcp).await?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let leaf = chain.first().ok_or_else(|| anyhow::anyhow!("the server sent no certificate"))?;
    let ends = Validity::of_der(leaf).ok_or_else(|| anyhow::anyhow!("its certificate cannot be read"))?;
    Ok((ends.until - now.as_millis() / 1000) / DAY_S)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::doctor::Outcome;
    use std::net::TcpListener;

    #[test]
    fn a_disk_is_fine_then_short_then_full() {
        let folder = Path::new("/data");
        for (free, outcome) in [(50 << 30, Outcome::Ok), (2 << 30, Outcome::Warn), (100 << 20, Outcome::Fail)] {
            assert_eq!(judge_disk(free, folder).outcome, outcome, "{free}");
        }
        assert!(judge_disk((7 << 30) + (1 << 29), folder).found.starts_with("7.5 GB free at /data"));
        let here = disk(Path::new("/nowhere/yet"));
        assert!(here.found.contains("GB free"), "{here:?}");
    }

    #[test]
    fn few_files_are_warned_of() {
        assert_eq!(judge_files(65_536).outcome, Outcome::Ok);
        assert_eq!(judge_files(1024).outcome, Outcome::Warn);
        assert!(open_files().found.contains("may be open"));
    }

    #[test]
    fn a_certificate_is_fine_then_due_then_over() {
        for (days, outcome) in [(90, Outcome::Ok), (14, Outcome::Ok), (13, Outcome::Warn), (1, Outcome::Fail), (-3, Outcome::Fail)] {
            assert_eq!(judge_certificate("studio.example", days).outcome, outcome, "{days}");
        }
    }

    #[tokio::test]
    async fn names_that_resolve_and_one_that_does_not() {
        assert_eq!(names(vec!["localhost".into(), "127.0.0.1".into()]).await.outcome, Outcome::Ok);
        // Reserved for this (RFC 6761).
        let unknown = names(vec!["localhost".into(), "studio.invalid".into()]).await;
        assert_eq!(unknown.outcome, Outcome::Fail);
        assert_eq!(unknown.found, "studio.invalid cannot be resolved");
    }

    #[test]
    fn names_of_platforms_are_left_out_offline() {
        let own = ["https://studio.example:8443", "wss://studio.example/livekit"];
        assert_eq!(hosts_of(&own, true), ["studio.example"]);
        assert_eq!(hosts_of(&["http://[::1]:3000"], true), ["::1"]);
        assert!(hosts_of(&own, false).contains(&"live.twitch.tv".to_owned()));
    }

    #[tokio::test]
    async fn a_server_that_takes_connections_and_one_that_refuses() {
        let open = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = open.local_addr().expect("bound").port();
        let fine = outgoing(&[("127.0.0.1", port)]).await;
        assert_eq!((fine.outcome, fine.found), (Outcome::Ok, format!("127.0.0.1:{port} take connections")));
        drop(open);
        let refused = outgoing(&[("127.0.0.1", port)]).await;
        assert_eq!(refused.outcome, Outcome::Warn);
        assert!(refused.found.contains("connection refused") && !refused.advice.is_empty(), "{refused:?}");
    }

    #[tokio::test]
    async fn a_server_without_tls_has_no_certificate() {
        let now = Timestamp::from_millis(1_795_421_948_792);
        assert_eq!(certificate_of("http://127.0.0.1:3000", None, now).await.outcome, Outcome::Ok);
        let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("https://127.0.0.1:{}", closed.local_addr().expect("bound").port());
        drop(closed);
        let failed = certificate_of(&url, None, now).await;
        assert_eq!(failed.outcome, Outcome::Fail);
        assert!(failed.found.starts_with("127.0.0.1: ") && !failed.advice.is_empty(), "{failed:?}");
    }
}
