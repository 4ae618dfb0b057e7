//! The shows that the tables look at, and what they change about them.

use super::*;
use crate::{
    api::{
        broadcast::{DestinationReport, DestinationState, IngestReport, ShowReport},
        overlay::Heartbeat,
    },
    domain::{
        destination::{Destination, Platform},
        overlay::OverlaySettings,
        session::Owner,
        video::VideoPreset,
    },
    server::studio::facts::Pulse,
};

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_795_421_948_792);

pub(super) fn deadlines() -> Deadlines {
    let seconds = Duration::from_secs;
    Deadlines { start: seconds(60), signal: seconds(30), host: seconds(60), grace: seconds(75), show: seconds(43_200), frozen: seconds(10) }
}

pub(super) fn session(id: &str, created_at: Timestamp) -> Session {
    let user = "u1".parse().expect("an id");
    Session {
        id: id.parse().expect("an id"),
        owner: Owner::User("u1".parse().expect("an id")),
        account: user,
        stream_type: StreamType::User,
        entity_name: "Ada".into(),
        title: String::new(),
        state: SessionState::Live { egress: "EG_1".parse().expect("an id"), since: created_at },
        health: Vec::new(),
        destinations: vec![Destination {
            id: "d1".parse().expect("an id"),
            platform: Platform::Custom,
            name: "the platform".into(),
            address: None,
            key_tail: String::new(),
            channel: None,
        }],
        video: VideoPreset::Hd30.format(),
        overlay: OverlaySettings::for_user(),
        generation: Generation::FIRST,
        created_at,
        public: false,
        current_lobby_id: None,
        broadcast_delay_ms: 0,
        host: HostPresence::NotYet,
        replaced_at: Vec::new(),
        results: Vec::new(),
        audience: crate::domain::audience::Audience::default(),
        revision: 1,
    }
}

pub(super) fn egress(id: &str, phase: EgressPhase, updated_at: Timestamp) -> EgressFacts {
    EgressFacts { id: id.parse().expect("an id"), phase, page_url: String::new(), error: None, updated_at }
}

pub(super) fn beat() -> Heartbeat {
    Heartbeat { frames: 1, screen: true, camera: true, audio: true, connected: true }
}

pub(super) fn report(session: &str, state: IngestState, at: Timestamp) -> ShowReport {
    let ingest = IngestReport {
        state,
        fps: 30.0,
        bitrate_kbps: 3000,
        keyframe_interval_ms: Some(2000),
        audio: true,
        av_skew_ms: Some(0),
        ..IngestReport::nothing()
    };
    ShowReport { session_id: session.parse().expect("an id"), at, ingest, destinations: vec![destination_report()] }
}

pub(super) fn destination_report() -> DestinationReport {
    DestinationReport {
        state: DestinationState::Live { since: NOW },
        bytes_written: 1,
        last_progress_at: Some(NOW),
        bitrate_kbps: 3000,
        uptime_ms: 1000,
        ..DestinationReport::waiting("d1".parse().expect("an id"))
    }
}

/// A show of a minute, live and well.
pub(super) fn well() -> Snapshot {
    let created_at = NOW.plus_millis(-60_000);
    let receiving = IngestState::Receiving { generation: Generation::FIRST, since: created_at };
    let mut facts = ShowFacts::default();
    facts.hear(report("s1", receiving, NOW), NOW);
    facts.watched_since = Some(created_at);
    facts.host_looked_at = Some(NOW);
    facts.room = Some(true);
    facts.pulse = Some(Pulse { generation: Generation::FIRST, at: NOW, beat: beat(), moved_at: NOW });
    let mut session = session("s1", created_at);
    session.host = HostPresence::Here;
    session.results = tally::count(&[], &facts.report.as_ref().expect("heard").0);
    let egresses = Some(vec![(Generation::FIRST, egress("EG_1", EgressPhase::Active, created_at))]);
    Snapshot { session, facts, egresses, relayed: Some(true), now: NOW }
}

pub(super) fn ago(seconds: i64) -> Timestamp {
    NOW.plus_millis(-1000 * seconds)
}

pub(super) fn starting(seconds: i64) -> Snapshot {
    let mut snapshot = well();
    snapshot.session.created_at = ago(seconds);
    snapshot.session.state = SessionState::Starting { egress: "EG_1".parse().expect("an id"), since: ago(seconds) };
    snapshot
}

pub(super) fn silent(snapshot: &mut Snapshot, since: i64) {
    let facts = &mut snapshot.facts;
    facts.hear(report("s1", IngestState::Held { since: ago(since) }, NOW), NOW);
    facts.composite_away_since = Some(ago(since));
}
