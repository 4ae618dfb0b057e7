//! Health checks of roles: plain HTTP on loopback, so no client library is needed.

use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// The health endpoint of a role.
#[derive(Debug, Clone, Copy)]
pub(super) struct Health {
    pub(super) address: SocketAddr,
    /// The path that returns 200.
    pub(super) path: &'static str,
}

impl Health {
    /// Whether it returns 200 within two seconds.
    pub(super) async fn is_healthy(self) -> bool {
        matches!(timeout(Duration::from_secs(2), self.ask()).await, Ok(Ok(true)))
    }

    async fn ask(self) -> std::io::Result<bool> {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("GET {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n", self.path).as_bytes()).await?;
        let mut status = [0u8; 12];
        stream.read_exact(&mut status).await?;
        Ok(status.ends_with(b" 200"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn health_check_needs_status_200() {
        for (answer, well) in [("HTTP/1.1 200 OK\r\n\r\n", true), ("HTTP/1.1 503 No\r\n\r\n", false), ("", false)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("bound");
            let server = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.expect("a caller");
                let mut request = [0u8; 256];
                let _ = stream.read(&mut request).await;
                stream.write_all(answer.as_bytes()).await.expect("answered");
            });
            assert_eq!(Health { address, path: "/healthz" }.is_healthy().await, well, "{answer:?}");
            server.await.expect("server");
        }
    }
}
