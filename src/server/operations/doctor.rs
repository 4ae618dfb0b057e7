//! Checks of a running installation, side by side, each with a limit in time. `footlight doctor` and the page for administrators show
//! the same report.

mod capture;
pub mod check_page;
mod finding;
pub mod machine;
mod parts;

pub use finding::{Check, Finding, within};

use super::{commands::OperatorCommands, require_admin};
use crate::{
    api::doctor::Report,
    net::{http::direct_client, tls},
    server::{
        auth::caller::Caller,
        error::{StudioError, StudioResult},
        ports::Ports,
    },
};
use check_page::CheckPages;
use futures::{FutureExt, future::join_all};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// No check takes longer, but for a capture.
pub const LIMIT: Duration = Duration::from_secs(10);
/// A capture starts a display, a sound server and a browser before it lasts two seconds.
const CAPTURE_LIMIT: Duration = Duration::from_secs(45);

/// What a run leaves out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extent {
    /// Without the capture and without connections to platforms.
    pub quick: bool,
    /// Without anything that leaves this network.
    pub offline: bool,
}

/// The checks. Cheap to clone.
#[derive(Clone)]
pub struct Doctor {
    ports: Arc<Ports>,
    commands: OperatorCommands,
    pages: CheckPages,
    last: Arc<Mutex<Option<Report>>>,
    /// One run at a time: a capture takes a slot.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Doctor {
    pub fn new(ports: Arc<Ports>, commands: OperatorCommands) -> Self {
        Self { ports, commands, pages: CheckPages::default(), last: Arc::default(), turn: Arc::default() }
    }

    /// Where a captured check page reports.
    pub fn pages(&self) -> &CheckPages {
        &self.pages
    }

    /// The last report of this process, if there is one.
    ///
    /// # Errors
    /// The caller is not an administrator.
    pub fn last(&self, caller: &Caller) -> StudioResult<Option<Report>> {
        require_admin(caller)?;
        Ok(self.last.lock().clone())
    }

    /// Runs every check for an administrator.
    ///
    /// # Errors
    /// The caller is not an administrator.
    pub async fn run_for(&self, caller: &Caller) -> StudioResult<Report> {
        require_admin(caller)?;
        self.run(Extent::default()).await
    }

    /// Runs the checks, in a task of its own: what a check has made is removed even if nobody waits for the answer any more.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub async fn run(&self, extent: Extent) -> StudioResult<Report> {
        let own = self.clone();
        let run = tokio::spawn(async move { own.run_here(extent).await });
        run.await.unwrap_or_else(|error| Err(StudioError::Internal(error.to_string())))
    }

    async fn run_here(&self, extent: Extent) -> StudioResult<Report> {
        let _turn = self.turn.lock().await;
        let http = direct_client(tls::client()).build().map_err(|error| StudioError::Internal(error.to_string()))?;
        let checks = join_all(self.checks(&http, extent).into_iter().map(Check::run)).await;
        let report = Report { at: self.ports.now(), quick: extent.quick, checks };
        *self.last.lock() = Some(report.clone());
        Ok(report)
    }

    /// The list, in the order in which it is shown.
    fn checks<'a>(&'a self, http: &'a reqwest::Client, extent: Extent) -> Vec<Check<'a>> {
        let config = &self.ports.config;
        let authority = config.address.authority_file(&config.data);
        let check = |name, found| Check { name, limit: LIMIT, found };
        let mut all = vec![
            check("store", self.store().boxed()),
            check("livekit", self.livekit().boxed()),
            check("relay", self.relay().boxed()),
            check("egress slot", self.slot().boxed()),
            check("sandbox", self.sandbox().boxed()),
            check("fonts", self.fonts(http).boxed()),
            check("webhook", self.webhook(http).boxed()),
            check("clock", self.clocks(http).boxed()),
            check("certificate", machine::certificate_of(&config.app_url, authority, self.ports.wall()).boxed()),
            check("disk", async { machine::disk(&config.data) }.boxed()),
            check("open files", async { machine::open_files() }.boxed()),
            check("names", machine::names(machine::hosts_of(&[&config.app_url, &config.livekit.public_url], extent.offline)).boxed()),
        ];
        if !extent.quick {
            let (tell, told) = oneshot::channel();
            all.push(Check { name: "capture", limit: CAPTURE_LIMIT, found: self.capture(tell).boxed() });
            all.push(Check { name: "media", limit: CAPTURE_LIMIT, found: capture::media(told).boxed() });
            if !extent.offline {
                all.push(check("outgoing 443", machine::outgoing(&machine::ENCRYPTED).boxed()));
                all.push(check("outgoing 1935", machine::outgoing(&machine::PLAIN).boxed()));
            }
        }
        all
    }
}
