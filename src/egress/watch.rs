//! Whether an egress still lives: programs that were stopped, a page that no longer draws, an encoder that gives nothing. Decides within five seconds.

use crate::egress::{feed::Feed, page::Page, record::Failure, stage::Part};
use std::{
    fs,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

const ASK_EVERY: Duration = Duration::from_secs(2);
const ANSWER_WITHIN: Duration = Duration::from_millis(2500);
const SILENT: Duration = Duration::from_secs(3);
/// From the encoder's start to its first picture.
const FIRST: Duration = Duration::from_secs(10);

type Parts = Arc<Mutex<Vec<(Part, u32)>>>;

/// What can be measured of a running egress.
#[derive(Default)]
pub struct Vitals {
    /// The encoder's output.
    pub feed: Arc<Feed>,
    parts: OnceLock<Parts>,
}

impl Vitals {
    /// Follows the stage's processes from now on.
    pub fn follow(&self, parts: Parts) {
        // An egress has one stage.
        let _ = self.parts.set(parts);
    }

    /// The processes by part.
    pub fn parts(&self) -> Vec<(Part, u32)> {
        self.parts.get().map_or_else(Vec::new, |parts| parts.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// The watch over one egress.
pub struct Watch {
    vitals: Arc<Vitals>,
    asked_at: Option<Instant>,
    answer: Option<JoinHandle<bool>>,
    encoding_since: Option<Instant>,
}

impl Watch {
    /// A watch that has seen nothing yet.
    pub fn new(vitals: Arc<Vitals>) -> Self {
        Self { vitals, asked_at: None, answer: None, encoding_since: None }
    }

    /// Looks once; `page` when it should draw, `encoding` when the encoder should give.
    pub fn look(&mut self, page: Option<&Page>, encoding: bool) -> Option<Failure> {
        self.stopped().or_else(|| self.undrawn(page)).or_else(|| self.silent(encoding))
    }

    fn stopped(&self) -> Option<Failure> {
        let stopped = |pid: u32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            stat.rsplit_once(')')?.1.trim_start().starts_with(['T', 't']).then_some(())
        };
        let (part, _) = self.vitals.parts().into_iter().find(|(_, pid)| stopped(*pid).is_some())?;
        Some(Failure::machinery(format!("{} hangs: the process is stopped", part.name())))
    }

    fn undrawn(&mut self, page: Option<&Page>) -> Option<Failure> {
        let page = page?;
        if let Some(answer) = self.answer.take_if(|answer| answer.is_finished()) {
            // The runtime polls a finished task at once; a panic in it counts as no answer.
            let drew = futures::FutureExt::now_or_never(answer).is_some_and(|drew| drew.unwrap_or(false));
            if !drew {
                return Some(Failure::machinery("the page hangs: no animation frame for 2.5 s"));
            }
        }
        if self.answer.is_none() && self.asked_at.is_none_or(|asked| asked.elapsed() >= ASK_EVERY) {
            self.asked_at = Some(Instant::now());
            let page = page.clone();
            self.answer = Some(tokio::spawn(async move { page.draws(ANSWER_WITHIN).await }));
        }
        None
    }

    fn silent(&mut self, encoding: bool) -> Option<Failure> {
        if !encoding {
            return None;
        }
        let since = *self.encoding_since.get_or_insert_with(Instant::now);
        let (picture, sound) = self.vitals.feed.last();
        for (what, last) in [("picture", picture), ("sound", sound)] {
            match last {
                Some(at) if at.elapsed() > SILENT => return Some(Failure::machinery(format!("the encoder hangs: no {what} for 3 s"))),
                None if since.elapsed() > FIRST => return Some(Failure::machinery(format!("the encoder gave no {what} within 10 s"))),
                _ => {}
            }
        }
        None
    }
}
