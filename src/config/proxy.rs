//! What of the environment's HTTP proxies is honoured. Our own parts are called directly, and so is all that is not encrypted: a proxy
//! would see secrets, tokens and stream keys. The libraries that call LiveKit read these variables themselves, so the exceptions
//! are put where they look: in `NO_PROXY`.

use super::env::Env;
use url::Url;

/// Variables that name a proxy.
const PROXIES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// Variables that name exceptions; libraries differ in which they read.
pub const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];
/// This machine by every name.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.0/8", "::1"];

/// What [`EXCEPTIONS`] must be; `None` if no proxy is named, or they are so already.
pub fn exceptions(env: &Env) -> Option<String> {
    if !PROXIES.iter().any(|name| env.get(name).is_some()) {
        return None;
    }
    let given = |name| env.get(name).unwrap_or_default();
    let mut all: Vec<String> = Vec::new();
    let wanted = EXCEPTIONS.iter().flat_map(|name| given(name).split(',').map(str::trim)).map(str::to_owned);
    for entry in wanted.chain(LOOPBACK.map(str::to_owned)).chain(own_parts(env)) {
        if !entry.is_empty() && !all.contains(&entry) {
            all.push(entry);
        }
    }
    let all = all.join(",");
    EXCEPTIONS.iter().any(|name| given(name) != all).then_some(all)
}

/// The hosts of relay and egress, and LiveKit's where it is reached without TLS.
fn own_parts(env: &Env) -> impl Iterator<Item = String> {
    let host = |name: &'static str, encrypted_too: bool| {
        let url = Url::parse(env.get(name)?).ok().filter(|url| encrypted_too || matches!(url.scheme(), "ws" | "http"))?;
        Some(url.host_str()?.trim_matches(['[', ']']).to_owned())
    };
    [host("FOOTLIGHT_RELAY_URL", true), host("FOOTLIGHT_EGRESS_URL", true), host("LIVEKIT_URL", false)].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_parts_and_whatever_is_not_encrypted_are_no_business_of_a_proxy() {
        let of = |pairs: &[(&str, &str)]| exceptions(&Env::of_pairs(pairs.iter().copied()));
        assert_eq!(of(&[("FOOTLIGHT_RELAY_URL", "https://relay.example")]), None, "without a proxy nothing is to do");
        let proxy = ("http_proxy", "http://proxy.example:3128");
        let loopback = "localhost,127.0.0.0/8,::1";
        assert_eq!(of(&[proxy]), Some(loopback.to_owned()));
        let parts = [("FOOTLIGHT_RELAY_URL", "https://relay.example:3101"), ("FOOTLIGHT_EGRESS_URL", "https://egress.example"), proxy];
        assert_eq!(of(&parts), Some(format!("{loopback},relay.example,egress.example")));
        assert_eq!(of(&[proxy, ("LIVEKIT_URL", "ws://livekit.internal:7880")]), Some(format!("{loopback},livekit.internal")));
        assert_eq!(of(&[proxy, ("LIVEKIT_URL", "wss://project.livekit.cloud")]), Some(loopback.to_owned()), "TLS may pass a proxy");
        let given = [proxy, ("NO_PROXY", "intranet.example")];
        let all = of(&given).expect("more is needed");
        assert_eq!(all, format!("intranet.example,{loopback}"));
        assert_eq!(of(&[proxy, ("NO_PROXY", &all), ("no_proxy", &all)]), None, "done once");
    }
}
