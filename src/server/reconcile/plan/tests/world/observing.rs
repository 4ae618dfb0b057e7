//! What the reconciler sees of the world, what it does about it, and what must hold.

use super::*;

impl World {
    /// The relay's truth at this moment.
    pub(super) fn ingest(&self) -> IngestState {
        let newest = self
            .egresses
            .iter()
            .filter(|egress| egress.session + 1 == self.sessions.len() && egress.observed.phase == EgressPhase::Active && !egress.mute)
            .map(|egress| egress.generation)
            .max();
        match newest {
            Some(generation) => IngestState::Receiving { generation, since: self.now },
            None => IngestState::Waiting,
        }
    }

    /// The relay's word, if it speaks; the overlay's heartbeat; a look into the room.
    pub(super) fn listen(&mut self) {
        if self.relay_up && self.relay_knows {
            let report = self.measured();
            if matches!(report.destinations[0].state, DestinationState::Live { .. }) {
                self.relay_uptime += 1000;
                self.taken_ms += 1000;
            }
            let report = self.measured();
            self.observed.record_report(report, self.now);
        }
        if self.livekit_up
            && let Some(session) = self.sessions.last_mut()
            && session.state.is_running()
        {
            self.observed.host_looked_at = Some(self.now);
            self.observed.room = Some(self.room);
            session.host = match (session.host, self.host_there && self.room) {
                (HostPresence::NotYet | HostPresence::Away { .. }, true) => HostPresence::Here,
                (HostPresence::Here, false) => HostPresence::Away { since: self.now },
                (host, _) => host,
            };
        }
        if let Some(egress) = self.egresses.iter().rev().find(|egress| egress.observed.phase == EgressPhase::Active) {
            let last = self.observed.heartbeat.clone().filter(|heartbeat| heartbeat.generation == egress.generation);
            let moved_at = last.filter(|_| egress.frozen).map_or(self.now, |heartbeat| heartbeat.moved_at);
            self.observed.heartbeat =
                Some(ReceivedHeartbeat { generation: egress.generation, at: self.now, body: sessions::heartbeat(), moved_at });
        }
    }

    /// What the relay measures at this moment.
    pub(super) fn measured(&self) -> SessionReport {
        let ingest = self.ingest();
        let receiving = matches!(ingest, IngestState::Receiving { .. });
        let was_live = self.relay_uptime > 0;
        let state = match self.platform {
            Platform::Takes if receiving || was_live => DestinationState::Live { since: self.now },
            Platform::Takes => DestinationState::Waiting,
            Platform::Refused if !was_live => DestinationState::Failed { at: self.now, reason: "stream key refused".into() },
            Platform::Away | Platform::Refused => {
                DestinationState::Retrying { attempt: 1, since: self.now, next_at: self.now, reason: "connection lost".into() }
            }
        };
        let live = matches!(state, DestinationState::Live { .. });
        let session = self.sessions.last().map_or("none", |session| session.id.as_str());
        let mut report = sessions::report(session, ingest, self.now);
        report.destinations = vec![DestinationReport {
            state,
            last_progress_at: live.then_some(self.now),
            uptime_ms: self.relay_uptime,
            ..sessions::destination_report()
        }];
        report
    }

    /// One round of the reconciler over the current session, and the sweep.
    pub fn look(&mut self) {
        for _ in 0..4 {
            let Some(session) = self.sessions.last().cloned() else { return };
            let mut egresses = self.livekit_up.then(|| {
                let mine = self.egresses.iter().filter(|egress| egress.session + 1 == self.sessions.len());
                mine.map(|egress| (egress.generation, egress.observed.clone())).collect::<Vec<_>>()
            });
            let current = session.state.egress();
            let reported =
                self.reported.iter().rfind(|reported| Some(&reported.id) == current && reported.phase == EgressPhase::Over).cloned();
            webhooks::merge(&mut egresses, session.generation, reported);
            let relayed = self.relay_up.then_some(self.relay_knows);
            let before = session.state.is_over();
            let snapshot = Snapshot { session, observed: self.observed.clone(), egresses, relayed, now: self.now };
            let actions = plan(&snapshot, &sessions::deadlines());
            assert!(!before || actions.is_empty(), "a stream that is over is acted for: {actions:?}");
            if actions.is_empty() {
                break;
            }
            for action in actions {
                if self.crash() {
                    return;
                }
                self.apply(&snapshot, action);
            }
        }
        if self.livekit_up {
            let over: Vec<bool> = self.sessions.iter().map(|session| session.state.is_over()).collect();
            self.egresses.iter_mut().filter(|egress| egress.runs() && over[egress.session]).for_each(|egress| {
                egress.observed.phase = EgressPhase::Ending;
            });
        }
    }

    pub(super) fn apply(&mut self, snapshot: &Snapshot, action: Action) {
        let now = self.now;
        match action {
            Action::PutRelay => self.relay_knows = self.relay_up,
            Action::MakeRoom => self.room |= self.livekit_up,
            Action::GoLive => {
                let evidence = self.observed.report.as_ref().is_some_and(|(report, at)| is_taken(report) && is_on_air(report, *at, now));
                assert!(evidence, "live without evidence");
                self.change(|state| state.go_live(now));
            }
            Action::End(outcome) => {
                self.log_step(format!("ends: {outcome}"));
                self.end(outcome);
            }
            Action::Adopt(egress) => {
                let generation = snapshot.session.generation;
                self.adopt(generation, &egress);
            }
            Action::Replace(reason) => self.replace(snapshot, &reason),
            Action::Retire(egress, _) | Action::StopEgress(egress) => {
                if self.livekit_up
                    && let Some(found) = self.egresses.iter_mut().find(|of| of.observed.id == egress && of.runs())
                {
                    found.observed.phase = EgressPhase::Ending;
                }
            }
            Action::TakeDown => self.relay_knows &= !self.relay_up,
            Action::Close => self.change(|state| state.close(now)),
            Action::StoreStats(results) => self.keep(|session| session.results = results),
            Action::Health(health) => self.keep(|session| session.health = health),
        }
    }

    pub(super) fn replace(&mut self, snapshot: &Snapshot, reason: &str) {
        if !self.relay_up {
            return;
        }
        self.log_step(format!("replaced: {reason}"));
        let (generation, now) = (snapshot.session.generation.next(), self.now);
        self.keep(|session| {
            session.generation = generation;
            session.replaced_at.push(now);
        });
        self.observed.heartbeat = None;
        if self.crash() {
            return;
        }
        if let Ok(egress) = self.ask(generation) {
            self.adopt(generation, &egress);
        }
    }

    pub(super) fn keep(&mut self, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.sessions.last_mut().filter(|session| session.state.is_running()) {
            change(session);
        }
    }

    pub(super) fn change(&mut self, step: impl FnOnce(SessionState) -> Result<SessionState, crate::domain::session::InvalidTransition>) {
        if let Some(session) = self.sessions.last_mut()
            && let Ok(next) = step(session.state.clone())
        {
            session.state = next;
        }
    }

    /// What must hold at every moment.
    pub(super) fn check(&self) {
        let active = self.sessions.iter().filter(|session| session.state.is_active()).count();
        assert!(active <= 1, "{active} streams of one owner are active");
        for (index, egress) in self.egresses.iter().enumerate() {
            let twin =
                self.egresses[..index].iter().find(|of| of.runs() && of.session == egress.session && of.generation == egress.generation);
            assert!(!(egress.runs() && twin.is_some()), "two egresses of one generation run");
        }
    }

    /// What must hold when nothing fails any more.
    pub fn check_rest(&self) {
        let Some(session) = self.sessions.last() else { return };
        let running: Vec<_> = self.egresses.iter().filter(|egress| egress.runs()).collect();
        for egress in &running {
            assert!(self.sessions[egress.session].state.is_active(), "{} runs without a stream", egress.observed.id);
        }
        match session.state.name() {
            "live" => {
                assert_eq!(running.len(), 1, "a live stream has one egress");
                assert!(matches!(self.ingest(), IngestState::Receiving { generation, .. } if generation == session.generation));
                assert_eq!(session.health, Vec::new(), "nothing is wrong any more");
            }
            "ended" | "failed" => {
                for over in self.sessions.iter().filter(|session| session.state.live_since().is_some()) {
                    assert!(!over.results.is_empty(), "statistics are missing");
                }
                let counted: u64 = session.results.iter().map(|result| result.uptime_ms).sum();
                assert!(counted <= self.taken_ms, "{counted} ms counted of {}", self.taken_ms);
                // A relay and a process that die together take no more than half a minute with them, each time.
                assert!(counted > 0 || self.taken_ms <= 31_000 * (1 + self.relay_deaths), "{} ms taken and none counted", self.taken_ms);
            }
            other => panic!("the stream is still {other}"),
        }
    }
}
