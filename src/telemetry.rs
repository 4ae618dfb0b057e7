//! Logs and traces of a process: log lines on standard error, as text or JSON, and spans to an OTLP collector if
//! one is configured. Secrets cannot get into either: types that hold one print dots instead.

use crate::config::telemetry::{LogFormat, TelemetryConfig};
use anyhow::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use std::time::Duration;
use tracing::Subscriber;
use tracing_subscriber::{EnvFilter, Layer, filter::Targets, fmt::MakeWriter, layer::SubscriberExt, registry::LookupSpan};

/// How long a collector may take for a batch.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends the remaining spans when it is dropped. Keep it until the process ends.
#[derive(Debug)]
#[must_use = "spans that were not sent yet are lost without it"]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.take().map(|provider| provider.shutdown()) {
            tracing::warn!(%error, "the last spans were not sent to the collector");
        }
    }
}

/// Starts logs and traces for the whole process. Call it outside of a runtime, after the TLS provider is installed.
///
/// # Errors
/// The exporter cannot be created, or logging has been started already.
pub fn init(config: &TelemetryConfig) -> anyhow::Result<Telemetry> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    let (subscriber, telemetry) = subscriber(config, filter, std::io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).context("logging has been started already")?;
    Ok(telemetry)
}

/// The same as a subscriber, with its own filter and log writer.
///
/// # Errors
/// The exporter cannot be created.
pub fn subscriber<W>(
    config: &TelemetryConfig,
    filter: EnvFilter,
    log: W,
) -> anyhow::Result<(impl Subscriber + Send + Sync + use<W>, Telemetry)>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(log);
    let lines = match config.format {
        LogFormat::Text => lines.boxed(),
        // The innermost span's fields are added to each line, so that each has the request's id.
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
    };
    let provider = config.traces.as_ref().map(|url| provider(config, url.as_str())).transpose()?;
    let spans = provider.as_ref().map(spans);
    Ok((tracing_subscriber::registry().with(lines.with_filter(filter)).with(spans), Telemetry(provider)))
}

fn provider(config: &TelemetryConfig, endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .with_timeout(EXPORT_TIMEOUT)
        .build()
        .context("OTEL_EXPORTER_OTLP_ENDPOINT: the exporter cannot be created")?;
    let resource = Resource::builder().with_service_name(config.service.clone()).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// Exports only our own spans: those of libraries would include the export itself.
fn spans<S: Subscriber + for<'s> LookupSpan<'s>>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S> {
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("footlight"))
        .with_filter(Targets::new().with_target("footlight", tracing::Level::INFO))
}
