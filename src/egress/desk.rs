//! The front desk: admits by slots, keeps every egress by id, and passes orders to the running ones.

use crate::{
    config::egress::EgressConfig,
    egress::{
        account::make_scratch,
        encoding::Encoding,
        job::{Job, Order},
        keeper,
        ledger::{Ledger, is_old, is_over},
        output::OutputUrl,
        plan::Plan,
        record::Record,
        refusal::Refusal,
        spare::Spare,
        tally::Tally,
        watch::Vitals,
        webhook::{Courier, random_id},
    },
};
use livekit_protocol::{EgressInfo, EgressStatus, ListEgressRequest, StreamInfo, UpdateStreamRequest};
use std::{
    fs,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

/// All egresses of this worker.
pub struct Desk {
    config: Arc<EgressConfig>,
    ledger: Arc<Ledger>,
    courier: Arc<Courier>,
    entries: Mutex<Vec<Entry>>,
    /// Running egresses.
    pub jobs: TaskTracker,
    /// Webhooks under way.
    pub lines: TaskTracker,
    draining: AtomicBool,
    tally: Arc<Tally>,
    spare: Option<Arc<Spare>>,
}

struct Entry {
    record: Arc<Record>,
    running: Option<Running>,
}

impl Entry {
    /// Whether it takes a slot: until its end is told, and no moment longer, since whoever hears of the end may start the next.
    fn is_on(&self) -> bool {
        self.running.is_some() && !is_over(&self.record.snapshot())
    }
}

struct Running {
    orders: mpsc::UnboundedSender<Order>,
    /// By position in the results.
    outputs: Vec<OutputUrl>,
    vitals: Arc<Vitals>,
}

impl Desk {
    /// Opens the desk: sweeps up after an earlier run and tells what became of its egresses.
    ///
    /// # Errors
    /// The scratch folder cannot be used.
    pub fn open(config: Arc<EgressConfig>, ledger: Ledger) -> anyhow::Result<Arc<Self>> {
        let ledger = Arc::new(ledger);
        make_scratch(&config.scratch)?;
        for left in fs::read_dir(&config.scratch)? {
            let folder = left?.path();
            tracing::warn!(folder = %folder.display(), "sweeping up after an earlier run");
            keeper::clear(&folder, None);
        }
        let courier = Courier::new(config.webhook_urls.clone(), config.api_key.clone(), &config.api_secret)?;
        let lines = TaskTracker::new();
        for owed in ledger.owed()? {
            courier.line(&lines).say_last(owed, &ledger);
        }
        let mut entries = Vec::new();
        for info in ledger.all()? {
            if is_old(&info) {
                ledger.forget(&info.egress_id);
                continue;
            }
            let record = if is_over(&info) {
                Record::remembered(info, Arc::clone(&ledger))
            } else {
                Record::abandoned(info, Arc::clone(&ledger), courier.line(&lines))
            };
            entries.push(Entry { record: Arc::new(record), running: None });
        }
        let tally = Arc::<Tally>::default();
        let first = Encoding::of_preset(0).expect("the first preset is one of ours");
        let spare = config.warm.then(|| Arc::new(Spare::new(Arc::clone(&config), Arc::clone(&tally), first)));
        let desk = Arc::new(Self {
            config,
            ledger,
            courier,
            entries: Mutex::new(entries),
            jobs: TaskTracker::new(),
            lines,
            draining: AtomicBool::new(false),
            tally,
            spare,
        });
        if let Some(spare) = desk.spare.clone() {
            let desk = Arc::clone(&desk);
            tokio::spawn(async move { spare.tend(|| desk.used() < desk.config.slots).await });
        }
        Ok(desk)
    }

    /// The configuration.
    pub fn config(&self) -> &EgressConfig {
        &self.config
    }

    /// Slots in use.
    pub fn used(&self) -> usize {
        self.lock().iter().filter(|entry| entry.is_on()).count()
    }

    /// What was counted so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Warm spares that stand ready; `None` where there are none by configuration.
    pub fn spares(&self) -> Option<usize> {
        self.spare.as_ref().map(|spare| usize::from(spare.is_ready()))
    }

    /// What can be measured of each running egress.
    pub fn vitals(&self) -> Vec<(String, Arc<Vitals>, EgressInfo)> {
        let running = |entry: &Entry| {
            let info = entry.record.snapshot();
            Some((info.egress_id.clone(), Arc::clone(&entry.running.as_ref()?.vitals), info))
        };
        self.lock().iter().filter_map(running).collect()
    }

    /// Starts an egress if there is a slot.
    ///
    /// # Errors
    /// No slot, or going down.
    pub fn start(self: &Arc<Self>, plan: Plan) -> Result<EgressInfo, Refusal> {
        let mut entries = self.lock();
        if self.draining.load(Ordering::Relaxed) {
            return Err(Refusal::unavailable("this egress worker is going down and takes no new egress"));
        }
        let (used, total) = (entries.iter().filter(|entry| entry.is_on()).count(), self.config.slots);
        if used >= total {
            self.tally.count(|counts| counts.refused += 1);
            return Err(Refusal::unavailable(format!("no free egress slot: {used} of {total} in use")));
        }
        entries.retain(|entry| {
            let info = entry.record.snapshot();
            let old = entry.running.is_none() && is_old(&info);
            if old {
                self.ledger.forget(&info.egress_id);
            }
            !old
        });
        let egress_id = format!("EG_{}", random_id());
        let line = self.courier.line(&self.lines);
        let record = Arc::new(Record::begin(egress_id.clone(), &plan, Arc::clone(&self.ledger), line));
        let (orders, received) = mpsc::unbounded_channel();
        let vitals = Arc::<Vitals>::default();
        let running = Running { orders, outputs: plan.outputs.clone(), vitals: Arc::clone(&vitals) };
        entries.push(Entry { record: Arc::clone(&record), running: Some(running) });
        let info = record.snapshot();
        let spare = self.spare.as_ref().and_then(|spare| spare.take(&plan.encoding));
        let (config, tally) = (Arc::clone(&self.config), Arc::clone(&self.tally));
        let job = Job { egress_id: egress_id.clone(), plan, record, config, orders: received, vitals, spare, tally };
        let desk = Arc::clone(self);
        self.jobs.spawn(async move {
            // In a task of its own, so that even a panic gives the slot back.
            if let Err(error) = tokio::spawn(job.run()).await {
                tracing::error!(egress = egress_id, %error, "egress task broke");
            }
            desk.free(&egress_id);
        });
        Ok(info)
    }

    /// Lists egresses, newest last.
    ///
    /// # Errors
    /// `not_found` for an id that is not there.
    pub fn list(&self, request: &ListEgressRequest) -> Result<Vec<EgressInfo>, Refusal> {
        let all = self.lock().iter().map(|entry| entry.record.snapshot()).filter(|info| !is_old(info)).collect::<Vec<_>>();
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
    /// There is no such egress, or it is over.
    pub fn stop(&self, egress_id: &str) -> Result<EgressInfo, Refusal> {
        let entries = self.lock();
        let (record, running) = find(&entries, egress_id, "stopped")?;
        let status = record.snapshot().status;
        let info = if status == EgressStatus::EgressActive as i32 { record.end_begins("StopEgress API") } else { record.snapshot() };
        // The job may have ended this moment, by itself; then its own word stands.
        let _ = running.orders.send(Order::Stop);
        Ok(info)
    }

    /// Adds and removes outputs.
    ///
    /// # Errors
    /// There is no such egress or output, it is over, or an address is malformed; then nothing is changed.
    pub fn update(&self, request: &UpdateStreamRequest) -> Result<EgressInfo, Refusal> {
        let added = request.add_output_urls.iter().map(|url| OutputUrl::parse(url)).collect::<Result<Vec<_>, _>>()?;
        let mut entries = self.lock();
        find(&entries, &request.egress_id, "updated")?;
        let entry = entries.iter_mut().find(|entry| entry.record.snapshot().egress_id == request.egress_id).ok_or_else(unknown)?;
        let running = entry.running.as_mut().ok_or_else(unknown)?;
        let live = entry.record.snapshot().stream_results.iter().map(|result| result.ended_at == 0).collect::<Vec<_>>();
        let mut removed = Vec::new();
        for url in &request.remove_output_urls {
            let at = running.outputs.iter().enumerate().position(|(index, output)| live[index] && output.is(url));
            removed.push(at.ok_or_else(|| Refusal::not_found(format!("stream {} not found", crate::egress::output::redact(url))))?);
        }
        for output in added {
            if running.outputs.iter().enumerate().any(|(index, known)| live.get(index).copied().unwrap_or(true) && *known == output) {
                continue;
            }
            entry.record.note(|info| info.stream_results.push(StreamInfo { url: output.redacted(), ..Default::default() }));
            running.outputs.push(output.clone());
            // The job may have ended this moment; then its own word stands.
            let _ = running.orders.send(Order::Add(running.outputs.len() - 1, output));
        }
        for index in removed {
            let _ = running.orders.send(Order::Remove(index));
        }
        Ok(entry.record.snapshot())
    }

    /// Takes no new egress from now on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.jobs.close();
        if let Some(spare) = &self.spare {
            spare.close();
        }
    }

    /// Ends every running egress now.
    pub fn abandon_all(&self) {
        for running in self.lock().iter().filter_map(|entry| entry.running.as_ref()) {
            // Already ended is as good.
            let _ = running.orders.send(Order::Abandon);
        }
    }

    fn free(&self, egress_id: &str) {
        let mut entries = self.lock();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.record.snapshot().egress_id == egress_id) {
            entry.running = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown() -> Refusal {
    Refusal::not_found("egress does not exist")
}

fn find<'a>(entries: &'a [Entry], egress_id: &str, verb: &str) -> Result<(&'a Record, &'a Running), Refusal> {
    let entry = entries.iter().find(|entry| entry.record.snapshot().egress_id == egress_id).ok_or_else(unknown)?;
    let info = entry.record.snapshot();
    let over = is_over(&info);
    let running = entry.running.as_ref().filter(|_| !over).ok_or_else(|| {
        let status = EgressStatus::try_from(info.status).map_or("", |status| status.as_str_name());
        Refusal::failed_precondition(format!("egress with status {status} cannot be {verb}"))
    })?;
    Ok((&entry.record, running))
}
