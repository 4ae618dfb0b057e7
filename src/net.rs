//! What the roles share towards the network: TLS of both sides, direct and guarded HTTP requests, name look-ups, the clock, LiveKit's webhook signature, metrics, systemd.
//! Knows no session, no store and no configuration.

pub mod certificate;
pub mod clock;
pub mod descriptors;
pub mod dns;
pub mod guarded_http;
pub mod http;
pub mod prometheus;
pub mod service_manager;
pub mod tls;
pub mod tls_error;
pub mod tls_listener;
pub mod webhook_signature;

/// An operating system error without its number.
pub fn os_message(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
