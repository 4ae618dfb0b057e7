//! Configuration of `footlight relay`.

use super::{
    env::{ConfigError, Env},
    machine::own_addresses,
};
use crate::domain::{
    address::AllowList,
    ids::{Generation, SessionId},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::{net::SocketAddr, path::PathBuf, time::Duration};

#[derive(Clone)]
pub struct RelayConfig {
    /// Address of the control API; anything but loopback needs [`Self::tls`].
    pub listen: SocketAddr,
    /// Address of the RTMP ingest; anything but loopback needs [`Self::tls`].
    pub ingest: SocketAddr,
    /// Secret shared with the application.
    pub secret: String,
    /// Certificate and key for control and ingest.
    pub tls: Option<TlsFiles>,
    /// A further certificate authority for RTMPS destinations.
    pub extra_ca: Option<PathBuf>,
    /// Data folder; recordings are in its folder `recordings`.
    pub data: PathBuf,
    /// Private destinations the operator allows.
    pub allow: AllowList,
    pub timeouts: Timeouts,
    pub limits: Limits,
}

/// The certificate and key, as PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate chain, leaf first.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Timeouts and intervals of the relay; tests shorten them.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// How long destinations stay connected without a composite: `FOOTLIGHT_HOLD`.
    pub grace: Duration,
    /// How long a lost destination is retried: `FOOTLIGHT_OUTAGE_LIMIT`.
    pub outage: Duration,
    /// Shortest delay before a retry; up to three times as long in the first minute of an outage, five times up to the fifth.
    pub first_retry_delay: Duration,
    /// Longest delay before a retry, and the usual one after five minutes: `FOOTLIGHT_RETRY_MOST`.
    pub max_retry_delay: Duration,
    /// How long connecting to one IP address, the handshake and the publish may each take.
    pub connect: Duration,
    /// A connection that accepts no bytes for this long is lost.
    pub stall: Duration,
    /// Without a tag for this long the composite counts as lost.
    pub silence: Duration,
    /// A new connection to the ingest must ask to publish within this time.
    pub negotiation: Duration,
    /// How long a publisher of an unknown stream waits for it to be put.
    pub unknown_stream: Duration,
    pub thumbnail: Duration,
    /// How long the studio has to name its streams before the first check of the recordings' limits.
    pub recordings_settle: Duration,
    /// Time between two checks of the recordings' limits.
    pub recordings_check: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            grace: seconds(90),
            outage: seconds(15 * 60),
            first_retry_delay: seconds(1),
            max_retry_delay: seconds(15),
            connect: seconds(5),
            stall: seconds(10),
            silence: seconds(3),
            negotiation: seconds(5),
            unknown_stream: seconds(30),
            thumbnail: seconds(10),
            recordings_settle: seconds(60),
            recordings_check: seconds(20),
        }
    }
}

/// Limits on what others can make the relay keep in memory and on disk.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Number of streams at once: `FOOTLIGHT_RELAY_SHOWS`.
    pub streams: usize,
    /// Destinations per stream: `FOOTLIGHT_RELAY_DESTINATIONS`.
    pub destinations: usize,
    /// Bytes queued for one destination: `FOOTLIGHT_RELAY_QUEUE_BYTES`.
    pub queue_bytes: usize,
    /// Publishers with a valid token at once.
    pub ingest_connections: usize,
    /// Connections to the ingest that have shown no token yet, and of these how many of one IPv4 address or IPv6 /64.
    pub ingest_unproven: usize,
    pub ingest_unproven_per_network: usize,
    /// Readers of events at once.
    pub event_readers: usize,
    /// Free bytes of the recordings' disk below which a running recording ends.
    pub disk_reserve: u64,
    /// Bytes of all recordings: `FOOTLIGHT_RECORDINGS_GB`. The oldest of the account that uses the most go first.
    pub recordings_bytes: u64,
    /// Free bytes of the disk below which old recordings are removed.
    pub recordings_reserve: u64,
    /// Age of a recording: `FOOTLIGHT_RECORDINGS_DAYS`.
    pub recordings_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            streams: 200,
            destinations: 10,
            queue_bytes: 8 << 20,
            ingest_connections: 512,
            ingest_unproven: 96,
            ingest_unproven_per_network: 48,
            event_readers: 32,
            disk_reserve: 64 << 20,
            recordings_bytes: 20 << 30,
            recordings_reserve: 1 << 30,
            recordings_age: Duration::from_hours(14 * 24),
        }
    }
}

impl RelayConfig {
    /// Reads the relay's variables.
    ///
    /// # Errors
    /// The first variable that is missing or malformed, by name.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let address = "an address and port, such as 127.0.0.1:3101";
        let listen = env.parsed("FOOTLIGHT_RELAY_LISTEN", SocketAddr::from(([127, 0, 0, 1], 3101)), address)?;
        let ingest = env.parsed("FOOTLIGHT_RELAY_INGEST", SocketAddr::from(([127, 0, 0, 1], 3102)), address)?;
        let tls = TlsFiles::from_env(env, "FOOTLIGHT_RELAY_TLS_CERT", "FOOTLIGHT_RELAY_TLS_KEY")?;
        for (name, bound) in [("FOOTLIGHT_RELAY_LISTEN", listen), ("FOOTLIGHT_RELAY_INGEST", ingest)] {
            TlsFiles::needed_beyond_loopback(tls.as_ref(), name, bound, "FOOTLIGHT_RELAY_TLS")?;
        }
        let expected = "at least 16 characters, the same for the relay and the studio";
        let secret = env.required("FOOTLIGHT_RELAY_SECRET", expected)?;
        if secret.len() < 16 {
            return Err(Env::malformed("FOOTLIGHT_RELAY_SECRET", expected));
        }
        let timeouts = Timeouts::default();
        let limits = Limits::default();
        Ok(Self {
            listen,
            ingest,
            secret: secret.to_owned(),
            tls,
            extra_ca: env.get("FOOTLIGHT_RELAY_CA").map(Into::into),
            data: env.data_folder()?,
            allow: env
                .parsed("FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS", AllowList::default(), "host:port, separated by commas")?
                .on_machine(own_addresses()),
            timeouts: Timeouts {
                grace: seconds(env, "FOOTLIGHT_HOLD", timeouts.grace)?,
                outage: seconds(env, "FOOTLIGHT_OUTAGE_LIMIT", timeouts.outage)?,
                max_retry_delay: seconds(env, "FOOTLIGHT_RETRY_MOST", timeouts.max_retry_delay)?,
                ..timeouts
            },
            limits: Limits {
                streams: env.parsed("FOOTLIGHT_RELAY_SHOWS", limits.streams, "a number of streams")?,
                destinations: env.parsed("FOOTLIGHT_RELAY_DESTINATIONS", limits.destinations, "a number of destinations")?,
                queue_bytes: env.parsed("FOOTLIGHT_RELAY_QUEUE_BYTES", limits.queue_bytes, "a number of bytes")?,
                recordings_bytes: env.parsed("FOOTLIGHT_RECORDINGS_GB", 20_u64, "whole gigabytes")? << 30,
                recordings_age: Duration::from_secs(env.parsed("FOOTLIGHT_RECORDINGS_DAYS", 14_u32, "whole days")?.into()) * 86_400,
                ..limits
            },
        })
    }
}

/// The publish token of one egress: derived from the secret that relay and studio share, so that it need not be stored.
pub fn publish_token(secret: &str, session: &SessionId, generation: Generation) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(format!("publish\n{session}\n{generation}").as_bytes());
    hex::encode(&mac.finalize().into_bytes()[..16])
}

impl TlsFiles {
    /// The files behind these two variables; `None` if neither is set.
    ///
    /// # Errors
    /// Only one is.
    pub(super) fn from_env(env: &Env, certificate: &'static str, key: &'static str) -> Result<Option<Self>, ConfigError> {
        if env.get(certificate).is_none() && env.get(key).is_none() {
            return Ok(None);
        }
        let file = |name| env.required(name, "a PEM file; certificate and key belong together").map(PathBuf::from);
        Ok(Some(Self { certificate: file(certificate)?, key: file(key)? }))
    }

    /// Refuses a listener that other machines reach and that has no certificate: secrets go through it. `prefix` is that of the
    /// variables that name the files.
    ///
    /// # Errors
    /// `name` has such an address.
    pub(super) fn needed_beyond_loopback(
        files: Option<&Self>,
        name: &'static str,
        bound: SocketAddr,
        prefix: &str,
    ) -> Result<(), ConfigError> {
        if bound.ip().is_loopback() || files.is_some() {
            return Ok(());
        }
        Err(Env::malformed(name, format!("a loopback address, or {prefix}_CERT and {prefix}_KEY beside it")))
    }
}

fn seconds(env: &Env, name: &'static str, default: Duration) -> Result<Duration, ConfigError> {
    env.parsed(name, default.as_secs(), "whole seconds").map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<RelayConfig, ConfigError> {
        let base = [("HOME", "/home/someone"), ("FOOTLIGHT_RELAY_SECRET", "0123456789abcdef")];
        RelayConfig::from_env(&Env::of_pairs(base.iter().chain(pairs).copied()))
    }

    #[test]
    fn relay_needs_tls_beyond_loopback() {
        assert!(read(&[]).is_ok());
        for name in ["FOOTLIGHT_RELAY_LISTEN", "FOOTLIGHT_RELAY_INGEST"] {
            let error = read(&[(name, "0.0.0.0:3101")]).err().expect("refused");
            assert!(error.to_string().starts_with(name), "{error}");
            let tls = [(name, "0.0.0.0:3101"), ("FOOTLIGHT_RELAY_TLS_CERT", "c.pem"), ("FOOTLIGHT_RELAY_TLS_KEY", "k.pem")];
            assert!(read(&tls).is_ok());
        }
        assert!(read(&[("FOOTLIGHT_RELAY_TLS_CERT", "c.pem")]).is_err(), "a certificate without its key");
    }

    #[test]
    fn malformed_relay_variable_is_named() {
        for (name, value) in
            [("FOOTLIGHT_RELAY_SECRET", "short"), ("FOOTLIGHT_HOLD", "soon"), ("FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS", "nowhere")]
        {
            let error = read(&[(name, value)]).err().expect(name).to_string();
            assert!(error.starts_with(name) && !error.contains(value), "{error}");
        }
    }
}
