//! The task of a job: whatever happens to it, its egress has ended afterwards.

use crate::egress::{
    counters::Counters,
    egress_info::{Failure, SharedEgressInfo},
    state_store::is_over,
};
use livekit_protocol::EgressStatus;

/// Runs a job to its end. A job that panics, or returns without having ended its egress, ends it as failed.
pub async fn run_to_end(job: impl Future<Output = ()> + Send + 'static, shared_info: &SharedEgressInfo, counters: &Counters) {
    if let Err(error) = tokio::spawn(job).await {
        tracing::error!(egress = shared_info.snapshot().egress_id, %error, "egress task panicked");
    }
    if !is_over(&shared_info.snapshot()) {
        counters.ended(EgressStatus::EgressFailed, None);
        shared_info.fail(&Failure::internal("a defect in the egress worker ended this egress: see the worker's log"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::{request::EgressRequest, state_store::StateStore, webhook_sender::WebhookSender};
    use livekit_protocol::{StreamOutput, WebEgressRequest};
    use std::sync::Arc;

    #[tokio::test]
    async fn panicked_job_ends_its_egress_as_failed() {
        // Another test may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        let state_store = Arc::new(StateStore::open(folder.path(), None).expect("a store"));
        let sender = WebhookSender::new(Vec::new(), "key".to_owned(), "secret".to_owned()).expect("a sender");
        let page = url::Url::parse("http://127.0.0.1:3000/page").expect("an address");
        let output = StreamOutput { urls: vec!["rtmp://127.0.0.1/live/k".to_owned()], ..Default::default() };
        let request = WebEgressRequest { url: page.to_string(), stream_outputs: vec![output], ..Default::default() };
        let request = EgressRequest::from_web(request, &page.origin()).expect("a request");
        let counters = Counters::new(false);
        let create = |id: &str| {
            let queue = sender.queue(&tokio_util::task::TaskTracker::new());
            SharedEgressInfo::create(id.to_owned(), &request, Arc::clone(&state_store), queue)
        };
        let (panics, returns, completes) = (create("EG_1"), create("EG_2"), Arc::new(create("EG_3")));
        run_to_end(async { panic!("polled after completion") }, &panics, &counters).await;
        run_to_end(async {}, &returns, &counters).await;
        let job = Arc::clone(&completes);
        run_to_end(async move { job.complete() }, &completes, &counters).await;
        for info in [&panics, &returns].map(SharedEgressInfo::snapshot) {
            assert_eq!((info.status, info.error_code), (EgressStatus::EgressFailed as i32, 500), "{info:?}");
            assert!(info.error.contains("see the worker's log") && info.ended_at > 0, "{info:?}");
        }
        assert_eq!(completes.snapshot().status, EgressStatus::EgressComplete as i32);
        assert!(counters.render().contains("footlight_egress_ended_total{status=\"EGRESS_FAILED\"} 2"), "{}", counters.render());
        let stored = state_store.all().expect("stored");
        assert!(stored.len() == 3 && stored.iter().all(is_over), "{stored:?}");
    }
}
