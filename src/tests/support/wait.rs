//! Waiting for something to happen, and ports that nobody uses.

use std::{fmt::Debug, net::TcpListener, time::Duration};
use tokio::time::{Instant, sleep};

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// What a look found, or what is there instead.
pub trait Look {
    type Found;
    fn found(self) -> Result<Self::Found, String>;
}

impl Look for bool {
    type Found = ();
    fn found(self) -> Result<(), String> {
        self.then_some(()).ok_or_else(String::new)
    }
}

impl<T> Look for Option<T> {
    type Found = T;
    fn found(self) -> Result<T, String> {
        self.ok_or_else(String::new)
    }
}

impl<T, E: Debug> Look for Result<T, E> {
    type Found = T;
    fn found(self) -> Result<T, String> {
        self.map_err(|instead| format!("\n{instead:#?}"))
    }
}

/// Looks again and again until it finds what is expected, for so many seconds at most.
pub async fn until<F: Future<Output: Look>>(what: &str, seconds: u64, mut look: impl FnMut() -> F) -> <F::Output as Look>::Found {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        match look().await.found() {
            Ok(found) => return found,
            Err(instead) => assert!(Instant::now() < deadline, "waited {seconds} s for: {what}{instead}"),
        }
        sleep(PAUSE).await;
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}
