//! The TLS client configuration for webhooks and RTMPS outputs, with the public root certificates.

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::sync::Arc;

/// A client configuration with the public root certificates.
pub fn client_config() -> ClientConfig {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
