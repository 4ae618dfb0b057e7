//! HTTP clients for our own parts and for addresses that were checked.

use rustls::ClientConfig;

/// A client for relay, egress, LiveKit and hooks whose address was checked. It connects directly: a proxy that the environment names
/// would see secrets, tokens and stream keys. The only place that makes such clients.
pub fn direct_client(tls: ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tls;
    use tokio::{io::AsyncReadExt, net::TcpListener};

    /// Every request to our own parts goes to the address that it names, and never to a proxy.
    #[tokio::test]
    async fn a_direct_client_goes_where_it_is_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/shows/x", listener.local_addr().expect("bound"));
        let client = direct_client(tls::client()).build().expect("a client");
        let sent = tokio::spawn(client.put(url).bearer_auth("canary").send());
        let (mut stream, _) = listener.accept().await.expect("called");
        let mut head = [0; 15];
        stream.read_exact(&mut head).await.expect("a request");
        // A proxy would be asked for the whole address.
        assert_eq!(&head, b"PUT /shows/x HT");
        sent.abort();
    }
}
