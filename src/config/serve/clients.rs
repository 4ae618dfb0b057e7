//! Whether clients can be distinguished by their addresses.

use super::ServeConfig;

impl ServeConfig {
    /// A sentence for the operator where they cannot: TLS ends at a proxy, and none is trusted.
    pub fn proxy_warning(&self) -> Option<&'static str> {
        let unnamed = self.is_https() && self.trusted_proxies.is_empty();
        unnamed.then_some(
            "PUBLIC_APP_URL is https, so a proxy stands in front, and FOOTLIGHT_TRUSTED_PROXIES names none: all clients count as one and \
             share its rate limits. Set it to the proxy's address.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::with;

    #[test]
    fn a_proxy_that_is_not_named_is_warned_of() {
        let warning = |extra: &[(&str, &str)]| with(extra).expect("complete").proxy_warning();
        let https = ("PUBLIC_APP_URL", "https://studio.example");
        assert!(warning(&[https]).is_some_and(|words| words.contains("FOOTLIGHT_TRUSTED_PROXIES")));
        assert_eq!(warning(&[https, ("FOOTLIGHT_TRUSTED_PROXIES", "10.0.0.1")]), None);
        assert_eq!(warning(&[]), None, "loopback");
    }
}
