//! The shows that the tables look at, and what they change about them.

use super::*;
use crate::{
    api::{
        overlay::Heartbeat,
        relay_control::{DestinationReport, DestinationState, IngestReport, SessionReport},
    },
    domain::{
        destination::{Destination, Platform},
        overlay::OverlaySettings,
        session::Owner,
        video::VideoPreset,
    },
    server::registry::observed::ReceivedHeartbeat,
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
        viewers: crate::domain::viewers::ViewerCounts::default(),
        noted: crate::domain::session::TimelineNotes::default(),
        revision: 1,
    }
}

pub(super) fn egress(id: &str, phase: EgressPhase, updated_at: Timestamp) -> ObservedEgress {
    ObservedEgress { id: id.parse().expect("an id"), phase, page_url: String::new(), error: None, updated_at }
}

pub(super) fn heartbeat() -> Heartbeat {
    Heartbeat { frames: 1, screen: true, camera: true, audio: true, connected: true }
}

pub(super) fn report(session: &str, state: IngestState, at: Timestamp) -> SessionReport {
    let ingest = IngestReport {
        state,
        fps: 30.0,
        bitrate_kbps: 3000,
        keyframe_interval_ms: Some(2000),
        audio: true,
        av_skew_ms: Some(0),
        ..IngestReport::nothing()
    };
    SessionReport { session_id: session.parse().expect("an id"), at, ingest, destinations: vec![destination_report()] }
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

/// A session of a minute, live and well.
pub(super) fn well() -> Snapshot {
    let created_at = NOW.plus_millis(-60_000);
    let receiving = IngestState::Receiving { generation: Generation::FIRST, since: created_at };
    let mut observed = ObservedState::default();
    observed.record_report(report("s1", receiving, NOW), NOW);
    observed.watched_since = Some(created_at);
    observed.host_looked_at = Some(NOW);
    observed.room = Some(true);
    observed.heartbeat = Some(ReceivedHeartbeat { generation: Generation::FIRST, at: NOW, body: heartbeat(), moved_at: NOW });
    let mut session = session("s1", created_at);
    session.host = HostPresence::Here;
    session.results = destination_stats::count(&[], &observed.report.as_ref().expect("heard").0);
    let egresses = Some(vec![(Generation::FIRST, egress("EG_1", EgressPhase::Active, created_at))]);
    Snapshot { session, observed, egresses, relayed: Some(true), now: NOW }
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
    let observed = &mut snapshot.observed;
    observed.record_report(report("s1", IngestState::Held { since: ago(since) }, NOW), NOW);
    observed.composite_away_since = Some(ago(since));
}
