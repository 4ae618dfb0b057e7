//! Who may read `/metrics` and the details of `/readyz`: this machine, listed networks, and who has the token.

use super::{Secret, list, secret};
use crate::config::env::{ConfigError, Env};
use std::net::IpAddr;

/// Who may read metrics from elsewhere; this machine always may.
#[derive(Debug, Clone, Default)]
pub struct MetricsAccess {
    /// A bearer token (`FOOTLIGHT_METRICS_TOKEN`).
    pub token: Option<Secret>,
    /// Networks without one (`FOOTLIGHT_METRICS_NETWORKS`).
    pub networks: Vec<Network>,
}

/// An IP network such as `10.0.0.0/8`; a single address is one of full length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// Leading bits that count.
    length: u32,
}

impl MetricsAccess {
    pub(super) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        const SHAPE: &str = "networks such as 10.0.0.0/8, separated by commas";
        Ok(Self {
            token: env.get("FOOTLIGHT_METRICS_TOKEN").map(|_| secret(env, "FOOTLIGHT_METRICS_TOKEN", 16)).transpose()?,
            networks: list(env, "FOOTLIGHT_METRICS_NETWORKS", SHAPE, Network::parse)?,
        })
    }

    /// Whether a caller at this address needs no token.
    pub fn is_near(&self, address: IpAddr) -> bool {
        address.is_loopback() || self.networks.iter().any(|network| network.contains(address))
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address = address.parse::<IpAddr>().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Some(longest), |length| length.parse().ok())?;
        (length <= longest).then_some(Self { address, length })
    }

    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = (own.to_bits() ^ other.to_bits()).leading_zeros();
                differing >= self.length
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = (own.to_bits() ^ other.to_bits()).leading_zeros();
                differing >= self.length
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses_and_no_others() {
        let access = |networks: &str| MetricsAccess::from_env(&Env::of_pairs([("FOOTLIGHT_METRICS_NETWORKS", networks)]));
        let near = access("10.0.0.0/8, 192.0.2.7, fd00::/8").expect("networks");
        for (address, expected) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("10.255.1.2", true),
            ("11.0.0.1", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("fd12::1", true),
            ("fe80::1", false),
        ] {
            assert_eq!(near.is_near(address.parse().expect(address)), expected, "{address}");
        }
        assert!(access("0.0.0.0/0").expect("all").is_near("203.0.113.9".parse().expect("an address")));
        assert!(!access("").expect("none").is_near("10.0.0.1".parse().expect("an address")));
        for malformed in ["10.0.0.0/33", "::/129", "10.0.0/8", "metrics.example", "10.0.0.0/"] {
            let error = access(malformed).expect_err(malformed).to_string();
            assert!(error.starts_with("FOOTLIGHT_METRICS_NETWORKS"), "{error}");
        }
    }
}
