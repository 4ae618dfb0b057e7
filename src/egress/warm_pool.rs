//! The warm pool (`FOOTLIGHT_EGRESS_WARM=1`): one capture environment launched in advance, so that a start finds display and browser ready.
//! It has the size of the latest egress, and is replaced when it breaks.

use crate::{
    config::egress::EgressConfig,
    egress::{
        capture::{Browser, CaptureEnvironment, ChildProcesses},
        counters::Counters,
        egress_info::Failure,
        encoding::Encoding,
        health, page,
        scratch::Scratch,
        webhook_sender::random_id,
    },
};
use parking_lot::{Mutex, MutexGuard};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

const CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// Delay after a failed launch.
const RETRY_DELAY: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_millis(2500);

/// A running environment that no egress uses yet.
pub struct WarmInstance {
    pub environment: CaptureEnvironment,
    pub browser: Browser,
    pub processes: ChildProcesses,
    /// Receives a failure when one of its processes exits.
    pub exits: mpsc::UnboundedReceiver<Failure>,
    shape: Shape,
}

impl WarmInstance {
    /// Why no egress can use it, as far as can be seen without asking its browser.
    fn defect(&mut self) -> Option<String> {
        let stopped = health::stopped(&self.processes.lock());
        let ended = self.exits.try_recv().ok().map(|failure| failure.text);
        ended.or_else(|| stopped.map(|kind| format!("{} hangs", kind.name()))).or_else(|| self.environment.missing())
    }
}

/// The settings of a display and a sink.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    width: u32,
    height: u32,
    audio_hz: u32,
}

impl Shape {
    fn of(encoding: &Encoding) -> Self {
        Self { width: encoding.width, height: encoding.height, audio_hz: encoding.audio_hz }
    }
}

/// Holds at most one instance.
pub struct WarmPool {
    config: Arc<EgressConfig>,
    scratch: Arc<Scratch>,
    counters: Arc<Counters>,
    state: Mutex<PoolState>,
}

struct PoolState {
    ready: Option<WarmInstance>,
    wanted: Encoding,
    closed: bool,
}

impl WarmPool {
    /// An empty pool; the first instance is launched with the encoding `wanted`.
    pub fn new(config: Arc<EgressConfig>, scratch: Arc<Scratch>, counters: Arc<Counters>, wanted: Encoding) -> Self {
        Self { config, scratch, counters, state: Mutex::new(PoolState { ready: None, wanted, closed: false }) }
    }

    /// Whether an instance is ready.
    pub fn is_ready(&self) -> bool {
        self.lock().ready.is_some()
    }

    /// Takes the instance if it is ready, whole and fits. The next one will have this encoding.
    pub fn take(&self, encoding: &Encoding) -> Option<WarmInstance> {
        let mut state = self.lock();
        state.wanted = *encoding;
        let mut taken = state.ready.take_if(|ready| ready.shape == Shape::of(encoding))?;
        if let Some(reason) = taken.defect() {
            self.report_lost(&reason);
            // Its reaper cleans up when it is dropped.
            return None;
        }
        self.counters.spare_taken();
        Some(taken)
    }

    /// Closes the pool at shutdown.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        // Its reaper cleans up when it is dropped.
        state.ready = None;
    }

    /// Keeps one instance ready while `has_room` returns true. Ends when the pool is closed.
    pub async fn run(&self, has_room: impl Fn() -> bool + Send + Sync) {
        let mut not_before = Instant::now();
        let mut asked_at = Instant::now();
        loop {
            tokio::time::sleep(CHECK_INTERVAL).await;
            if self.lock().closed {
                return;
            }
            let (room, wanted) = (has_room(), self.lock().wanted);
            let mut reason = self.lock().ready.as_mut().and_then(WarmInstance::defect);
            if reason.is_none() && asked_at.elapsed() > 4 * CHECK_INTERVAL {
                asked_at = Instant::now();
                let cdp = self.lock().ready.as_ref().map(|ready| Arc::clone(&ready.browser.0));
                if let Some(cdp) = cdp
                    && !page::is_responsive(&cdp, ANSWER_TIMEOUT).await
                {
                    reason = Some("chromium does not answer".to_owned());
                }
            }
            if let Some(reason) = reason {
                self.report_lost(&reason);
                self.clear().await;
            }
            let fits = self.lock().ready.as_ref().map(|ready| ready.shape == Shape::of(&wanted));
            if fits == Some(false) || (fits.is_some() && !room) {
                self.clear().await;
            }
            if room && !self.is_ready() && Instant::now() >= not_before {
                match self.launch(&wanted).await {
                    Ok(instance) => {
                        let mut state = self.lock();
                        if !state.closed {
                            state.ready = Some(instance);
                        }
                    }
                    Err(error) => {
                        tracing::warn!(error = format!("{error:#}"), "the warm instance was not launched");
                        not_before = Instant::now() + RETRY_DELAY;
                    }
                }
            }
        }
    }

    async fn launch(&self, wanted: &Encoding) -> anyhow::Result<WarmInstance> {
        let (sender, exits) = mpsc::unbounded_channel();
        let processes = ChildProcesses::default();
        let name = format!("spare-{}", random_id());
        let (environment, browser) =
            CaptureEnvironment::launch(Arc::clone(&self.config), &self.scratch, &name, wanted, Arc::clone(&processes), sender).await?;
        // The browser is ready when it responds, not when it was started.
        anyhow::ensure!(page::is_responsive(&browser.0, Duration::from_secs(20)).await, "chromium did not answer");
        Ok(WarmInstance { environment, browser, processes, exits, shape: Shape::of(wanted) })
    }

    fn report_lost(&self, reason: &str) {
        tracing::warn!(reason, "the warm instance broke");
        self.counters.spare_lost();
    }

    async fn clear(&self) {
        let taken = self.lock().ready.take();
        if let Some(instance) = taken {
            instance.environment.shut_down().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock()
    }
}
