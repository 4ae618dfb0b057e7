//! Configuration of logs and traces.

use super::env::{ConfigError, Env};
use url::Url;

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    /// One JSON object per line.
    Json,
}

#[derive(Debug, Clone)]
pub struct TelemetryConfig {
    /// Set by `FOOTLIGHT_LOG_FORMAT`.
    pub format: LogFormat,
    /// Service name of traces: `OTEL_SERVICE_NAME`, else `footlight-` and the role.
    pub service: String,
    /// Where spans are sent by OTLP over HTTP: `OTEL_EXPORTER_OTLP_ENDPOINT` with `/v1/traces`. Off if absent.
    pub traces: Option<Url>,
}

impl TelemetryConfig {
    /// Reads the configuration.
    ///
    /// # Errors
    /// A variable is malformed.
    pub fn from_env(env: &Env, role: &str) -> Result<Self, ConfigError> {
        const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
        let format = match env.get("FOOTLIGHT_LOG_FORMAT") {
            None | Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(_) => return Err(Env::malformed("FOOTLIGHT_LOG_FORMAT", "text or json")),
        };
        let traces = env
            .get(ENDPOINT)
            .map(|text| {
                // The OTLP exporter specification: a base address, to which the signal's path is added.
                let base = format!("{}/v1/traces", text.trim_end_matches('/'));
                let url = Url::parse(&base).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
                url.ok_or_else(|| {
                    Env::malformed(ENDPOINT, "the base address of a collector that takes OTLP over HTTP, such as http://127.0.0.1:4318")
                })
            })
            .transpose()?;
        let service = env.get("OTEL_SERVICE_NAME").map_or_else(|| format!("footlight-{role}"), str::to_owned);
        Ok(Self { format, service, traces })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<TelemetryConfig, ConfigError> {
        TelemetryConfig::from_env(&Env::of_pairs(pairs.iter().copied()), "serve")
    }

    #[test]
    fn nothing_is_sent_anywhere_unless_it_is_asked_for() {
        let config = of(&[]).expect("defaults");
        assert_eq!((config.format, config.service.as_str(), config.traces), (LogFormat::Text, "footlight-serve", None));
    }

    #[test]
    fn a_collector_is_named_by_its_base() {
        for base in ["http://127.0.0.1:4318", "http://127.0.0.1:4318/"] {
            let config = of(&[("OTEL_EXPORTER_OTLP_ENDPOINT", base), ("FOOTLIGHT_LOG_FORMAT", "json")]).expect("well-formed");
            assert_eq!(config.traces.expect("a collector").as_str(), "http://127.0.0.1:4318/v1/traces");
            assert_eq!(config.format, LogFormat::Json);
        }
    }

    #[test]
    fn a_malformed_value_is_refused_by_its_name() {
        for (name, value) in [("FOOTLIGHT_LOG_FORMAT", "xml"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")] {
            let refused = of(&[(name, value)]).expect_err("malformed").to_string();
            assert!(refused.contains(name), "{refused}");
            assert!(!refused.contains(value), "{refused}");
        }
    }
}
