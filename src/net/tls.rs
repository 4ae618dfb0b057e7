//! The TLS configuration of outgoing connections: ring, with the public web roots.

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::{path::Path, sync::Arc};

/// Trusts the public certificate authorities.
pub fn client() -> ClientConfig {
    trusting(Vec::new()).expect("the public authorities are sound")
}

/// The same for a server whose certificate comes from an authority of the operator's own, in a PEM file.
///
/// # Errors
/// The file cannot be read, or holds no certificate.
pub fn client_trusting(file: &Path) -> anyhow::Result<ClientConfig> {
    let found = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>)?;
    anyhow::ensure!(!found.is_empty(), "no certificate in it");
    Ok(trusting(found)?)
}

fn trusting(authorities: Vec<CertificateDer<'static>>) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    authorities.into_iter().try_for_each(|authority| roots.add(authority))?;
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth())
}
