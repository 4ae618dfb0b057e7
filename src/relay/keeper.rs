//! What is done for a show besides relaying: its clock, its reports, its picture.

use super::{Happening, House, show::Show, slate, thumbnail};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Changes closer together than this are reported as one.
const GATHER: Duration = Duration::from_millis(50);

/// Begins to keep a show; ends with it.
pub fn keep(house: Arc<House>, show: Arc<Show>) {
    tokio::spawn(clock(house.clone(), show.clone()));
    tokio::spawn(reports(house.clone(), show.clone()));
    tokio::spawn(slate::stand_by(house.clone(), show.clone()));
    tokio::spawn(pictures(house, show));
}

async fn clock(house: Arc<House>, show: Arc<Show>) {
    let mut tick = interval(Duration::from_millis(100));
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = show.ended().cancelled() => return,
            _ = tick.tick() => show.program.tick(&house.config.patience),
        }
    }
}

async fn reports(house: Arc<House>, show: Arc<Show>) {
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let changed = tokio::select! {
            () = show.ended().cancelled() => return,
            () = show.changed.notified() => true,
            _ = second.tick() => false,
        };
        let report = show.report();
        if changed || Show::is_on(&report) {
            let _ = house.events.send(Happening::show(&report)); // Nobody may be listening.
        }
        if changed {
            tokio::time::sleep(GATHER).await;
        }
    }
}

async fn pictures(house: Arc<House>, show: Arc<Show>) {
    let mut next = Instant::now() + Duration::from_secs(1);
    loop {
        tokio::select! {
            () = show.ended().cancelled() => return,
            () = tokio::time::sleep_until(next) => {}
        }
        next = Instant::now() + Duration::from_secs(1);
        let Some(tags) = show.program.still() else { continue };
        let Ok(turn) = house.pictures.acquire().await else { return };
        let began = Instant::now();
        match thumbnail::take(&tags).await {
            Ok(picture) => show.keep_thumbnail(picture),
            Err(error) => tracing::debug!(session = %show.id, %error, "no thumbnail"),
        }
        next = Instant::now() + house.config.patience.thumbnail;
        // Starting the program costs more than the picture: of many shows each has a newer picture more seldom, and all of them
        // together never take more than a third of a core.
        tokio::select! {
            () = show.ended().cancelled() => return,
            () = tokio::time::sleep(began.elapsed() * 2) => drop(turn),
        }
    }
}
