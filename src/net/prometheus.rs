//! Metrics through the `metrics` crate, published in Prometheus' text format.

use metrics::{describe_counter, describe_gauge, describe_histogram};
pub use metrics_exporter_prometheus::PrometheusHandle;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};

/// What a metric is, as Prometheus knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Counter,
    /// Stands at a value.
    Gauge,
    /// Times, in buckets: read as `_bucket`, `_sum` and `_count`.
    Histogram,
}

/// Name, kind and help text.
pub type Description = (&'static str, Kind, &'static str);

/// The metrics of one component. Several can be in one process, because nothing is recorded globally unless it is installed.
pub struct Registry {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl Registry {
    /// An empty registry. Histograms have the buckets given for their name; without, they are published as summaries.
    pub fn new(descriptions: &[Description], buckets: &[(&str, &[f64])]) -> Self {
        let builder = buckets.iter().fold(PrometheusBuilder::new(), |builder, (name, bounds)| {
            builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), bounds).expect("the lists of buckets are not empty")
        });
        let recorder = builder.build_recorder();
        let registry = Self { handle: recorder.handle(), recorder };
        registry.record(|| {
            for (name, kind, words) in descriptions {
                match kind {
                    Kind::Counter => describe_counter!(*name, *words),
                    Kind::Gauge => describe_gauge!(*name, *words),
                    Kind::Histogram => describe_histogram!(*name, *words),
                }
            }
        });
        registry
    }

    /// Runs `record`; the `metrics` macros in it write to this registry.
    pub fn record<T>(&self, record: impl FnOnce() -> T) -> T {
        metrics::with_local_recorder(&self.recorder, record)
    }

    /// Everything in Prometheus' text format.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Makes it the recorder of the whole process. If there is one already, nothing is ever recorded in this one.
    pub fn install(self) -> PrometheusHandle {
        let _ = metrics::set_global_recorder(self.recorder);
        self.handle
    }
}
