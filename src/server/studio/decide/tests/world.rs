//! A small model of everything around one show that can fail, to play `decide` against: an egress engine, a relay, a room,
//! webhooks, and a process that can die between any two steps. Its own truth stands beside what the studio gets to see.

use super::{
    super::*,
    dice::Dice,
    engine::{Egress, Platform},
};
use crate::{
    api::broadcast::{DestinationReport, DestinationState, IngestState, ShowReport},
    domain::{
        ids::{EgressId, Generation},
        session::{EndReason, HostPresence, Outcome, Session, SessionState},
        timestamp::Timestamp,
    },
    server::{
        livekit::{EgressFacts, EgressPhase},
        studio::{
            facts::{Pulse, ShowFacts},
            tally, webhooks,
        },
    },
};

/// Everything, and what went wrong.
#[expect(clippy::struct_excessive_bools, reason = "each is one part that is up or down")]
pub(super) struct World {
    pub dice: Dice,
    pub now: Timestamp,
    /// Every show of the one owner, the latest last.
    pub sessions: Vec<Session>,
    egresses: Vec<Egress>,
    facts: ShowFacts,
    told: Vec<EgressFacts>,
    engine_up: bool,
    relay_up: bool,
    relay_knows: bool,
    /// `None`: takes everything. Otherwise refuses or is away.
    platform: Platform,
    relay_uptime: u64,
    /// How long the platform took the current show, in truth.
    taken_ms: u64,
    relay_deaths: u64,
    livekit_up: bool,
    host_there: bool,
    room: bool,
    calm: bool,
    pub story: Vec<String>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            now: super::NOW,
            sessions: Vec::new(),
            egresses: Vec::new(),
            facts: ShowFacts::default(),
            told: Vec::new(),
            engine_up: true,
            relay_up: true,
            relay_knows: false,
            platform: Platform::Takes,
            relay_uptime: 0,
            taken_ms: 0,
            relay_deaths: 0,
            livekit_up: true,
            host_there: false,
            room: true,
            calm: false,
            story: Vec::new(),
        }
    }

    fn tell(&mut self, what: impl Into<String>) {
        let at = self.now.millis_since(super::NOW);
        self.story.push(format!("{at} {}", what.into()));
    }

    /// One thing happens, of all that can.
    pub fn happen(&mut self) {
        match self.dice.roll(22) {
            0 | 1 => self.start(),
            2 => self.stop(),
            3 => self.kill_egress(),
            4 => self.with_running(|egress| egress.mute = true, "an egress delivers nothing"),
            5 => self.with_running(|egress| egress.frozen = true, "an overlay freezes"),
            6 => self.restart(),
            7 => {
                self.engine_up = !self.engine_up;
                if !self.engine_up {
                    self.egresses.iter_mut().filter(|egress| egress.runs()).for_each(|egress| egress.facts.phase = EgressPhase::Over);
                }
                self.tell(format!("engine up: {}", self.engine_up));
            }
            8 => {
                self.relay_up = !self.relay_up;
                self.relay_deaths += u64::from(!self.relay_up);
                (self.relay_knows, self.relay_uptime) = (self.relay_knows && self.relay_up, 0);
                self.tell(format!("relay up: {}", self.relay_up));
            }
            9 => {
                self.platform = match self.dice.roll(4) {
                    0 | 1 => Platform::Takes,
                    2 => Platform::Away,
                    _ => Platform::Refused,
                };
                self.tell("the platform changes its mind");
            }
            10 => {
                self.livekit_up = !self.livekit_up;
                self.tell(format!("livekit up: {}", self.livekit_up));
            }
            11 => self.room = false,
            12 | 13 => {
                self.host_there = !self.host_there;
                self.tell(format!("host there: {}", self.host_there));
            }
            14 => self.deliver(),
            15 => {
                // Forged ones never get behind the signature; late ones of other egresses say nothing of this one.
                let at = self.now;
                self.told.push(super::egress("EG_foreign", EgressPhase::Over, at));
            }
            _ => {
                let seconds = 1 + self.dice.roll(20);
                for _ in 0..seconds {
                    self.pass();
                }
            }
        }
        self.check();
    }

    /// All faults end; whatever is still open must come to rest.
    pub fn calm_down(&mut self) {
        self.tell("calm");
        (self.calm, self.engine_up, self.relay_up, self.livekit_up, self.platform) = (true, true, true, true, Platform::Takes);
        self.host_there = true;
        self.egresses.iter_mut().for_each(|egress| (egress.mute, egress.frozen) = (false, false));
    }

    /// A second passes: the parts go on, the studio looks.
    pub fn pass(&mut self) {
        self.now = self.now.plus_millis(1000);
        for egress in &mut self.egresses {
            if egress.facts.phase == EgressPhase::Ending {
                egress.facts.phase = EgressPhase::Over;
            }
            if egress.runs() && egress.delivers_at.is_some_and(|at| at <= self.now) {
                egress.facts.phase = EgressPhase::Active;
            }
        }
        self.listen();
        if self.calm || self.dice.roll(3) > 0 {
            self.look();
        }
        self.check();
    }

    fn start(&mut self) {
        if self.sessions.last().is_some_and(|session| session.state.is_active()) {
            return;
        }
        let mut session = super::session(&format!("s{}", self.sessions.len()), self.now);
        session.state = SessionState::Pending;
        self.sessions.push(session);
        (self.facts, self.relay_uptime, self.taken_ms, self.room) = (ShowFacts::default(), 0, 0, true);
        self.told.clear();
        self.relay_knows = self.relay_up;
        self.tell("start");
        if self.crash() {
            return;
        }
        match self.ask(Generation::FIRST) {
            Ok(egress) => self.adopt(Generation::FIRST, &egress),
            Err(_) => self.end(Outcome::Failed(FailureCause::NoFreeSlot)),
        }
    }

    fn stop(&mut self) {
        self.tell("stop");
        self.end(Outcome::Ended(EndReason::Stopped));
    }

    fn end(&mut self, outcome: Outcome) {
        let now = self.now;
        // Where nothing was heard lately, the relay is asked.
        let heard = self.facts.report.as_ref().map(|(report, _)| report.clone());
        let report = heard.or_else(|| (self.relay_up && self.relay_knows).then(|| self.measured()));
        let Some(session) = self.sessions.last_mut() else { return };
        if let Ok(state) = session.state.clone().end(outcome, now) {
            session.state = state;
            if let Some(report) = report {
                session.results = tally::count(&session.results, &report);
            }
        }
    }

    fn kill_egress(&mut self) {
        let at = self.now;
        self.with_running(
            |egress| {
                egress.facts.phase = EgressPhase::Over;
                egress.facts.updated_at = at;
            },
            "an egress dies",
        );
    }

    fn with_running(&mut self, change: impl FnOnce(&mut Egress), what: &str) {
        if let Some(egress) = self.egresses.iter_mut().rev().find(|egress| egress.runs()) {
            change(egress);
            self.tell(what);
        }
    }

    /// The process is killed and comes back: only what is stored is left.
    fn restart(&mut self) {
        self.tell("restart");
        self.facts = ShowFacts::default();
    }

    /// In mid-work the process may die; the caller then returns.
    fn crash(&mut self) -> bool {
        let dies = !self.calm && self.dice.one_in(12);
        if dies {
            self.restart();
        }
        dies
    }

    /// A webhook of the current egress comes in: any one that was ever due, so late, doubled and out of order.
    fn deliver(&mut self) {
        let Some(egress) = self.egresses.last() else { return };
        let mut told = egress.facts.clone();
        if self.dice.one_in(2) && told.phase != EgressPhase::Over {
            told.phase = EgressPhase::Starting;
        }
        self.told.push(told);
        self.look();
    }

    /// Asks the engine: it may be away, and its answer may be lost.
    fn ask(&mut self, generation: Generation) -> Result<EgressId, bool> {
        if !self.engine_up || !self.livekit_up {
            return Err(false);
        }
        let session = self.sessions.len() - 1;
        let id = format!("EG_{session}_{generation}_{}", self.egresses.len());
        let facts = super::egress(&id, EgressPhase::Starting, self.now);
        let id = facts.id.clone();
        let boots = 1000 * (1 + self.dice.roll(8)).cast_signed();
        self.egresses.push(Egress {
            facts,
            generation,
            session,
            delivers_at: Some(self.now.plus_millis(boots)),
            mute: !self.calm && self.dice.one_in(8),
            frozen: false,
        });
        self.tell(format!("{id} started"));
        if self.crash() { Err(true) } else { Ok(id) }
    }

    fn adopt(&mut self, generation: Generation, egress: &EgressId) {
        let now = self.now;
        let Some(session) = self.sessions.last_mut() else { return };
        if session.generation != generation || session.state.egress() == Some(egress) {
            return;
        }
        let state = session.state.clone();
        let next = if state.egress().is_none() { state.start(egress.clone(), now) } else { state.replace_egress(egress.clone()) };
        if let Ok(next) = next {
            session.state = next;
        }
    }

    /// The relay's truth at this moment.
    fn ingest(&self) -> IngestState {
        let newest = self
            .egresses
            .iter()
            .filter(|egress| egress.session + 1 == self.sessions.len() && egress.facts.phase == EgressPhase::Active && !egress.mute)
            .map(|egress| egress.generation)
            .max();
        match newest {
            Some(generation) => IngestState::Receiving { generation, since: self.now },
            None => IngestState::Waiting,
        }
    }

    /// The relay's word, if it speaks; the overlay's heartbeat; a look into the room.
    fn listen(&mut self) {
        if self.relay_up && self.relay_knows {
            let report = self.measured();
            if matches!(report.destinations[0].state, DestinationState::Live { .. }) {
                self.relay_uptime += 1000;
                self.taken_ms += 1000;
            }
            let report = self.measured();
            self.facts.hear(report, self.now);
        }
        if self.livekit_up
            && let Some(session) = self.sessions.last_mut()
            && matches!(session.state.name(), "starting" | "live")
        {
            self.facts.host_looked_at = Some(self.now);
            self.facts.room = Some(self.room);
            session.host = match (session.host, self.host_there && self.room) {
                (HostPresence::NotYet | HostPresence::Away { .. }, true) => HostPresence::Here,
                (HostPresence::Here, false) => HostPresence::Away { since: self.now },
                (host, _) => host,
            };
        }
        if let Some(egress) = self.egresses.iter().rev().find(|egress| egress.facts.phase == EgressPhase::Active) {
            let last = self.facts.pulse.clone().filter(|pulse| pulse.generation == egress.generation);
            let moved_at = last.filter(|_| egress.frozen).map_or(self.now, |pulse| pulse.moved_at);
            self.facts.pulse = Some(Pulse { generation: egress.generation, at: self.now, beat: super::beat(), moved_at });
        }
    }

    /// What the relay measures at this moment.
    fn measured(&self) -> ShowReport {
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
        let mut report = super::report(session, ingest, self.now);
        report.destinations = vec![DestinationReport {
            state,
            last_progress_at: live.then_some(self.now),
            uptime_ms: self.relay_uptime,
            ..super::destination_report()
        }];
        report
    }

    /// One round of the reconciler over the current show, and the sweep.
    pub fn look(&mut self) {
        for _ in 0..4 {
            let Some(session) = self.sessions.last().cloned() else { return };
            let mut egresses = self.livekit_up.then(|| {
                let mine = self.egresses.iter().filter(|egress| egress.session + 1 == self.sessions.len());
                mine.map(|egress| (egress.generation, egress.facts.clone())).collect::<Vec<_>>()
            });
            let current = session.state.egress();
            let told = self.told.iter().rfind(|told| Some(&told.id) == current && told.phase == EgressPhase::Over).cloned();
            webhooks::merge(&mut egresses, session.generation, told);
            let relayed = self.relay_up.then_some(self.relay_knows);
            let before = session.state.is_over();
            let snapshot = Snapshot { session, facts: self.facts.clone(), egresses, relayed, now: self.now };
            let actions = decide(&snapshot, &super::deadlines());
            assert!(!before || actions.is_empty(), "a show that is over is acted for: {actions:?}");
            if actions.is_empty() {
                break;
            }
            for action in actions {
                if self.crash() {
                    return;
                }
                self.perform(&snapshot, action);
            }
        }
        if self.livekit_up {
            let over: Vec<bool> = self.sessions.iter().map(|session| session.state.is_over()).collect();
            self.egresses.iter_mut().filter(|egress| egress.runs() && over[egress.session]).for_each(|egress| {
                egress.facts.phase = EgressPhase::Ending;
            });
        }
    }

    fn perform(&mut self, snapshot: &Snapshot, action: Action) {
        let now = self.now;
        match action {
            Action::PutRelay => self.relay_knows = self.relay_up,
            Action::MakeRoom => self.room |= self.livekit_up,
            Action::GoLive => {
                let evidence = self.facts.report.as_ref().is_some_and(|(report, at)| is_taken(report) && is_on_air(report, *at, now));
                assert!(evidence, "live without evidence");
                self.change(|state| state.go_live(now));
            }
            Action::End(outcome) => {
                self.tell(format!("ends: {outcome}"));
                self.end(outcome);
            }
            Action::Adopt(egress) => {
                let generation = snapshot.session.generation;
                self.adopt(generation, &egress);
            }
            Action::Replace(reason) => self.replace(snapshot, &reason),
            Action::Retire(egress, _) | Action::StopEgress(egress) => {
                if self.livekit_up
                    && let Some(found) = self.egresses.iter_mut().find(|of| of.facts.id == egress && of.runs())
                {
                    found.facts.phase = EgressPhase::Ending;
                }
            }
            Action::TakeDown => self.relay_knows &= !self.relay_up,
            Action::Close => self.change(|state| state.close(now)),
            Action::Tally(results) => self.keep(|session| session.results = results),
            Action::Health(health) => self.keep(|session| session.health = health),
        }
    }

    fn replace(&mut self, snapshot: &Snapshot, reason: &str) {
        if !self.relay_up {
            return;
        }
        self.tell(format!("replaced: {reason}"));
        let (generation, now) = (snapshot.session.generation.next(), self.now);
        self.keep(|session| {
            session.generation = generation;
            session.replaced_at.push(now);
        });
        self.facts.pulse = None;
        if self.crash() {
            return;
        }
        if let Ok(egress) = self.ask(generation) {
            self.adopt(generation, &egress);
        }
    }

    fn keep(&mut self, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.sessions.last_mut().filter(|session| matches!(session.state.name(), "starting" | "live")) {
            change(session);
        }
    }

    fn change(&mut self, step: impl FnOnce(SessionState) -> Result<SessionState, crate::domain::session::InvalidTransition>) {
        if let Some(session) = self.sessions.last_mut()
            && let Ok(next) = step(session.state.clone())
        {
            session.state = next;
        }
    }

    /// What must hold at every moment.
    fn check(&self) {
        let active = self.sessions.iter().filter(|session| session.state.is_active()).count();
        assert!(active <= 1, "{active} shows of one owner are active");
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
            assert!(self.sessions[egress.session].state.is_active(), "{} runs without a show", egress.facts.id);
        }
        match session.state.name() {
            "live" => {
                assert_eq!(running.len(), 1, "a live show has one egress");
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
            other => panic!("the show is still {other}"),
        }
    }
}
