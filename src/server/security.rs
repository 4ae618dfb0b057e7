//! Security towards others: same-origin checks, clients of our own parts, TLS roots.

use crate::{
    api::error::{ApiError, ErrorCode},
    config::serve::ServeConfig,
};
use axum::http::{HeaderMap, HeaderValue, header};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::{path::Path, sync::Arc};

/// Refuses a request that another site's page sent: browsers name that site in `Origin`.
/// Requests without it come from no page, and carry no cookie of ours by accident (`SameSite=Strict`).
///
/// # Errors
/// The origin is not ours.
pub fn same_origin(headers: &HeaderMap, config: &ServeConfig) -> Result<(), ApiError> {
    let foreign = || ApiError::new(ErrorCode::Forbidden, "This request came from another site and was refused.");
    match headers.get(header::ORIGIN).map(HeaderValue::to_str) {
        None => Ok(()),
        Some(Ok(origin)) if origin == config.app_url => Ok(()),
        Some(_) => Err(foreign()),
    }
}

/// A client for our own parts: relay, egress, LiveKit, hooks whose address was checked. It connects directly: a proxy that the
/// environment names would be told secrets, tokens and stream keys. The only place that makes such clients.
pub fn direct_client(tls: rustls::ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy()
}

/// The TLS configuration of outgoing connections: ring, with the public web roots.
pub fn tls() -> rustls::ClientConfig {
    trusting(Vec::new()).expect("the public authorities are sound")
}

/// The same for a server whose certificate comes from an authority of the operator's own, in a PEM file.
///
/// # Errors
/// The file cannot be read, or holds no certificate.
pub fn tls_trusting(file: &Path) -> anyhow::Result<rustls::ClientConfig> {
    let found = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>)?;
    anyhow::ensure!(!found.is_empty(), "no certificate in it");
    Ok(trusting(found)?)
}

fn trusting(authorities: Vec<CertificateDer<'static>>) -> Result<rustls::ClientConfig, rustls::Error> {
    let mut roots = rustls::RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    authorities.into_iter().try_for_each(|authority| roots.add(authority))?;
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{io::AsyncReadExt, net::TcpListener};

    /// Every request to our own parts goes to the address that it names, and never to a proxy.
    #[tokio::test]
    async fn a_direct_client_goes_where_it_is_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/shows/x", listener.local_addr().expect("bound"));
        let client = direct_client(tls()).build().expect("a client");
        let sent = tokio::spawn(client.put(url).bearer_auth("canary").send());
        let (mut stream, _) = listener.accept().await.expect("called");
        let mut head = [0; 15];
        stream.read_exact(&mut head).await.expect("a request");
        // A proxy would be asked for the whole address.
        assert_eq!(&head, b"PUT /shows/x HT");
        sent.abort();
    }
}
