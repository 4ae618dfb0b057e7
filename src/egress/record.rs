//! What the world knows of one egress. Every change is written down, then announced, in one order.

use crate::egress::{
    clock,
    ledger::Ledger,
    plan::Plan,
    webhook::{Line, last_word},
};
use livekit_protocol::{EgressInfo, EgressStatus, StreamInfo, StreamInfoList, egress_info, stream_info};
use std::sync::{Arc, Mutex, PoisonError};

/// The public state of one egress.
pub struct Record {
    state: Mutex<State>,
    ledger: Arc<Ledger>,
}

struct State {
    info: EgressInfo,
    /// Closed with the last event, so that its deliveries can come to an end.
    line: Option<Line>,
}

/// The error of an egress that failed: LiveKit's numbers are HTTP's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// 400 the page, 503 the outputs, 500 the machinery.
    pub code: i32,
    /// The reason.
    pub text: String,
    /// The process that crashed or hung, as metrics name it.
    pub lost: Option<&'static str>,
}

impl Failure {
    /// A failure with its code.
    pub fn new(code: i32, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), lost: None }
    }

    /// A process of ours crashed or hangs.
    pub fn lost(process: &'static str, text: impl Into<String>) -> Self {
        Self { lost: Some(process), ..Self::machinery(text) }
    }

    /// Something of ours broke.
    pub fn machinery(text: impl Into<String>) -> Self {
        Self::new(500, text)
    }
}

impl Record {
    /// Writes a new egress down and announces it.
    pub fn begin(egress_id: String, plan: &Plan, ledger: Arc<Ledger>, line: Line) -> Self {
        let now = clock::nanos();
        let info = EgressInfo {
            egress_id,
            started_at: now,
            updated_at: now,
            stream_results: plan.outputs.iter().map(|output| StreamInfo { url: output.redacted(), ..Default::default() }).collect(),
            request: Some(plan.echo.clone()),
            ..Default::default()
        };
        let record = Self { state: Mutex::new(State { info, line: Some(line) }), ledger };
        record.announce("egress_started", |_| ());
        record
    }

    /// An egress of an earlier run that never ended: it failed when that run did.
    pub fn abandoned(info: EgressInfo, ledger: Arc<Ledger>, line: Line) -> Self {
        let record = Self { state: Mutex::new(State { info, line: Some(line) }), ledger };
        record.fail(&Failure::machinery("egress worker was killed and started again"));
        record
    }

    /// An egress of an earlier run that had ended.
    pub fn remembered(info: EgressInfo, ledger: Arc<Ledger>) -> Self {
        Self { state: Mutex::new(State { info, line: None }), ledger }
    }

    /// A copy of the present state.
    pub fn snapshot(&self) -> EgressInfo {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).info.clone()
    }

    /// Changes the state without an announcement.
    pub fn note(&self, change: impl FnOnce(&mut EgressInfo)) -> EgressInfo {
        self.change(None, change)
    }

    /// Changes the state and says so.
    pub fn update(&self, change: impl FnOnce(&mut EgressInfo)) -> EgressInfo {
        self.change(Some("egress_updated"), change)
    }

    /// The encoder gave its first frame.
    pub fn activate(&self) {
        self.update(|info| info.status = EgressStatus::EgressActive as i32);
    }

    /// The end has begun; said once, whoever comes first.
    pub fn end_begins(&self, reason: &str) -> EgressInfo {
        let before = self.snapshot();
        if before.status != EgressStatus::EgressActive as i32 {
            return before;
        }
        self.update(|info| {
            info.status = EgressStatus::EgressEnding as i32;
            info.details = format!("End reason: {reason}");
        })
    }

    /// Ended as it should.
    pub fn complete(&self) {
        self.announce("egress_ended", |info| {
            finish_streams(info);
            end(info, EgressStatus::EgressComplete);
        });
    }

    /// Stopped before there was anything to send.
    pub fn abort(&self, failure: &Failure, reason: &str) {
        self.announce("egress_ended", |info| {
            finish_streams(info);
            info.error.clone_from(&failure.text);
            info.error_code = failure.code;
            info.details = format!("End reason: {reason}");
            end(info, EgressStatus::EgressAborted);
        });
    }

    /// Ended by a fault.
    pub fn fail(&self, failure: &Failure) {
        self.announce("egress_ended", |info| {
            // LiveKit leaves results that never connected as they are; those that ran are over.
            for stream in info.stream_results.iter_mut().filter(|stream| stream.started_at > 0) {
                finish(stream, stream_info::Status::Finished, "");
            }
            info.error.clone_from(&failure.text);
            info.error_code = failure.code;
            "End reason: Failure".clone_into(&mut info.details);
            end(info, EgressStatus::EgressFailed);
        });
    }

    fn announce(&self, event: &'static str, change: impl FnOnce(&mut EgressInfo)) {
        self.change(Some(event), change);
    }

    fn change(&self, event: Option<&str>, change: impl FnOnce(&mut EgressInfo)) -> EgressInfo {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { info, line } = &mut *state;
        change(info);
        if event != Some("egress_started") {
            info.updated_at = clock::nanos();
        }
        #[expect(deprecated, reason = "LiveKit fills the older field alike, and older receivers read it")]
        {
            info.result = Some(egress_info::Result::Stream(StreamInfoList { info: info.stream_results.clone() }));
        }
        // The last word first: killed at any point from here on, the next run tells it.
        let last = (event == Some("egress_ended")).then(|| line.take()).flatten().map(|line| (line, last_word("egress_ended", info)));
        if let Some((_, owed)) = &last {
            self.ledger.owe(owed);
        }
        self.ledger.write(info);
        if let Some(event) = event {
            let status = EgressStatus::try_from(info.status).map_or("", |status| status.as_str_name());
            tracing::info!(egress = info.egress_id, event, status, error = info.error, "egress");
            match (last, line) {
                (Some((line, owed)), _) => line.say_last(owed, &self.ledger),
                (None, Some(line)) => line.say(event, info),
                (None, None) => {}
            }
        }
        info.clone()
    }
}

/// Closes one stream result, once.
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
