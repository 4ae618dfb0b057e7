//! The warm spare (`FOOTLIGHT_EGRESS_WARM=1`): one stage raised in advance, so that a start finds its display and browser up.
//! Of the latest show's size; watched like any other, and raised again when it breaks.

use crate::{
    config::egress::EgressConfig,
    egress::{
        capture::{Browser, CaptureEnvironment, ChildProcesses},
        counters::Counters,
        egress_info::Failure,
        encoding::Encoding,
        health, page,
        webhook_sender::random_id,
    },
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

const CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// A spare that does not come up is not tried again at once.
const RETRY_DELAY: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_millis(2500);

/// A stage that is up and belongs to nobody yet.
pub struct WarmInstance {
    /// The stage.
    pub environment: CaptureEnvironment,
    /// Its browser.
    pub browser: Browser,
    /// Its processes.
    pub processes: ChildProcesses,
    /// Where their ends are told.
    pub exits: mpsc::UnboundedReceiver<Failure>,
    shape: Shape,
}

/// What a display and a sink are made for.
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

/// The place of the one spare.
pub struct WarmPool {
    config: Arc<EgressConfig>,
    counters: Arc<Counters>,
    state: Mutex<PoolState>,
}

struct PoolState {
    ready: Option<WarmInstance>,
    wanted: Encoding,
    closed: bool,
}

impl WarmPool {
    /// An empty place; `wanted` is what the first one is raised for.
    pub fn new(config: Arc<EgressConfig>, counters: Arc<Counters>, wanted: Encoding) -> Self {
        Self { config, counters, state: Mutex::new(PoolState { ready: None, wanted, closed: false }) }
    }

    /// Whether one stands ready.
    pub fn is_ready(&self) -> bool {
        self.lock().ready.is_some()
    }

    /// Takes the spare, if it is up and fits. The next one will be for this format.
    pub fn take(&self, encoding: &Encoding) -> Option<WarmInstance> {
        let mut state = self.lock();
        state.wanted = *encoding;
        let taken = state.ready.take_if(|ready| ready.shape == Shape::of(encoding))?;
        self.counters.count(|counts| counts.spares_taken += 1);
        Some(taken)
    }

    /// No more spares: the worker is going down.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        // Dropped, its keeper clears up.
        state.ready = None;
    }

    /// Keeps one ready while `has_room` says that a show could take it. Ends when closed.
    pub async fn run(&self, has_room: impl Fn() -> bool + Send + Sync) {
        let mut not_before = Instant::now();
        let mut asked_at = Instant::now();
        loop {
            tokio::time::sleep(CHECK_INTERVAL).await;
            if self.lock().closed {
                return;
            }
            let (room, wanted) = (has_room(), self.lock().wanted);
            let broken = self.lock().ready.as_mut().and_then(|ready| {
                let stopped = health::stopped(&ready.processes.lock().unwrap_or_else(PoisonError::into_inner));
                let ended = ready.exits.try_recv().ok().map(|failure| failure.text);
                ended.or_else(|| stopped.map(|kind| format!("{} hangs", kind.name())))
            });
            let mut reason = broken;
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
                tracing::warn!(reason, "the warm spare broke");
                self.counters.count(|counts| counts.spares_lost += 1);
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
                        tracing::warn!(error = format!("{error:#}"), "no warm spare");
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
            CaptureEnvironment::launch(Arc::clone(&self.config), &name, wanted, Arc::clone(&processes), sender).await?;
        // The browser is up when it answers, not when it was started.
        anyhow::ensure!(page::is_responsive(&browser.0, Duration::from_secs(20)).await, "chromium did not answer");
        Ok(WarmInstance { environment, browser, processes, exits, shape: Shape::of(wanted) })
    }

    async fn clear(&self) {
        let taken = self.lock().ready.take();
        if let Some(instance) = taken {
            instance.environment.shut_down().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
