//! A certificate authority of the studio's own, for a home network: it is made at the first start and signs for one host only, so that
//! whoever trusts it trusts nothing else with it. Its key stays in the data folder.

use super::Certificates;
use crate::{
    config::{
        folder::{make_private, write_private},
        public_address::AUTHORITY_CERTIFICATE,
    },
    net::certificate::{self, Validity},
};
use anyhow::Context as _;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints,
};
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _};
use sha2::{Digest as _, Sha256};
use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use time::OffsetDateTime;

const DAY_S: i64 = 24 * 3600;
/// Phones are told once to trust it.
const AUTHORITY_DAYS: i64 = 20 * 365;
/// Apple's systems take no longer ones than 825 days, from any authority.
const LEAF_DAYS: i64 = 90;
/// Clocks in a home are not all right.
const BACKDATED_DAYS: i64 = 2;
const LOOK_EVERY: Duration = Duration::from_hours(1);

pub struct Authority {
    host: String,
    file: PathBuf,
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Authority {
    /// Reads the authority for `host` (a name or an IP address) from its folder, or makes it.
    ///
    /// # Errors
    /// The folder cannot be used, or what is in it is damaged.
    pub fn open(folder: &Path, host: &str) -> anyhow::Result<Self> {
        let folder = folder.join(host);
        make_private(&folder)?;
        let (certificate, key) = (folder.join(AUTHORITY_CERTIFICATE), folder.join("authority.key"));
        if !certificate.exists() {
            make(host, &certificate, &key)?;
        }
        let read = || -> anyhow::Result<Self> {
            let authority = CertificateDer::from_pem_file(&certificate)?;
            let key = KeyPair::from_pem(&fs::read_to_string(&key)?)?;
            let private = PrivatePkcs8KeyDer::from(key.serialize_der());
            certificate::certified(vec![authority.clone()], PrivateKeyDer::Pkcs8(private))?;
            Ok(Self { host: host.to_owned(), file: certificate.clone(), certificate: authority, key })
        };
        read().with_context(|| format!("the local authority in {} is damaged: remove that folder, and a new one is made", folder.display()))
    }

    /// The certificate that devices are told to trust.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The same certificate as a PEM file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// By which people tell it from any other: the SHA-256 of the certificate, as devices show it.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(&self.certificate);
        digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }

    /// The name under which devices list it.
    pub fn name(&self) -> String {
        name(&self.host, &self.key)
    }

    /// A fresh certificate for the host.
    ///
    /// # Errors
    /// It cannot be signed.
    pub fn issue(&self) -> anyhow::Result<Arc<CertifiedKey>> {
        self.issue_for(&self.host)
    }

    fn issue_for(&self, host: &str) -> anyhow::Result<Arc<CertifiedKey>> {
        let mut about = CertificateParams::new([host.to_owned()])?;
        // No host name: OpenSSL would hold it against what the authority may sign.
        about.distinguished_name.push(DnType::CommonName, "Footlight studio");
        (about.not_before, about.not_after) = lasting(LEAF_DAYS)?;
        about.use_authority_key_identifier_extension = true;
        about.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        about.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let leaf = about.signed_by(&key, &Issuer::new(about_authority(&self.host, &self.key)?, &self.key))?;
        let chain = vec![leaf.der().clone(), self.certificate.clone()];
        certificate::certified(chain, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))
    }
}

/// Shows a fresh certificate when the one that is shown has a third of its time left.
pub async fn renew(authority: Arc<Authority>, certificates: Arc<Certificates>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let is_fresh = |shown: &Arc<CertifiedKey>| Validity::of(shown).is_ok_and(|validity| validity.renewal() > certificate::now());
        if certificates.current.read().as_ref().is_some_and(is_fresh) {
            continue;
        }
        match authority.issue() {
            Ok(fresh) => certificates.show(fresh),
            Err(error) => tracing::error!(error = format!("{error:#}"), "the certificate cannot be renewed"),
        }
    }
}

/// The key is written first: a certificate that is there has its key.
fn make(host: &str, certificate: &Path, key: &Path) -> anyhow::Result<()> {
    let pair = KeyPair::generate()?;
    let made = about_authority(host, &pair)?.self_signed(&pair)?;
    write_private(key, &pair.serialize_pem())?;
    write_private(certificate, &made.pem())
}

fn about_authority(host: &str, key: &KeyPair) -> anyhow::Result<CertificateParams> {
    let mut about = CertificateParams::default();
    about.distinguished_name.push(DnType::CommonName, name(host, key));
    (about.not_before, about.not_after) = lasting(AUTHORITY_DAYS)?;
    about.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    about.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    about.name_constraints = Some(only(host));
    Ok(about)
}

/// Two studios at one address, one after the other, have different names.
fn name(host: &str, key: &KeyPair) -> String {
    format!("Footlight at {host} ({})", hex::encode(&Sha256::digest(key.public_key_raw())[..4]))
}

/// What is not permitted of a kind that has an entry is refused; a kind without one would be free.
fn only(host: &str) -> NameConstraints {
    match host.parse::<IpAddr>() {
        Ok(ip) => NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(ip, if ip.is_ipv4() { 32 } else { 128 }))],
            excluded_subtrees: vec![GeneralSubtree::DnsName(String::new())],
        },
        Err(_) => NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName(host.to_owned())],
            excluded_subtrees: [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()]
                .map(|ip| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(ip, 0)))
                .into(),
        },
    }
}

fn lasting(days: i64) -> anyhow::Result<(OffsetDateTime, OffsetDateTime)> {
    let now = certificate::now();
    let at = |days: i64| OffsetDateTime::from_unix_timestamp(now + days * DAY_S);
    Ok((at(-BACKDATED_DAYS)?, at(days)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{
        RootCertStore,
        client::{WebPkiServerVerifier, danger::ServerCertVerifier},
        crypto::ring,
    };
    use rustls_pki_types::{ServerName, UnixTime};
    use std::os::unix::fs::PermissionsExt as _;

    /// As a device that trusts this authority and nothing else.
    fn verify(authority: &Authority, shown: &CertifiedKey, host: &str) -> Result<(), rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.certificate().clone()).expect("an authority");
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(ring::default_provider())).build();
        let name = ServerName::try_from(host).expect("a host").to_owned();
        verifier.expect("a verifier").verify_server_cert(&shown.cert[0], &shown.cert[1..], &name, &[], UnixTime::now()).map(drop)
    }

    #[test]
    fn a_device_that_trusts_the_authority_trusts_it_for_this_host_only() {
        let folder = tempfile::tempdir().expect("a folder");
        for (host, others) in [
            ("192.168.1.20", ["192.168.1.21", "fd00::20", "bank.example"]),
            ("fd00::20", ["fd00::21", "192.168.1.20", "bank.example"]),
            ("studio.lan", ["bank.example", "192.168.1.20", "fd00::20"]),
        ] {
            let authority = Authority::open(folder.path(), host).expect("made");
            verify(&authority, &authority.issue().expect("signed"), host).expect(host);
            for other in others {
                let stolen = authority.issue_for(other).expect("signed");
                assert!(verify(&authority, &stolen, other).is_err(), "the authority for {host} signs for {other}");
            }
        }
    }

    #[test]
    fn the_authority_is_made_once_and_its_key_is_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = |host: &str| Authority::open(folder.path(), host).expect("opened");
        let first = open("studio.lan");
        assert_eq!((open("studio.lan").fingerprint(), open("studio.lan").name()), (first.fingerprint(), first.name()));
        assert_ne!(open("192.168.1.20").fingerprint(), first.fingerprint(), "another address, another authority");
        verify(&first, &open("studio.lan").issue().expect("signed"), "studio.lan").expect("after a restart");
        let key = folder.path().join("studio.lan/authority.key");
        assert_eq!(fs::metadata(&key).expect("there").permissions().mode() & 0o777, 0o600);
        fs::write(&key, KeyPair::generate().expect("a key").serialize_pem()).expect("written");
        let error = Authority::open(folder.path(), "studio.lan").err().expect("the key of another").to_string();
        assert!(error.contains("damaged") && error.contains("studio.lan"), "{error}");
    }

    #[test]
    fn leaves_are_renewed_in_time_and_short_enough_for_phones() {
        let folder = tempfile::tempdir().expect("a folder");
        let validity =
            Validity::of(&Authority::open(folder.path(), "studio.lan").expect("made").issue().expect("signed")).expect("readable");
        let days = |seconds: i64| seconds / DAY_S;
        assert_eq!(days(validity.until - validity.from), LEAF_DAYS + BACKDATED_DAYS);
        assert!(days(validity.until - validity.renewal()) >= 30 && validity.renewal() > certificate::now());
    }
}
