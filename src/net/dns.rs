//! Name look-ups, a few at once. Each holds one of the process's blocking threads until the resolver gives up, whether its caller
//! still waits or not; files and passwords need these threads too.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, LazyLock},
    time::Duration,
};
use tokio::sync::Semaphore;

/// Of tokio's 512 blocking threads.
static PLACES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(32)));

/// The addresses of a host.
///
/// # Errors
/// The name does not resolve, or not in time: `TimedOut`, also where too many look-ups are under way.
pub async fn look_up(host: &str, port: u16, within: Duration) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let host = host.to_owned();
    let looked_up = async {
        let permit = Arc::clone(&PLACES).acquire_owned().await.map_err(io::Error::other)?;
        let task = tokio::spawn(async move {
            let found = tokio::net::lookup_host((host.as_str(), port)).await.map(Iterator::collect);
            drop(permit);
            found
        });
        task.await.map_err(io::Error::other)?
    };
    tokio::time::timeout(within, looked_up).await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_is_its_own_answer() {
        let found = look_up("2001:db8::1", 443, Duration::ZERO).await.expect("at once");
        assert_eq!(found, [SocketAddr::new("2001:db8::1".parse().expect("an address"), 443)]);
    }

    #[tokio::test]
    async fn look_ups_beyond_the_bound_wait() {
        let held = PLACES.acquire_many(32).await.expect("free");
        let error = look_up("localhost", 80, Duration::from_millis(20)).await.expect_err("no place");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(held);
        let found = look_up("localhost", 80, Duration::from_secs(10)).await.expect("a place");
        assert!(found.iter().all(|address| address.ip().is_loopback()), "{found:?}");
    }
}
