//! A certificate authority of the studio's own, for a home network: it is made at the first start and signs for one host only, so that
//! whoever trusts it trusts nothing else with it. Its key stays in the data folder.

use super::Certificates;
use crate::{
    config::folder::{make_private, write_private},
    net::{
        certificate::{self, Validity},
        clock,
    },
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
        let (certificate, key) = (folder.join("authority.crt"), folder.join("authority.key"));
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
        let mut about = CertificateParams::new([self.host.clone()])?;
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
        let is_fresh = |shown: &Arc<CertifiedKey>| Validity::of(shown).is_ok_and(|validity| validity.renewal() > clock::seconds());
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
    let now = clock::seconds();
    let at = |days: i64| OffsetDateTime::from_unix_timestamp(now + days * DAY_S);
    Ok((at(-BACKDATED_DAYS)?, at(days)?))
}
