//! Certificates of TLS servers: read from PEM, checked against the host that they are for and against the time.

use crate::net::clock;
use anyhow::Context as _;
use rustls::{client::verify_server_name, crypto::ring, server::ParsedCertificate, sign::CertifiedKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use std::{path::Path, sync::Arc};
use time::OffsetDateTime;
use x509_parser::parse_x509_certificate;

/// Reads a chain (leaf first) and its key from two PEM files.
///
/// # Errors
/// A file is missing or malformed, or they do not fit together.
pub fn read(certificate: &Path, key: &Path) -> anyhow::Result<Arc<CertifiedKey>> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("the certificate {} cannot be read", certificate.display()))?;
    let private = PrivateKeyDer::from_pem_file(key).with_context(|| format!("the key {} cannot be read", key.display()))?;
    certified(chain, private)
        .with_context(|| format!("the certificate {} and the key {} do not fit together", certificate.display(), key.display()))
}

/// A chain (leaf first) with its key.
///
/// # Errors
/// There is no certificate, or the key does not belong to the first one.
pub fn certified(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> anyhow::Result<Arc<CertifiedKey>> {
    anyhow::ensure!(!chain.is_empty(), "there is no certificate");
    Ok(Arc::new(CertifiedKey::from_der(chain, key, &ring::default_provider())?))
}

/// The machine's time, in seconds since the Unix epoch, as certificates count it.
pub fn now() -> i64 {
    clock::wall().as_millis() / 1000
}

/// From when to when a certificate is valid, in seconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    pub from: i64,
    pub until: i64,
}

impl Validity {
    /// That of the first certificate of a chain.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of(certified: &CertifiedKey) -> anyhow::Result<Self> {
        let leaf = certified.cert.first().context("there is no certificate")?;
        Self::of_der(leaf).context("the certificate cannot be read")
    }

    /// That of one certificate; `None` if it is none.
    pub fn of_der(der: &[u8]) -> Option<Self> {
        let (_, certificate) = parse_x509_certificate(der).ok()?;
        let validity = certificate.validity();
        Some(Self { from: validity.not_before.timestamp(), until: validity.not_after.timestamp() })
    }

    /// When it should be replaced: with a third of its time left.
    pub const fn renewal(self) -> i64 {
        self.until - (self.until - self.from) / 3
    }

    pub fn has_ended(self) -> bool {
        self.until <= now()
    }

    /// The day on which it ends, as `2026-11-30`.
    pub fn last_day(self) -> String {
        OffsetDateTime::from_unix_timestamp(self.until).map_or_else(|_| "an unknown day".to_owned(), |until| until.date().to_string())
    }
}

/// Whether a chain's first certificate is for `host`, a name or an IP address.
///
/// # Errors
/// It is for other hosts.
pub fn is_for(certified: &CertifiedKey, host: &str) -> anyhow::Result<()> {
    let leaf = certified.cert.first().context("there is no certificate")?;
    let name = ServerName::try_from(host).with_context(|| format!("{host} is no host of a certificate"))?;
    let leaf = ParsedCertificate::try_from(leaf).context("the certificate cannot be read")?;
    verify_server_name(&leaf, &name).with_context(|| format!("the certificate is not for {host}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};

    fn made(host: &str, until: i32) -> Arc<CertifiedKey> {
        let mut about = CertificateParams::new([host.to_owned()]).expect("a host");
        (about.not_before, about.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(until, 1, 1));
        let key = KeyPair::generate().expect("a key");
        let certificate = about.self_signed(&key).expect("signed");
        certified(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).expect("a key")).expect("they fit")
    }

    #[test]
    fn a_certificate_is_for_its_own_hosts() {
        let studio = made("studio.example", 2020 + 90);
        is_for(&studio, "studio.example").expect("its name");
        for other in ["www.studio.example", "192.168.1.20", "not a host"] {
            let error = is_for(&studio, other).expect_err(other).to_string();
            assert!(error.contains(other), "{error}");
        }
        is_for(&made("192.168.1.20", 2090), "192.168.1.20").expect("its address");
        is_for(&made("fd00::20", 2090), "fd00::20").expect("its address");
    }

    #[test]
    fn it_is_replaced_with_a_third_of_its_time_left() {
        let validity = Validity::of(&made("studio.example", 2023)).expect("readable");
        assert!(validity.has_ended());
        assert_eq!(validity.last_day(), "2023-01-01");
        assert_eq!(validity.renewal() - validity.from, (validity.until - validity.renewal()) * 2);
        assert!(!Validity::of(&made("studio.example", 2090)).expect("readable").has_ended());
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let key = KeyPair::generate().expect("a key").serialize_der();
        let key = PrivateKeyDer::try_from(key).expect("a key");
        assert!(certified(made("studio.example", 2090).cert.clone(), key).is_err());
    }
}
