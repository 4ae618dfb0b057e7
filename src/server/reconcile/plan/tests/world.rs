//! A small model of everything around one session that can fail, to play `plan` against: an egress engine, a relay, a room,
//! webhooks, and a process that can die between any two steps. Its own truth stands beside what the studio gets to see.

mod observing;

use super::{
    super::*,
    engine::{Egress, Platform},
    random::Dice,
    sessions,
};
use crate::{
    api::relay_control::{DestinationReport, DestinationState, IngestState, SessionReport},
    domain::{
        ids::{EgressId, Generation},
        session::{EndReason, HostPresence, Outcome, Session, SessionState},
        timestamp::Timestamp,
    },
    server::{
        livekit::{EgressPhase, ObservedEgress},
        reconcile::webhooks,
        registry::{
            destination_stats,
            observed::{ObservedState, ReceivedHeartbeat},
        },
    },
};

/// Everything, and what went wrong.
#[expect(clippy::struct_excessive_bools, reason = "each is one part that is up or down")]
pub(super) struct World {
    pub dice: Dice,
    pub now: Timestamp,
    /// Every session of the one owner, the latest last.
    pub sessions: Vec<Session>,
    egresses: Vec<Egress>,
    observed: ObservedState,
    reported: Vec<ObservedEgress>,
    engine_up: bool,
    relay_up: bool,
    relay_knows: bool,
    /// `None`: takes everything. Otherwise refuses or is away.
    platform: Platform,
    relay_uptime: u64,
    /// How long the platform took the current session, in truth.
    taken_ms: u64,
    relay_deaths: u64,
    livekit_up: bool,
    host_there: bool,
    room: bool,
    calm: bool,
    pub log: Vec<String>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            now: sessions::NOW,
            sessions: Vec::new(),
            egresses: Vec::new(),
            observed: ObservedState::default(),
            reported: Vec::new(),
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
            log: Vec::new(),
        }
    }

    fn log_step(&mut self, what: impl Into<String>) {
        let at = self.now.millis_since(sessions::NOW);
        self.log.push(format!("{at} {}", what.into()));
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
                    self.egresses.iter_mut().filter(|egress| egress.runs()).for_each(|egress| egress.observed.phase = EgressPhase::Over);
                }
                self.log_step(format!("engine up: {}", self.engine_up));
            }
            8 => {
                self.relay_up = !self.relay_up;
                self.relay_deaths += u64::from(!self.relay_up);
                (self.relay_knows, self.relay_uptime) = (self.relay_knows && self.relay_up, 0);
                self.log_step(format!("relay up: {}", self.relay_up));
            }
            9 => {
                self.platform = match self.dice.roll(4) {
                    0 | 1 => Platform::Takes,
                    2 => Platform::Away,
                    _ => Platform::Refused,
                };
                self.log_step("the platform changes its mind");
            }
            10 => {
                self.livekit_up = !self.livekit_up;
                self.log_step(format!("livekit up: {}", self.livekit_up));
            }
            11 => self.room = false,
            12 | 13 => {
                self.host_there = !self.host_there;
                self.log_step(format!("host there: {}", self.host_there));
            }
            14 => self.deliver(),
            15 => {
                // Forged ones never get behind the signature; late ones of other egresses say nothing of this one.
                let at = self.now;
                self.reported.push(sessions::egress("EG_foreign", EgressPhase::Over, at));
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
        self.log_step("calm");
        (self.calm, self.engine_up, self.relay_up, self.livekit_up, self.platform) = (true, true, true, true, Platform::Takes);
        self.host_there = true;
        self.egresses.iter_mut().for_each(|egress| (egress.mute, egress.frozen) = (false, false));
    }

    /// A second passes: the parts go on, the studio looks.
    pub fn pass(&mut self) {
        self.now = self.now.plus_millis(1000);
        for egress in &mut self.egresses {
            if egress.observed.phase == EgressPhase::Ending {
                egress.observed.phase = EgressPhase::Over;
            }
            if egress.runs() && egress.delivers_at.is_some_and(|at| at <= self.now) {
                egress.observed.phase = EgressPhase::Active;
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
        let mut session = sessions::session(&format!("s{}", self.sessions.len()), self.now);
        session.state = SessionState::Pending;
        self.sessions.push(session);
        (self.observed, self.relay_uptime, self.taken_ms, self.room) = (ObservedState::default(), 0, 0, true);
        self.reported.clear();
        self.relay_knows = self.relay_up;
        self.log_step("start");
        if self.crash() {
            return;
        }
        match self.ask(Generation::FIRST) {
            Ok(egress) => self.adopt(Generation::FIRST, &egress),
            Err(_) => self.end(Outcome::Failed(FailureCause::NoFreeSlot)),
        }
    }

    fn stop(&mut self) {
        self.log_step("stop");
        self.end(Outcome::Ended(EndReason::stopped()));
    }

    fn end(&mut self, outcome: Outcome) {
        let now = self.now;
        // Where nothing was heard lately, the relay is asked.
        let known = self.observed.report.as_ref().map(|(report, _)| report.clone());
        let report = known.or_else(|| (self.relay_up && self.relay_knows).then(|| self.measured()));
        let Some(session) = self.sessions.last_mut() else { return };
        if let Ok(state) = session.state.clone().end(outcome, now) {
            session.state = state;
            if let Some(report) = report {
                session.results = destination_stats::count(&session.results, &report);
            }
        }
    }

    fn kill_egress(&mut self) {
        let at = self.now;
        self.with_running(
            |egress| {
                egress.observed.phase = EgressPhase::Over;
                egress.observed.updated_at = at;
            },
            "an egress dies",
        );
    }

    fn with_running(&mut self, change: impl FnOnce(&mut Egress), what: &str) {
        if let Some(egress) = self.egresses.iter_mut().rev().find(|egress| egress.runs()) {
            change(egress);
            self.log_step(what);
        }
    }

    /// The process is killed and comes back: only what is stored is left.
    fn restart(&mut self) {
        self.log_step("restart");
        self.observed = ObservedState::default();
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
        let mut reported = egress.observed.clone();
        if self.dice.one_in(2) && reported.phase != EgressPhase::Over {
            reported.phase = EgressPhase::Starting;
        }
        self.reported.push(reported);
        self.look();
    }

    /// Asks the engine: it may be away, and its answer may be lost.
    fn ask(&mut self, generation: Generation) -> Result<EgressId, bool> {
        if !self.engine_up || !self.livekit_up {
            return Err(false);
        }
        let session = self.sessions.len() - 1;
        let id = format!("EG_{session}_{generation}_{}", self.egresses.len());
        let observed = sessions::egress(&id, EgressPhase::Starting, self.now);
        let id = observed.id.clone();
        let boots = 1000 * (1 + self.dice.roll(8)).cast_signed();
        self.egresses.push(Egress {
            observed,
            generation,
            session,
            delivers_at: Some(self.now.plus_millis(boots)),
            mute: !self.calm && self.dice.one_in(8),
            frozen: false,
        });
        self.log_step(format!("{id} started"));
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
}
