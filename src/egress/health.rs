//! Detects within five seconds that a process is stopped, the page no longer draws, or the encoder gives no output.

use crate::egress::{
    capture::{ChildProcesses, ProcessKind},
    egress_info::Failure,
    encoder_output::EncoderOutput,
    page::Page,
};
use std::{
    fs,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

const ASK_INTERVAL: Duration = Duration::from_secs(2);
const ANSWER_TIMEOUT: Duration = Duration::from_millis(2500);
const SILENCE_TIMEOUT: Duration = Duration::from_secs(3);
/// From the encoder's start to its first frame.
const FIRST_FRAME_TIMEOUT: Duration = Duration::from_millis(4500);
/// Checks run four times a second: after a longer pause this process itself was stopped.
const OWN_PAUSE: Duration = Duration::from_millis(1500);

/// The sources of an egress's health and metrics.
#[derive(Default)]
pub struct HealthSources {
    pub encoder_output: Arc<EncoderOutput>,
    processes: OnceLock<ChildProcesses>,
}

impl HealthSources {
    /// Sets the processes to watch.
    pub fn follow(&self, processes: ChildProcesses) {
        // An egress has one environment.
        let _ = self.processes.set(processes);
    }

    /// Kinds and ids of the processes.
    pub fn processes(&self) -> Vec<(ProcessKind, u32)> {
        self.processes.get().map_or_else(Vec::new, |processes| processes.lock().clone())
    }
}

/// The first of these processes that is stopped.
pub fn stopped(processes: &[(ProcessKind, u32)]) -> Option<ProcessKind> {
    let is_stopped = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with(['T', 't']))
    };
    processes.iter().find(|(_, pid)| is_stopped(*pid)).map(|(kind, _)| *kind)
}

/// The health check of one egress.
pub struct HealthCheck {
    health: Arc<HealthSources>,
    asked_at: Option<Instant>,
    asked_to_draw: bool,
    answer: Option<JoinHandle<bool>>,
    encoding_since: Option<Instant>,
    checked_at: Instant,
}

impl HealthCheck {
    pub fn new(health: Arc<HealthSources>) -> Self {
        Self { health, asked_at: None, asked_to_draw: false, answer: None, encoding_since: None, checked_at: Instant::now() }
    }

    /// Checks once; `drawing` means that the page should draw, `encoding` that the encoder should give output.
    pub fn check(&mut self, page: Option<&Page>, drawing: bool, encoding: bool) -> Option<Failure> {
        // This process was stopped and has received nothing meanwhile, so nothing can be concluded.
        if std::mem::replace(&mut self.checked_at, Instant::now()).elapsed() > OWN_PAUSE {
            (self.asked_at, self.answer, self.encoding_since) = (None, None, encoding.then(Instant::now));
        }
        let stopped = stopped(&self.health.processes());
        let stopped = stopped.map(|kind| Failure::lost(kind.name(), format!("{} hangs: the process is stopped", kind.name())));
        stopped.or_else(|| self.check_page(page, drawing)).or_else(|| self.check_encoder(encoding))
    }

    fn check_page(&mut self, page: Option<&Page>, drawing: bool) -> Option<Failure> {
        let page = page?;
        if let Some(answer) = self.answer.take_if(|answer| answer.is_finished()) {
            // The runtime polls a finished task at once; a panic in it counts as no response.
            let answered = futures::FutureExt::now_or_never(answer).is_some_and(|answered| answered.unwrap_or(false));
            if !answered {
                return Some(if self.asked_to_draw {
                    Failure::lost("page", "the page hangs: no animation frame for 2.5 s")
                } else {
                    Failure::lost(ProcessKind::Chromium.name(), "chromium hangs: no answer for 2.5 s")
                });
            }
        }
        if self.answer.is_none() && self.asked_at.is_none_or(|asked| asked.elapsed() >= ASK_INTERVAL) {
            self.asked_at = Some(Instant::now());
            let page = page.clone();
            self.asked_to_draw = drawing;
            self.answer = Some(tokio::spawn(async move {
                if drawing { page.draws(ANSWER_TIMEOUT).await } else { page.browser_answers(ANSWER_TIMEOUT).await }
            }));
        }
        None
    }

    fn check_encoder(&mut self, encoding: bool) -> Option<Failure> {
        if !encoding {
            return None;
        }
        let since = *self.encoding_since.get_or_insert_with(Instant::now);
        let (picture, sound) = self.health.encoder_output.last();
        for (what, last) in [("picture", picture), ("sound", sound)] {
            let reason = match last {
                Some(at) if at.max(since).elapsed() > SILENCE_TIMEOUT => format!("the encoder hangs: no {what} for 3 s"),
                None if since.elapsed() > FIRST_FRAME_TIMEOUT => format!("the encoder gave no {what} within 4.5 s"),
                _ => continue,
            };
            return Some(Failure::lost(ProcessKind::Encoder.name(), reason));
        }
        None
    }
}
