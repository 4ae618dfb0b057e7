//! The life of one egress, from its stage to its end: one loop that hears orders, the page, the programs and the outputs, and decides.

use crate::{
    config::egress::EgressConfig,
    egress::{
        feed::{Feed, read_flv},
        keeper,
        output::OutputUrl,
        outputs::{Outputs, Verdict},
        page::{Page, PageEvent},
        plan::Plan,
        record::{Failure, Record},
        spare::Raised,
        stage::{Encoder, Parts, Stage},
        tally::Tally,
        watch::{Vitals, Watch},
    },
};
use livekit_protocol::EgressStatus;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{MissedTickBehavior, timeout},
};

/// What the API asks of a running egress.
#[derive(Debug)]
pub enum Order {
    /// `StopEgress`.
    Stop,
    /// The worker is going down now.
    Abandon,
    /// `UpdateStream`: publish there too, as the result at this position.
    Add(usize, OutputUrl),
    /// `UpdateStream`: end the output at this position.
    Remove(usize),
}

/// From a browser that was started to a page that is asked for.
const OPEN: Duration = Duration::from_secs(20);

enum Ending {
    /// As it should, for this reason.
    Complete(&'static str),
    /// Before there was anything to send.
    Aborted(Failure),
    Failed(Failure),
}

/// One egress at work.
pub struct Job {
    /// `EG_…`.
    pub egress_id: String,
    /// What to do.
    pub plan: Plan,
    /// What the world is told.
    pub record: Arc<Record>,
    /// How this machine does it.
    pub config: Arc<EgressConfig>,
    /// What the API asks.
    pub orders: mpsc::UnboundedReceiver<Order>,
    /// What the metrics read.
    pub vitals: Arc<Vitals>,
    /// A stage that is up already.
    pub spare: Option<Raised>,
    /// Where its end is counted.
    pub tally: Arc<Tally>,
}

struct Floor {
    stage: Option<Stage>,
    /// Loaded, until it is let go.
    encoder: Option<Encoder>,
    page: Option<Page>,
    outputs: Outputs,
    loaded: bool,
    encoding: bool,
    active: bool,
}

/// A stage on its way up.
struct Boot {
    raised: JoinHandle<Result<(Stage, Encoder, Page), Failure>>,
    folder: PathBuf,
}

impl Boot {
    /// Ends it wherever it stands; a stage that is dropped is cleared by its keeper. Returns when nothing is left.
    async fn call_off(self) {
        self.raised.abort();
        // Its outcome does not matter any more.
        let _ = self.raised.await;
        let gone = timeout(Duration::from_secs(6), async {
            while self.folder.exists() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        if gone.await.is_err() {
            let folder = self.folder;
            // Its keeper was lost as well.
            let _ = tokio::task::spawn_blocking(move || keeper::clear(&folder, None)).await;
        }
    }
}

impl Job {
    /// Runs the egress to its end; when this returns nothing of it is left but its record.
    pub async fn run(mut self) {
        let (exits, mut exited) = mpsc::unbounded_channel();
        let feed = Arc::clone(&self.vitals.feed);
        let (outputs, mut output_events) = Outputs::new(&self.plan, self.config.outage, Arc::clone(&feed), Arc::clone(&self.record));
        let mut floor = Floor { stage: None, encoder: None, page: None, outputs, loaded: false, encoding: false, active: false };
        let (page_tell, mut page_events) = mpsc::unbounded_channel();
        let mut boot = self.boot(exits, page_tell);
        let (frame_tell, mut first_frame) = mpsc::channel::<Result<(), Failure>>(4);
        let mut watch = Watch::new(Arc::clone(&self.vitals));
        let mut tick = tokio::time::interval(Duration::from_millis(250));
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let ending = loop {
            let outcome = tokio::select! {
                biased;
                order = self.orders.recv() => Self::obey(order, &mut floor),
                Some(failure) = exited.recv() => Some(Ending::Failed(failure)),
                raised = &mut boot.raised, if floor.stage.is_none() => match raised {
                    Ok(Ok((stage, encoder, page))) => {
                        (floor.stage, floor.encoder, floor.page) = (Some(stage), Some(encoder), Some(page));
                        None
                    }
                    Ok(Err(failure)) => Some(Ending::Failed(failure)),
                    Err(error) => Some(Ending::Failed(Failure::machinery(error.to_string()))),
                },
                // What the page says while its opening is still being answered waits for that.
                Some(event) = page_events.recv(), if floor.stage.is_some() => self.hear_page(event, &mut floor, &frame_tell).await,
                Some(seen) = first_frame.recv() => match seen {
                    Ok(()) => {
                        floor.active = true;
                        self.record.activate();
                        floor.outputs.start();
                        None
                    }
                    Err(failure) => Some(Ending::Failed(failure)),
                },
                Some((index, event)) = output_events.recv() => match floor.outputs.hear(index, event) {
                    Verdict::GoOn => None,
                    Verdict::Hopeless(failure) => Some(Ending::Failed(failure)),
                },
                _ = tick.tick() => {
                    watch.look(floor.page.as_ref(), floor.loaded || floor.encoding, floor.encoding).map(Ending::Failed)
                }
            };
            if let Some(ending) = outcome {
                break ending;
            }
        };
        self.finish(ending, floor, boot).await;
    }

    /// Raises the stage (or takes the spare), and loads the encoder while the browser comes up and opens the page.
    fn boot(&mut self, exits: mpsc::UnboundedSender<Failure>, tell: mpsc::UnboundedSender<PageEvent>) -> Boot {
        let (config, id, encoding) = (Arc::clone(&self.config), self.egress_id.clone(), self.plan.encoding);
        let (url, origins) = (self.plan.page.clone(), Arc::clone(&self.config.origins));
        let parts = self.spare.as_ref().map_or_else(Parts::default, |spare| Arc::clone(&spare.parts));
        self.vitals.follow(Arc::clone(&parts));
        let spare = self.spare.take();
        let folder = spare.as_ref().map_or_else(|| config.scratch.join(&id), |spare| spare.stage.folder().to_owned());
        let raised = tokio::spawn(async move {
            let (stage, (devtools, happenings)) = match spare {
                Some(mut spare) => {
                    tokio::spawn(async move {
                        while let Some(failure) = spare.exits.recv().await {
                            // Nobody listens any more when the egress ends.
                            let _ = exits.send(failure);
                        }
                    });
                    (spare.stage, spare.browser)
                }
                None => {
                    Stage::raise(config, &id, &encoding, parts, exits).await.map_err(|error| Failure::machinery(format!("{error:#}")))?
                }
            };
            let encoder = stage.load_encoder(&encoding).map_err(|error| Failure::lost("encoder", format!("{error:#}")))?;
            let no_page = |why: String| Failure::lost("chromium", format!("chromium did not open the page: {why}"));
            let opened = timeout(OPEN, Page::open(devtools, happenings, &url, origins, tell)).await;
            let page = opened.map_err(|_| no_page("no answer within 20 s".to_owned()))?.map_err(|error| no_page(error.to_string()))?;
            Ok((stage, encoder, page))
        });
        Boot { raised, folder }
    }

    fn obey(order: Option<Order>, floor: &mut Floor) -> Option<Ending> {
        match order {
            Some(Order::Stop) if floor.active => Some(Ending::Complete("StopEgress API")),
            Some(Order::Stop) if floor.encoding => Some(Ending::Aborted(Failure::new(412, "Stop called before pipeline could start"))),
            Some(Order::Stop) => Some(Ending::Aborted(Failure::new(412, "Start signal not received"))),
            Some(Order::Abandon) | None => Some(Ending::Failed(Failure::new(503, "egress worker was shut down"))),
            Some(Order::Add(index, output)) => {
                floor.outputs.add(index, output);
                None
            }
            Some(Order::Remove(index)) => floor.outputs.remove(index).then_some(Ending::Complete("Streams stopped")),
        }
    }

    async fn hear_page(&self, event: PageEvent, floor: &mut Floor, frame_tell: &mpsc::Sender<Result<(), Failure>>) -> Option<Ending> {
        match event {
            PageEvent::Failed(failure) => return Some(Ending::Failed(failure)),
            PageEvent::End if floor.active => return Some(Ending::Complete("Source closed")),
            PageEvent::End => return Some(Ending::Aborted(Failure::new(412, "Start signal not received"))),
            PageEvent::Loaded => floor.loaded = true,
            PageEvent::Start => {}
        }
        let begin = if self.plan.await_start_signal { event == PageEvent::Start } else { event == PageEvent::Loaded };
        if !begin || std::mem::replace(&mut floor.encoding, true) {
            return None;
        }
        let flv = match floor.encoder.take()?.let_go().await {
            Ok(flv) => flv,
            Err(error) => return Some(Ending::Failed(Failure::lost("encoder", format!("the encoder did not begin: {error}")))),
        };
        let (feed, tell): (Arc<Feed>, _) = (Arc::clone(&self.vitals.feed), frame_tell.clone());
        tokio::spawn(async move {
            let mut told = false;
            let read = read_flv(flv, |tag| {
                let picture = tag.key;
                feed.put(tag);
                if picture && !std::mem::replace(&mut told, true) {
                    // The channel has room for the only two messages there are.
                    let _ = tell.try_send(Ok(()));
                }
            });
            if let Err(error) = read.await {
                let _ = tell.try_send(Err(Failure::machinery(format!("encoder output: {error}"))));
            }
        });
        None
    }

    async fn finish(self, ending: Ending, floor: Floor, boot: Boot) {
        if let Ending::Complete(reason) = &ending {
            self.record.end_begins(reason);
        }
        floor.outputs.finish().await;
        match floor.stage {
            Some(stage) => stage.strike().await,
            None => boot.call_off().await,
        }
        let lost = if let Ending::Failed(failure) = &ending { failure.lost } else { None };
        let status = match &ending {
            Ending::Complete(_) => EgressStatus::EgressComplete,
            Ending::Aborted(_) => EgressStatus::EgressAborted,
            Ending::Failed(_) => EgressStatus::EgressFailed,
        };
        self.tally.ended(status, lost);
        match ending {
            Ending::Complete(_) => self.record.complete(),
            Ending::Aborted(failure) => self.record.abort(&failure, "StopEgress API"),
            Ending::Failed(failure) => self.record.fail(&failure),
        }
    }
}
