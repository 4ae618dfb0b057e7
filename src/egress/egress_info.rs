//! The public state of one egress. Every change is stored first and then sent as a webhook, in order.

use crate::{
    egress::{
        request::EgressRequest,
        state_store::StateStore,
        webhook_sender::{WebhookQueue, pending_webhook},
    },
    net::clock,
};
use livekit_protocol::{EgressInfo, EgressStatus, StreamInfo, StreamInfoList, egress_info, stream_info};
use parking_lot::Mutex;
use std::sync::Arc;

/// The public state of one egress.
pub struct SharedEgressInfo {
    state: Mutex<State>,
    state_store: Arc<StateStore>,
}

struct State {
    info: EgressInfo,
    /// Dropped with the last event, so that its task can end.
    queue: Option<WebhookQueue>,
}

/// Why an egress failed. LiveKit's error codes are HTTP status codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// 400 for the page, 503 for the outputs, 500 for our processes.
    pub code: i32,
    pub text: String,
    /// The process that crashed or hung, by its name in metrics.
    pub lost: Option<&'static str>,
}

impl Failure {
    /// A failure with its code.
    pub fn new(code: i32, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), lost: None }
    }

    /// One of our processes crashed or hangs.
    pub fn lost(process: &'static str, text: impl Into<String>) -> Self {
        Self { lost: Some(process), ..Self::internal(text) }
    }

    pub fn internal(text: impl Into<String>) -> Self {
        Self::new(500, text)
    }
}

impl SharedEgressInfo {
    /// Stores a new egress and announces it.
    pub fn create(egress_id: String, request: &EgressRequest, state_store: Arc<StateStore>, queue: WebhookQueue) -> Self {
        let now = clock::nanos();
        let info = EgressInfo {
            egress_id,
            started_at: now,
            updated_at: now,
            stream_results: request.outputs.iter().map(|output| StreamInfo { url: output.redacted(), ..Default::default() }).collect(),
            request: Some(request.echo.clone()),
            ..Default::default()
        };
        let shared_info = Self { state: Mutex::new(State { info, queue: Some(queue) }), state_store };
        shared_info.notify("egress_started", |_| ());
        shared_info
    }

    /// An egress of an earlier run that had not ended: it failed with that run.
    pub fn failed_by_restart(info: EgressInfo, state_store: Arc<StateStore>, queue: WebhookQueue) -> Self {
        let shared_info = Self { state: Mutex::new(State { info, queue: Some(queue) }), state_store };
        shared_info.fail(&Failure::internal("egress worker was killed and started again"));
        shared_info
    }

    /// An egress of an earlier run that had ended.
    pub fn already_ended(info: EgressInfo, state_store: Arc<StateStore>) -> Self {
        Self { state: Mutex::new(State { info, queue: None }), state_store }
    }

    /// A copy of the present state.
    pub fn snapshot(&self) -> EgressInfo {
        self.state.lock().info.clone()
    }

    /// Changes the state without a webhook.
    pub fn update_silently(&self, change: impl FnOnce(&mut EgressInfo)) -> EgressInfo {
        self.change(None, change)
    }

    /// Changes the state and sends a webhook.
    pub fn update(&self, change: impl FnOnce(&mut EgressInfo)) -> EgressInfo {
        self.change(Some("egress_updated"), change)
    }

    /// Sets the status to active.
    pub fn activate(&self) {
        self.update(|info| info.status = EgressStatus::EgressActive as i32);
    }

    /// Sets the status to ending, if it is active.
    pub fn start_ending(&self, reason: &str) -> EgressInfo {
        let before = self.snapshot();
        if before.status != EgressStatus::EgressActive as i32 {
            return before;
        }
        self.update(|info| {
            info.status = EgressStatus::EgressEnding as i32;
            info.details = format!("End reason: {reason}");
        })
    }

    /// Sets the status to complete.
    pub fn complete(&self) {
        self.notify("egress_ended", |info| {
            finish_streams(info);
            end(info, EgressStatus::EgressComplete);
        });
    }

    /// Sets the status to aborted: stopped before there was anything to send.
    pub fn abort(&self, failure: &Failure, reason: &str) {
        self.notify("egress_ended", |info| {
            finish_streams(info);
            info.error.clone_from(&failure.text);
            info.error_code = failure.code;
            info.details = format!("End reason: {reason}");
            end(info, EgressStatus::EgressAborted);
        });
    }

    /// Sets the status to failed.
    pub fn fail(&self, failure: &Failure) {
        self.notify("egress_ended", |info| {
            // LiveKit leaves results that never connected unchanged; those that ran are finished.
            for stream in info.stream_results.iter_mut().filter(|stream| stream.started_at > 0) {
                finish(stream, stream_info::Status::Finished, "");
            }
            info.error.clone_from(&failure.text);
            info.error_code = failure.code;
            "End reason: Failure".clone_into(&mut info.details);
            end(info, EgressStatus::EgressFailed);
        });
    }

    fn notify(&self, event: &'static str, change: impl FnOnce(&mut EgressInfo)) {
        self.change(Some(event), change);
    }

    fn change(&self, event: Option<&str>, change: impl FnOnce(&mut EgressInfo)) -> EgressInfo {
        let mut state = self.state.lock();
        let State { info, queue } = &mut *state;
        change(info);
        if event != Some("egress_started") {
            info.updated_at = clock::nanos();
        }
        #[expect(deprecated, reason = "LiveKit fills the older field alike, and older receivers read it")]
        {
            info.result = Some(egress_info::Result::Stream(StreamInfoList { info: info.stream_results.clone() }));
        }
        // Store the last webhook first: if the worker is killed from here on, the next run sends it.
        let last =
            (event == Some("egress_ended")).then(|| queue.take()).flatten().map(|queue| (queue, pending_webhook("egress_ended", info)));
        if let Some((_, pending)) = &last {
            self.state_store.add_pending(pending);
        }
        self.state_store.write(info);
        if let Some(event) = event {
            let status = EgressStatus::try_from(info.status).map_or("", |status| status.as_str_name());
            tracing::info!(egress = info.egress_id, event, status, error = info.error, "egress");
            match (last, queue) {
                (Some((queue, pending)), _) => queue.push_last(pending, &self.state_store),
                (None, Some(queue)) => queue.push(event, info),
                (None, None) => {}
            }
        }
        info.clone()
    }
}

/// Finishes a stream result unless it is finished already.
pub fn finish(stream: &mut StreamInfo, status: stream_info::Status, error: &str) {
    if stream.ended_at > 0 {
        return;
    }
    stream.ended_at = clock::nanos();
    if stream.started_at == 0 {
        stream.started_at = stream.ended_at;
    }
    stream.duration = stream.ended_at - stream.started_at;
    stream.status = status as i32;
    error.clone_into(&mut stream.error);
}

fn finish_streams(info: &mut EgressInfo) {
    for stream in &mut info.stream_results {
        finish(stream, stream_info::Status::Finished, "");
    }
}

fn end(info: &mut EgressInfo, status: EgressStatus) {
    info.status = status as i32;
    info.ended_at = clock::nanos();
}
