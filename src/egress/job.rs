//! The life of one egress, from its stage to its end: one loop that hears orders, the page, the programs and the outputs, and decides.

use crate::{
    config::egress::EgressConfig,
    egress::{
        feed::{Feed, read_flv},
        output::OutputUrl,
        outputs::{Outputs, Verdict},
        page::{Page, PageEvent},
        plan::Plan,
        record::{Failure, Record},
        stage::{Browser, Stage},
        watch::{Vitals, Watch},
    },
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::mpsc, task::JoinHandle, time::MissedTickBehavior};

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
}

struct Floor {
    stage: Option<Stage>,
    page: Option<Page>,
    outputs: Outputs,
    loaded: bool,
    encoding: bool,
    active: bool,
}

impl Job {
    /// Runs the egress to its end; when this returns nothing of it is left but its record.
    pub async fn run(mut self) {
        let (exits, mut exited) = mpsc::unbounded_channel();
        let feed = Arc::clone(&self.vitals.feed);
        let (outputs, mut output_events) = Outputs::new(&self.plan, Arc::clone(&feed), Arc::clone(&self.record));
        let mut floor = Floor { stage: None, page: None, outputs, loaded: false, encoding: false, active: false };
        let mut boot = self.boot(exits);
        let (page_tell, mut page_events) = mpsc::unbounded_channel();
        let (frame_tell, mut first_frame) = mpsc::channel::<Result<(), Failure>>(4);
        let mut watch = Watch::new(Arc::clone(&self.vitals));
        let mut tick = tokio::time::interval(Duration::from_millis(250));
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let ending = loop {
            let outcome = tokio::select! {
                biased;
                order = self.orders.recv() => Self::obey(order, &mut floor),
                Some(failure) = exited.recv() => Some(Ending::Failed(failure)),
                raised = &mut boot, if floor.stage.is_none() => match raised {
                    Ok(Ok((stage, browser))) => self.enter(stage, browser, page_tell.clone(), &mut floor).await,
                    Ok(Err(error)) => Some(Ending::Failed(Failure::machinery(format!("{error:#}")))),
                    Err(error) => Some(Ending::Failed(Failure::machinery(error.to_string()))),
                },
                Some(event) = page_events.recv() => self.hear_page(event, &mut floor, &frame_tell),
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
                    let page = floor.page.as_ref().filter(|_| floor.loaded || floor.encoding);
                    watch.look(page, floor.encoding).map(Ending::Failed)
                }
            };
            if let Some(ending) = outcome {
                break ending;
            }
        };
        self.finish(ending, floor, boot).await;
    }

    fn boot(&self, exits: mpsc::UnboundedSender<Failure>) -> JoinHandle<anyhow::Result<(Stage, Browser)>> {
        let (config, id, encoding) = (Arc::clone(&self.config), self.egress_id.clone(), self.plan.encoding);
        tokio::spawn(async move { Stage::raise(config, &id, &encoding, exits).await })
    }

    async fn enter(&self, stage: Stage, browser: Browser, tell: mpsc::UnboundedSender<PageEvent>, floor: &mut Floor) -> Option<Ending> {
        self.vitals.follow(stage.parts());
        floor.stage = Some(stage);
        let (devtools, happenings) = browser;
        let origin = self.config.page_origin.clone();
        let opened = tokio::time::timeout(Duration::from_secs(20), Page::open(devtools, happenings, &self.plan.page, origin, tell)).await;
        match opened {
            Ok(Ok(page)) => floor.page = Some(page),
            Ok(Err(error)) => return Some(Ending::Failed(Failure::machinery(format!("chromium did not open the page: {error}")))),
            Err(_) => return Some(Ending::Failed(Failure::machinery("chromium did not open the page within 20 s"))),
        }
        None
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

    fn hear_page(&self, event: PageEvent, floor: &mut Floor, frame_tell: &mpsc::Sender<Result<(), Failure>>) -> Option<Ending> {
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
        let stage = floor.stage.as_ref()?;
        let flv = match stage.start_encoder(&self.plan.encoding) {
            Ok(flv) => flv,
            Err(error) => return Some(Ending::Failed(Failure::machinery(format!("{error:#}")))),
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

    async fn finish(self, ending: Ending, floor: Floor, boot: JoinHandle<anyhow::Result<(Stage, Browser)>>) {
        if let Ending::Complete(reason) = &ending {
            self.record.end_begins(reason);
        }
        floor.outputs.finish().await;
        let stage = match floor.stage {
            Some(stage) => Some(stage),
            // A boot that was overtaken is seen to its end, so that it cannot leave anything behind.
            None if !boot.is_finished() => boot.await.ok().and_then(Result::ok).map(|(stage, _)| stage),
            None => None,
        };
        if let Some(stage) = stage {
            stage.strike().await;
        }
        match ending {
            Ending::Complete(_) => self.record.complete(),
            Ending::Aborted(failure) => self.record.abort(&failure, "StopEgress API"),
            Ending::Failed(failure) => self.record.fail(&failure),
        }
    }
}
