//! The warm spare (`FOOTLIGHT_EGRESS_WARM=1`): one stage raised in advance, so that a start finds its display and browser up.
//! Of the latest show's size; watched like any other, and raised again when it breaks.

use crate::{
    config::egress::EgressConfig,
    egress::{
        encoding::Encoding,
        page,
        record::Failure,
        stage::{Browser, Parts, Stage},
        tally::Tally,
        watch,
        webhook::random_id,
    },
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A spare that does not come up is not tried again at once.
const PAUSE: Duration = Duration::from_secs(10);
const ANSWER_WITHIN: Duration = Duration::from_millis(2500);

/// A stage that is up and belongs to nobody yet.
pub struct Raised {
    /// The stage.
    pub stage: Stage,
    /// Its browser.
    pub browser: Browser,
    /// Its processes.
    pub parts: Parts,
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
pub struct Spare {
    config: Arc<EgressConfig>,
    tally: Arc<Tally>,
    shelf: Mutex<Shelf>,
}

struct Shelf {
    ready: Option<Raised>,
    wanted: Encoding,
    closed: bool,
}

impl Spare {
    /// An empty place; `wanted` is what the first one is raised for.
    pub fn new(config: Arc<EgressConfig>, tally: Arc<Tally>, wanted: Encoding) -> Self {
        Self { config, tally, shelf: Mutex::new(Shelf { ready: None, wanted, closed: false }) }
    }

    /// Whether one stands ready.
    pub fn is_ready(&self) -> bool {
        self.lock().ready.is_some()
    }

    /// Takes the spare, if it is up and fits. The next one will be for this format.
    pub fn take(&self, encoding: &Encoding) -> Option<Raised> {
        let mut place = self.lock();
        place.wanted = *encoding;
        let taken = place.ready.take_if(|ready| ready.shape == Shape::of(encoding))?;
        self.tally.count(|counts| counts.spares_taken += 1);
        Some(taken)
    }

    /// No more spares: the worker is going down.
    pub fn close(&self) {
        let mut place = self.lock();
        place.closed = true;
        // Dropped, its keeper clears up.
        place.ready = None;
    }

    /// Keeps one ready while `has_room` says that a show could take it. Ends when closed.
    pub async fn tend(&self, has_room: impl Fn() -> bool + Send + Sync) {
        let mut not_before = Instant::now();
        let mut asked_at = Instant::now();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.lock().closed {
                return;
            }
            let (room, wanted) = (has_room(), self.lock().wanted);
            let broken = self.lock().ready.as_mut().and_then(|ready| {
                let stopped = watch::stopped(&ready.parts.lock().unwrap_or_else(PoisonError::into_inner));
                let ended = ready.exits.try_recv().ok().map(|failure| failure.text);
                ended.or_else(|| stopped.map(|part| format!("{} hangs", part.name())))
            });
            let mut reason = broken;
            if reason.is_none() && asked_at.elapsed() > 4 * LOOK_EVERY {
                asked_at = Instant::now();
                let devtools = self.lock().ready.as_ref().map(|ready| Arc::clone(&ready.browser.0));
                if let Some(devtools) = devtools
                    && !page::answers(&devtools, ANSWER_WITHIN).await
                {
                    reason = Some("chromium does not answer".to_owned());
                }
            }
            if let Some(reason) = reason {
                tracing::warn!(reason, "the warm spare broke");
                self.tally.count(|counts| counts.spares_lost += 1);
                self.clear().await;
            }
            let fits = self.lock().ready.as_ref().map(|ready| ready.shape == Shape::of(&wanted));
            if fits == Some(false) || (fits.is_some() && !room) {
                self.clear().await;
            }
            if room && !self.is_ready() && Instant::now() >= not_before {
                match self.raise(&wanted).await {
                    Ok(raised) => {
                        let mut place = self.lock();
                        if !place.closed {
                            place.ready = Some(raised);
                        }
                    }
                    Err(error) => {
                        tracing::warn!(error = format!("{error:#}"), "no warm spare");
                        not_before = Instant::now() + PAUSE;
                    }
                }
            }
        }
    }

    async fn raise(&self, wanted: &Encoding) -> anyhow::Result<Raised> {
        let (tell, exits) = mpsc::unbounded_channel();
        let parts = Parts::default();
        let name = format!("spare-{}", random_id());
        let (stage, browser) = Stage::raise(Arc::clone(&self.config), &name, wanted, Arc::clone(&parts), tell).await?;
        // The browser is up when it answers, not when it was started.
        anyhow::ensure!(page::answers(&browser.0, Duration::from_secs(20)).await, "chromium did not answer");
        Ok(Raised { stage, browser, parts, exits, shape: Shape::of(wanted) })
    }

    async fn clear(&self) {
        let taken = self.lock().ready.take();
        if let Some(raised) = taken {
            raised.stage.strike().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
