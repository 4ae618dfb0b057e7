//! All egresses of this worker by id: admits as many as there are slots, and passes API calls to the running ones.

mod update;

use crate::{
    config::egress::{EgressConfig, Sandbox},
    egress::{
        counters::Counters,
        egress_info::SharedEgressInfo,
        encoding::Encoding,
        health::HealthSources,
        job::{Job, JobCommand},
        job_task,
        output::OutputUrl,
        reaper,
        request::EgressRequest,
        scratch::Scratch,
        state_store::{StateStore, is_expired, is_over},
        twirp_error::TwirpError,
        warm_pool::WarmPool,
        webhook_sender::{WebhookSender, random_id},
    },
};
use livekit_protocol::{EgressInfo, EgressStatus, ListEgressRequest};
use parking_lot::Mutex;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

/// Why no capture starts where the sandbox does not work. A browser without it would run the video of any streamer with all that this
/// account may do.
pub const NO_SANDBOX: &str = "Chromium's sandbox does not work on the egress's machine, so no capture is started: allow unprivileged user \
     namespaces there, or install Chromium's sandbox helper; to capture without the sandbox all the same, set FOOTLIGHT_EGRESS_NO_SANDBOX=1";

/// All egresses of this worker.
pub struct EgressRegistry {
    config: Arc<EgressConfig>,
    scratch: Arc<Scratch>,
    state_store: Arc<StateStore>,
    webhook_sender: Arc<WebhookSender>,
    entries: Mutex<Vec<Entry>>,
    pub jobs: TaskTracker,
    /// The tasks that send webhooks.
    pub webhook_tasks: TaskTracker,
    draining: AtomicBool,
    counters: Arc<Counters>,
    warm_pool: Option<Arc<WarmPool>>,
}

struct Entry {
    shared_info: Arc<SharedEgressInfo>,
    running: Option<RunningEgress>,
}

impl Entry {
    /// Whether it uses a slot: exactly until its end is announced, because the caller may then start the next one.
    fn uses_slot(&self) -> bool {
        self.running.is_some() && !is_over(&self.shared_info.snapshot())
    }
}

struct RunningEgress {
    commands: mpsc::UnboundedSender<JobCommand>,
    /// By position in the stream results.
    outputs: Vec<OutputUrl>,
    health: Arc<HealthSources>,
}

impl EgressRegistry {
    /// Creates the registry: cleans up after an earlier run and reports what became of its egresses.
    ///
    /// # Errors
    /// The scratch folder cannot be used.
    pub fn open(config: Arc<EgressConfig>, state_store: StateStore) -> anyhow::Result<Arc<Self>> {
        let state_store = Arc::new(state_store);
        let scratch = Scratch::open(&config.scratch)?;
        for folder in reaper::leftovers(scratch.folder())? {
            tracing::warn!(folder = %folder.display(), "cleaning up after an earlier run");
            reaper::clear(&folder, None);
        }
        tokio::spawn(Arc::clone(&scratch).keep());
        let webhook_sender = WebhookSender::new(config.webhook_urls.clone(), config.api_key.clone(), config.api_secret.clone())?;
        let webhook_tasks = TaskTracker::new();
        for pending in state_store.pending()? {
            webhook_sender.queue(&webhook_tasks).push_last(pending, &state_store);
        }
        let mut entries = Vec::new();
        for info in state_store.all()? {
            if is_expired(&info) {
                state_store.remove(&info.egress_id);
                continue;
            }
            let shared_info = if is_over(&info) {
                SharedEgressInfo::already_ended(info, Arc::clone(&state_store))
            } else {
                SharedEgressInfo::failed_by_restart(info, Arc::clone(&state_store), webhook_sender.queue(&webhook_tasks))
            };
            entries.push(Entry { shared_info: Arc::new(shared_info), running: None });
        }
        let counters = Arc::new(Counters::new(config.warm));
        let first = Encoding::of_preset(0).expect("the first preset is one of ours");
        let warm_pool = (config.warm && config.sandbox != Sandbox::Missing)
            .then(|| Arc::new(WarmPool::new(Arc::clone(&config), Arc::clone(&scratch), Arc::clone(&counters), first)));
        let registry = Arc::new(Self {
            config,
            scratch,
            state_store,
            webhook_sender,
            entries: Mutex::new(entries),
            jobs: TaskTracker::new(),
            webhook_tasks,
            draining: AtomicBool::new(false),
            counters,
            warm_pool,
        });
        if let Some(warm_pool) = registry.warm_pool.clone() {
            let registry = Arc::clone(&registry);
            tokio::spawn(async move { warm_pool.run(|| registry.used() < registry.config.slots).await });
        }
        Ok(registry)
    }

    pub fn config(&self) -> &EgressConfig {
        &self.config
    }

    pub fn used(&self) -> usize {
        self.entries.lock().iter().filter(|entry| entry.uses_slot()).count()
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Number of warm instances that are ready; `None` if the warm pool is off.
    pub fn spares(&self) -> Option<usize> {
        self.warm_pool.as_ref().map(|warm_pool| usize::from(warm_pool.is_ready()))
    }

    /// Health and info of each running egress.
    pub fn health(&self) -> Vec<(String, Arc<HealthSources>, EgressInfo)> {
        let running = |entry: &Entry| {
            let info = entry.shared_info.snapshot();
            Some((info.egress_id.clone(), Arc::clone(&entry.running.as_ref()?.health), info))
        };
        self.entries.lock().iter().filter_map(running).collect()
    }

    /// Starts an egress if there is a free slot.
    ///
    /// # Errors
    /// No free slot, shutting down, or no sandbox.
    pub fn start(self: &Arc<Self>, request: EgressRequest) -> Result<EgressInfo, TwirpError> {
        if self.config.sandbox == Sandbox::Missing {
            return Err(TwirpError::failed_precondition(NO_SANDBOX));
        }
        let mut entries = self.entries.lock();
        if self.draining.load(Ordering::Relaxed) {
            return Err(TwirpError::unavailable("this egress worker is going down and takes no new egress"));
        }
        let (used, total) = (entries.iter().filter(|entry| entry.uses_slot()).count(), self.config.slots);
        if used >= total {
            self.counters.refused();
            return Err(TwirpError::unavailable(format!("no free egress slot: {used} of {total} in use")));
        }
        entries.retain(|entry| {
            let info = entry.shared_info.snapshot();
            let old = entry.running.is_none() && is_expired(&info);
            if old {
                self.state_store.remove(&info.egress_id);
            }
            !old
        });
        let egress_id = format!("EG_{}", random_id());
        let queue = self.webhook_sender.queue(&self.webhook_tasks);
        let shared_info = Arc::new(SharedEgressInfo::create(egress_id.clone(), &request, Arc::clone(&self.state_store), queue));
        let (commands, received) = mpsc::unbounded_channel();
        let health = Arc::<HealthSources>::default();
        let running = RunningEgress { commands, outputs: request.outputs.clone(), health: Arc::clone(&health) };
        entries.push(Entry { shared_info: Arc::clone(&shared_info), running: Some(running) });
        let info = shared_info.snapshot();
        let warm_instance = self.warm_pool.as_ref().and_then(|pool| pool.take(&request.encoding));
        let (config, scratch, counters) = (Arc::clone(&self.config), Arc::clone(&self.scratch), Arc::clone(&self.counters));
        let job = Job {
            egress_id: egress_id.clone(),
            request,
            shared_info: Arc::clone(&shared_info),
            config,
            scratch,
            commands: received,
            health,
            warm_instance,
            counters,
        };
        let registry = Arc::clone(self);
        self.jobs.spawn(async move {
            job_task::run_to_end(job.run(), &shared_info, &registry.counters).await;
            registry.free(&egress_id);
        });
        Ok(info)
    }

    /// Lists egresses, newest last.
    ///
    /// # Errors
    /// `not_found` for an unknown id.
    pub fn list(&self, request: &ListEgressRequest) -> Result<Vec<EgressInfo>, TwirpError> {
        let all = self.entries.lock().iter().map(|entry| entry.shared_info.snapshot()).filter(|info| !is_expired(info)).collect::<Vec<_>>();
        if !request.egress_id.is_empty() {
            let found = all.into_iter().find(|info| info.egress_id == request.egress_id);
            return Ok(vec![found.ok_or_else(unknown)?]);
        }
        // A web egress belongs to no room.
        Ok(all.into_iter().filter(|info| request.room_name.is_empty() && (!request.active || !is_over(info))).collect())
    }

    /// Stops an egress.
    ///
    /// # Errors
    /// There is no such egress, or it has ended.
    pub fn stop(&self, egress_id: &str) -> Result<EgressInfo, TwirpError> {
        let entries = self.entries.lock();
        let (shared_info, running) = find(&entries, egress_id, "stopped")?;
        let info = shared_info.snapshot();
        let is_active = info.status == EgressStatus::EgressActive as i32;
        let info = if is_active { shared_info.start_ending("StopEgress API") } else { info };
        // If the job has just ended by itself, its own result stands.
        let _ = running.commands.send(JobCommand::Stop);
        Ok(info)
    }

    /// Accepts no new egress from now on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.jobs.close();
        if let Some(warm_pool) = &self.warm_pool {
            warm_pool.close();
        }
    }

    /// Ends every running egress at once.
    pub fn abort_all(&self) {
        for running in self.entries.lock().iter().filter_map(|entry| entry.running.as_ref()) {
            // It may have ended already.
            let _ = running.commands.send(JobCommand::Abort);
        }
    }

    fn free(&self, egress_id: &str) {
        let mut entries = self.entries.lock();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.shared_info.snapshot().egress_id == egress_id) {
            entry.running = None;
        }
    }
}

fn unknown() -> TwirpError {
    TwirpError::not_found("egress does not exist")
}

fn find<'a>(entries: &'a [Entry], egress_id: &str, verb: &str) -> Result<(&'a SharedEgressInfo, &'a RunningEgress), TwirpError> {
    let entry = entries.iter().find(|entry| entry.shared_info.snapshot().egress_id == egress_id).ok_or_else(unknown)?;
    let info = entry.shared_info.snapshot();
    let over = is_over(&info);
    let running = entry.running.as_ref().filter(|_| !over).ok_or_else(|| {
        let status = EgressStatus::try_from(info.status).map_or("", |status| status.as_str_name());
        TwirpError::failed_precondition(format!("egress with status {status} cannot be {verb}"))
    })?;
    Ok((&entry.shared_info, running))
}
