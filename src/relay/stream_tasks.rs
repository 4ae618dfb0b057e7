//! Background tasks of a stream: timeouts, reports, slate and thumbnails.

use super::{RelayEvent, RelayState, slate, stream::RelayStream, thumbnail};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Changes closer together than this are reported as one.
const MERGE_WINDOW: Duration = Duration::from_millis(50);

/// Starts the tasks of a stream; they end with it.
pub fn spawn(relay: Arc<RelayState>, stream: Arc<RelayStream>) {
    tokio::spawn(run_clock(relay.clone(), stream.clone()));
    tokio::spawn(send_reports(relay.clone(), stream.clone()));
    tokio::spawn(slate::run(relay.clone(), stream.clone()));
    tokio::spawn(update_thumbnails(relay, stream));
}

async fn run_clock(relay: Arc<RelayState>, stream: Arc<RelayStream>) {
    let mut tick = interval(Duration::from_millis(100));
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stream.ended().cancelled() => return,
            _ = tick.tick() => stream.hub.tick(&relay.config.timeouts),
        }
    }
}

async fn send_reports(relay: Arc<RelayState>, stream: Arc<RelayStream>) {
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let changed = tokio::select! {
            () = stream.ended().cancelled() => return,
            () = stream.changed.notified() => true,
            _ = second.tick() => false,
        };
        let report = stream.report();
        if changed || RelayStream::is_active(&report) {
            let _ = relay.events.send(RelayEvent::report(&report)); // There may be no reader.
        }
        if changed {
            tokio::time::sleep(MERGE_WINDOW).await;
        }
    }
}

async fn update_thumbnails(relay: Arc<RelayState>, stream: Arc<RelayStream>) {
    let mut next = Instant::now() + Duration::from_secs(1);
    loop {
        tokio::select! {
            () = stream.ended().cancelled() => return,
            () = tokio::time::sleep_until(next) => {}
        }
        next = Instant::now() + Duration::from_secs(1);
        let Some(tags) = stream.hub.keyframe_tags() else { continue };
        let Ok(permit) = relay.thumbnail_permit.acquire().await else { return };
        let began = Instant::now();
        match thumbnail::decode(&tags).await {
            Ok(picture) => stream.set_thumbnail(picture),
            Err(error) => tracing::debug!(session = %stream.id, %error, "no thumbnail"),
        }
        next = Instant::now() + relay.config.timeouts.thumbnail;
        // Starting `ffmpeg` costs more than decoding. With many streams each thumbnail is renewed less often, and all of them
        // together never take more than a third of a core.
        tokio::select! {
            () = stream.ended().cancelled() => return,
            () = tokio::time::sleep(began.elapsed() * 2) => drop(permit),
        }
    }
}
