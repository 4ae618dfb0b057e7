//! One egress from launch to end: one loop handles API calls, page events, process exits and outputs.

use crate::{
    config::egress::EgressConfig,
    egress::{
        capture::{CaptureEnvironment, ChildProcesses, Encoder},
        capture_folder,
        counters::Counters,
        egress_info::{Failure, SharedEgressInfo},
        encoder_output::{EncoderOutput, read_flv},
        health::{HealthCheck, HealthSources},
        output::OutputUrl,
        outputs::{Outputs, OutputsOutcome},
        page::{Page, PageEvent},
        request::EgressRequest,
        scratch::Scratch,
        warm_pool::WarmInstance,
    },
};
use livekit_protocol::EgressStatus;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, timeout},
};
use tokio_util::task::AbortOnDropHandle;

/// A command from the API to a running egress.
#[derive(Debug)]
pub enum JobCommand {
    /// The API call `StopEgress`.
    Stop,
    /// The worker is shutting down.
    Abort,
    /// `UpdateStream`: publish to this output too, with the stream result at this position.
    Add(usize, OutputUrl),
    /// `UpdateStream`: end the output at this position.
    Remove(usize),
}

/// From the start of the browser until it requests the page.
const OPEN_TIMEOUT: Duration = Duration::from_secs(20);

enum Ending {
    /// Ended normally, for this reason.
    Complete(&'static str),
    /// Stopped before there was anything to send.
    Aborted(Failure),
    Failed(Failure),
}

pub struct Job {
    /// `EG_…`.
    pub egress_id: String,
    pub request: EgressRequest,
    pub shared_info: Arc<SharedEgressInfo>,
    pub config: Arc<EgressConfig>,
    pub scratch: Arc<Scratch>,
    /// Commands from the API.
    pub commands: mpsc::UnboundedReceiver<JobCommand>,
    /// Read by the metrics.
    pub health: Arc<HealthSources>,
    /// A capture environment from the warm pool.
    pub warm_instance: Option<WarmInstance>,
    pub counters: Arc<Counters>,
}

struct RunState {
    environment: Option<CaptureEnvironment>,
    /// The loaded encoder, until it is started.
    encoder: Option<Encoder>,
    page: Option<Page>,
    outputs: Outputs,
    loaded: bool,
    encoding: bool,
    active: bool,
}

/// What a launch makes.
type Launched = (CaptureEnvironment, Encoder, Page);

/// A capture environment that is being launched.
struct Launch {
    /// `None` once its outcome was taken: a finished task must not be asked again.
    task: Option<AbortOnDropHandle<Result<Launched, Failure>>>,
    folder: PathBuf,
    processes: ChildProcesses,
}

impl Launch {
    /// Waits for the outcome; forever if it was taken. Safe to cancel.
    async fn outcome(&mut self) -> Result<Launched, Failure> {
        let Some(task) = &mut self.task else { return std::future::pending().await };
        let outcome = task.await;
        self.task = None;
        outcome.unwrap_or_else(|error| Err(Failure::internal(format!("the launch broke: {error}"))))
    }

    /// Cancels the launch at any point; the reaper cleans up a dropped environment. Returns when nothing is left.
    async fn cancel(self) {
        if let Some(task) = self.task {
            task.abort();
            // The result does not matter any more.
            let _ = task.await;
        }
        capture_folder::wait_until_gone(self.folder, &self.processes).await;
    }
}

impl Job {
    /// Runs the egress to its end; afterwards only its info is left.
    pub async fn run(mut self) {
        let (exits, mut exited) = mpsc::unbounded_channel();
        let encoder_output = Arc::clone(&self.health.encoder_output);
        let (outputs, mut output_events) =
            Outputs::new(&self.request, self.config.outage, Arc::clone(&encoder_output), Arc::clone(&self.shared_info));
        let mut state = RunState { environment: None, encoder: None, page: None, outputs, loaded: false, encoding: false, active: false };
        let (page_sender, mut page_events) = mpsc::unbounded_channel();
        let mut launch = self.launch(exits, page_sender);
        let (frame_sender, mut first_frame) = mpsc::channel::<Result<(), Failure>>(4);
        let mut health_check = HealthCheck::new(Arc::clone(&self.health));
        let mut tick = tokio::time::interval(Duration::from_millis(250));
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let ending = loop {
            let outcome = tokio::select! {
                biased;
                command = self.commands.recv() => Self::handle_command(command, &mut state),
                Some(failure) = exited.recv() => Some(Ending::Failed(failure)),
                launched = launch.outcome() => match launched {
                    Ok((environment, encoder, page)) => {
                        (state.environment, state.encoder, state.page) = (Some(environment), Some(encoder), Some(page));
                        None
                    }
                    Err(failure) => Some(Ending::Failed(failure)),
                },
                // Page events wait until the page has been opened.
                Some(event) = page_events.recv(), if state.environment.is_some() => {
                    self.handle_page_event(event, &mut state, &frame_sender).await
                }
                Some(seen) = first_frame.recv() => match seen {
                    Ok(()) => {
                        state.active = true;
                        self.shared_info.activate();
                        state.outputs.start();
                        None
                    }
                    Err(failure) => Some(Ending::Failed(failure)),
                },
                Some((index, event)) = output_events.recv() => match state.outputs.handle_event(index, event) {
                    OutputsOutcome::Continue => None,
                    OutputsOutcome::AllFailed(failure) => Some(Ending::Failed(failure)),
                },
                _ = tick.tick() => {
                    health_check.check(state.page.as_ref(), state.loaded || state.encoding, state.encoding).map(Ending::Failed)
                }
            };
            if let Some(ending) = outcome {
                break ending;
            }
        };
        self.finish(ending, state, launch).await;
    }

    /// Launches the environment (or takes a warm one), and loads the encoder while the browser starts and opens the page.
    fn launch(&mut self, exits: mpsc::UnboundedSender<Failure>, sender: mpsc::UnboundedSender<PageEvent>) -> Launch {
        let (config, scratch, id) = (Arc::clone(&self.config), Arc::clone(&self.scratch), self.egress_id.clone());
        let encoding = self.request.encoding;
        let (url, origins) = (self.request.page.clone(), Arc::clone(&self.config.origins));
        let processes =
            self.warm_instance.as_ref().map_or_else(ChildProcesses::default, |warm_instance| Arc::clone(&warm_instance.processes));
        self.health.follow(Arc::clone(&processes));
        let warm_instance = self.warm_instance.take();
        let folder =
            warm_instance.as_ref().map_or_else(|| config.scratch.join(&id), |warm_instance| warm_instance.environment.folder().to_owned());
        let started = Arc::clone(&processes);
        let task = tokio::spawn(async move {
            let (environment, (cdp, cdp_events)) = match warm_instance {
                Some(mut warm_instance) => {
                    tokio::spawn(async move {
                        while let Some(failure) = warm_instance.exits.recv().await {
                            // There is no receiver after the egress has ended.
                            let _ = exits.send(failure);
                        }
                    });
                    (warm_instance.environment, warm_instance.browser)
                }
                None => CaptureEnvironment::launch(config, &scratch, &id, &encoding, started, exits)
                    .await
                    .map_err(|error| Failure::internal(format!("{error:#}")))?,
            };
            let encoder = environment.load_encoder(&encoding).map_err(|error| Failure::lost("encoder", format!("{error:#}")))?;
            let no_page = |why: String| Failure::lost("chromium", format!("chromium did not open the page: {why}"));
            let opened = timeout(OPEN_TIMEOUT, Page::open(cdp, cdp_events, &url, origins, sender)).await;
            let page = opened.map_err(|_| no_page("no answer within 20 s".to_owned()))?.map_err(|error| no_page(error.to_string()))?;
            Ok((environment, encoder, page))
        });
        Launch { task: Some(AbortOnDropHandle::new(task)), folder, processes }
    }

    fn handle_command(command: Option<JobCommand>, state: &mut RunState) -> Option<Ending> {
        match command {
            Some(JobCommand::Stop) if state.active => Some(Ending::Complete("StopEgress API")),
            Some(JobCommand::Stop) if state.encoding => Some(Ending::Aborted(Failure::new(412, "Stop called before pipeline could start"))),
            Some(JobCommand::Stop) => Some(Ending::Aborted(Failure::new(412, "Start signal not received"))),
            Some(JobCommand::Abort) | None => Some(Ending::Failed(Failure::new(503, "egress worker was shut down"))),
            Some(JobCommand::Add(index, output)) => {
                state.outputs.add(index, output);
                None
            }
            Some(JobCommand::Remove(index)) => state.outputs.remove(index).then_some(Ending::Complete("Streams stopped")),
        }
    }

    async fn handle_page_event(
        &self,
        event: PageEvent,
        state: &mut RunState,
        frame_sender: &mpsc::Sender<Result<(), Failure>>,
    ) -> Option<Ending> {
        match event {
            PageEvent::Failed(failure) => return Some(Ending::Failed(failure)),
            PageEvent::End if state.active => return Some(Ending::Complete("Source closed")),
            PageEvent::End => return Some(Ending::Aborted(Failure::new(412, "Start signal not received"))),
            PageEvent::Loaded => state.loaded = true,
            PageEvent::Start => {}
        }
        let begin = if self.request.await_start_signal { event == PageEvent::Start } else { event == PageEvent::Loaded };
        if !begin || std::mem::replace(&mut state.encoding, true) {
            return None;
        }
        let flv = match state.encoder.take()?.start().await {
            Ok(flv) => flv,
            Err(error) => return Some(Ending::Failed(Failure::lost("encoder", format!("the encoder did not start: {error}")))),
        };
        let (encoder_output, sender): (Arc<EncoderOutput>, _) = (Arc::clone(&self.health.encoder_output), frame_sender.clone());
        tokio::spawn(async move {
            let mut sent = false;
            let read = read_flv(flv, |tag| {
                let picture = tag.is_key();
                encoder_output.push(tag);
                if picture && !std::mem::replace(&mut sent, true) {
                    // The channel has room for both possible messages.
                    let _ = sender.try_send(Ok(()));
                }
            });
            if let Err(error) = read.await {
                let _ = sender.try_send(Err(Failure::internal(format!("encoder output: {error}"))));
            }
        });
        None
    }

    async fn finish(self, ending: Ending, state: RunState, launch: Launch) {
        if let Ending::Complete(reason) = &ending {
            self.shared_info.start_ending(reason);
        }
        state.outputs.finish().await;
        match state.environment {
            Some(environment) => environment.shut_down().await,
            None => launch.cancel().await,
        }
        let lost = if let Ending::Failed(failure) = &ending { failure.lost } else { None };
        let status = match &ending {
            Ending::Complete(_) => EgressStatus::EgressComplete,
            Ending::Aborted(_) => EgressStatus::EgressAborted,
            Ending::Failed(_) => EgressStatus::EgressFailed,
        };
        self.counters.ended(status, lost);
        match ending {
            Ending::Complete(_) => self.shared_info.complete(),
            Ending::Aborted(failure) => self.shared_info.abort(&failure, "StopEgress API"),
            Ending::Failed(failure) => self.shared_info.fail(&failure),
        }
    }
}
