//! `plan` in tables, and against a simulated world for ten thousand random runs.

mod engine;
mod random;
mod sessions;
mod world;

use super::*;
use crate::{api::relay_control::DestinationState, server::registry::observed::ReceivedHeartbeat};
use sessions::*;
use world::World;

#[test]
fn a_healthy_session_needs_no_action() {
    assert_eq!(plan(&well(), &deadlines()), Vec::new());
}

type Case = (&'static str, Snapshot, Vec<Action>);

fn check(cases: Vec<Case>) {
    for (what, snapshot, expected) in cases {
        let planned: Vec<_> = plan(&snapshot, &deadlines()).into_iter().filter(|action| !matches!(action, Action::Health(_))).collect();
        assert_eq!(planned, expected, "{what}");
    }
}

fn with(mut snapshot: Snapshot, change: impl FnOnce(&mut Snapshot)) -> Snapshot {
    change(&mut snapshot);
    snapshot
}

#[test]
fn every_watchdog_has_its_deadline_and_its_reason() {
    let failed = |cause| vec![Action::End(Outcome::Failed(cause))];
    let ended = |reason| vec![Action::End(Outcome::Ended(reason))];
    let deadline = |missing: &str| failed(FailureCause::StartDeadline { missing: missing.into() });
    let replace = |reason: &str| vec![Action::Replace(reason.into())];
    let waiting = |of: &mut Snapshot| of.observed.report = Some((report("s1", IngestState::Waiting, NOW), NOW));
    let unarrived = |of: &mut Snapshot| {
        waiting(of);
        of.observed.arrived = None;
    };
    let refused = |of: &mut Snapshot| {
        unarrived(of);
        of.observed.report.as_mut().expect("heard").0.ingest.refusal = Some("this is VP6".into());
    };
    let host = |host| move |of: &mut Snapshot| of.session.host = host;
    let connecting = |of: &mut Snapshot| {
        if let Some((report, _)) = &mut of.observed.report {
            report.destinations[0].state = DestinationState::Connecting { since: ago(60) };
        }
    };
    check(vec![
        ("start: no platform", with(starting(60), connecting), deadline("a destination that takes it")),
        ("start: in time", with(starting(59), connecting), vec![]),
        (
            "start: no picture",
            with(starting(60), |of| {
                unarrived(of);
                of.session.replaced_at = vec![ago(5)];
            }),
            deadline("the composed picture"),
        ),
        (
            "start: no signal",
            with(starting(60), |of| {
                unarrived(of);
                of.egresses = Some(vec![(Generation::FIRST, egress("EG_1", EgressPhase::Starting, ago(60)))]);
            }),
            deadline("the overlay page's start signal"),
        ),
        (
            "signal missing",
            with(starting(30), |of| {
                unarrived(of);
                of.egresses = Some(vec![(Generation::FIRST, egress("EG_1", EgressPhase::Starting, ago(30)))]);
            }),
            replace("the overlay page did not say that it is ready"),
        ),
        ("signal in time", with(starting(29), unarrived), vec![]),
        ("nothing of it arrives", with(starting(30), unarrived), replace("nothing of it reached the relay")),
        ("start: refused", with(starting(60), refused), deadline("a picture that platforms take (this is VP6)")),
        ("what arrives is refused", with(starting(30), refused), replace("the relay refused the picture: this is VP6")),
        ("host never", with(well(), host(HostPresence::NotYet)), failed(FailureCause::HostNeverJoined)),
        ("host gone 75 s", with(well(), host(HostPresence::Away { since: ago(75) })), ended(EndReason::HostLeft)),
        ("host gone 74 s", with(well(), host(HostPresence::Away { since: ago(74) })), vec![]),
        (
            "host gone, and nobody could look",
            with(well(), |of| {
                of.session.host = HostPresence::Away { since: ago(300) };
                of.observed.host_looked_at = Some(ago(11));
            }),
            vec![],
        ),
        ("an agent has no host", with(well(), |of| of.session.stream_type = StreamType::Agent), vec![]),
        ("nothing arrives for 10 s", with(well(), |of| silent(of, 10)), replace("nothing reaches the relay")),
        ("nothing arrives for 9 s", with(well(), |of| silent(of, 9)), vec![]),
        (
            "no heartbeat",
            with(well(), |of| {
                of.observed.heartbeat =
                    Some(ReceivedHeartbeat { generation: Generation::FIRST, at: ago(10), body: heartbeat(), moved_at: ago(10) });
            }),
            replace("the overlay page stopped answering"),
        ),
        (
            "frames stand still",
            with(well(), |of| {
                of.observed.heartbeat =
                    Some(ReceivedHeartbeat { generation: Generation::FIRST, at: NOW, body: heartbeat(), moved_at: ago(10) });
            }),
            replace("the overlay's picture stood still"),
        ),
        (
            "longest stream",
            with(well(), |of| of.session.state = SessionState::Live { egress: "EG_1".parse().expect("an id"), since: ago(43_200) }),
            ended(EndReason::TooLong),
        ),
        (
            "every destination failed",
            with(well(), |of| {
                if let Some((report, _)) = &mut of.observed.report {
                    report.destinations[0].state = DestinationState::Failed { at: NOW, reason: "stream key refused".into() };
                }
            }),
            failed(FailureCause::DestinationsFailed { reasons: vec!["the platform: stream key refused".into()] }),
        ),
    ]);
}

#[test]
fn the_fourth_loss_within_ten_minutes_is_the_last() {
    check(vec![
        (
            "a fourth loss in ten minutes",
            with(well(), |of| {
                silent(of, 10);
                of.session.replaced_at = vec![ago(500), ago(300), ago(100)];
            }),
            vec![Action::End(Outcome::Failed(FailureCause::EgressKeptFailing { reason: "nothing reaches the relay".into() }))],
        ),
        (
            "a fourth loss after ten minutes",
            with(well(), |of| {
                silent(of, 10);
                of.session.replaced_at = vec![ago(601), ago(300), ago(100)];
            }),
            vec![Action::Replace("nothing reaches the relay".into())],
        ),
    ]);
}

#[test]
fn lost_egresses_are_adopted_and_superseded_ones_stopped() {
    let second = Generation(2);
    let both =
        |state| Some(vec![(Generation::FIRST, egress("EG_1", EgressPhase::Active, ago(60))), (second, egress("EG_2", state, ago(1)))]);
    let id = |id: &str| id.parse().expect("an id");
    let receiving = |of: &mut Snapshot, generation| {
        of.observed.record_report(report("s1", IngestState::Receiving { generation, since: ago(1) }, NOW), NOW);
    };
    let replaced = || {
        with(well(), |of| {
            of.session.generation = second;
            of.session.replaced_at = vec![ago(5)];
            of.session.state = SessionState::Live { egress: id("EG_2"), since: ago(60) };
            of.egresses = both(EgressPhase::Active);
            of.observed.heartbeat = None;
        })
    };
    let pending = |age| {
        with(well(), |of| {
            of.session.state = SessionState::Pending;
            of.session.created_at = ago(age);
            of.egresses = Some(Vec::new());
        })
    };
    check(vec![
        ("the old one stays until the new one arrives", replaced(), vec![]),
        ("and goes then", with(replaced(), |of| receiving(of, second)), vec![Action::Retire(id("EG_1"), Generation::FIRST)]),
        (
            "an egress whose answer was lost is taken",
            with(replaced(), |of| of.session.state = SessionState::Live { egress: id("EG_1"), since: ago(60) }),
            vec![Action::Adopt(id("EG_2"))],
        ),
        (
            "also for a stream that was never stored as starting",
            with(pending(1), |of| of.egresses = Some(vec![(Generation::FIRST, egress("EG_1", EgressPhase::Starting, NOW))])),
            vec![Action::Adopt(id("EG_1"))],
        ),
        ("a start that nobody works on is given a moment", pending(4), vec![]),
        ("and no more", pending(5), vec![Action::End(Outcome::Failed(FailureCause::Interrupted))]),
        ("unless nobody can say what runs", with(pending(59), |of| of.egresses = None), vec![]),
        ("a relay that forgot the stream is told again", with(well(), |of| of.relayed = Some(false)), vec![Action::PutRelay]),
        ("a relay that does not answer is not", with(well(), |of| of.relayed = None), vec![]),
        ("a room that was lost is made again", with(well(), |of| of.observed.room = Some(false)), vec![Action::MakeRoom]),
        ("right after a restart nothing is taken for lost", with(well(), |of| of.observed = ObservedState::default()), vec![]),
        (
            "an ending stream is closed when the list says that nothing runs",
            with(well(), |of| {
                of.session.state = of.session.state.clone().end(Outcome::Ended(EndReason::stopped()), NOW).expect("ends");
                of.egresses = Some(vec![(Generation::FIRST, egress("EG_1", EgressPhase::Over, NOW))]);
            }),
            vec![Action::TakeDown, Action::Close],
        ),
        (
            "and not before",
            with(well(), |of| {
                of.session.state = of.session.state.clone().end(Outcome::Ended(EndReason::stopped()), ago(119)).expect("ends");
            }),
            vec![Action::TakeDown, Action::StopEgress(id("EG_1"))],
        ),
        (
            "a row that stays in the list for ever does not hold its owner for ever",
            with(well(), |of| {
                of.session.state = of.session.state.clone().end(Outcome::Ended(EndReason::stopped()), ago(120)).expect("ends");
            }),
            vec![Action::TakeDown, Action::StopEgress(id("EG_1")), Action::Close],
        ),
    ]);
}

#[test]
fn health_issues_are_reported_including_stale_evidence() {
    let cases: Vec<(Snapshot, Vec<HealthIssue>)> = vec![
        (with(well(), |of| silent(of, 1)), vec![HealthIssue::NoComposite]),
        (
            with(well(), |of| {
                silent(of, 1);
                of.observed.report.as_mut().expect("heard").0.ingest.refusal = Some("this is VP6".into());
            }),
            vec![HealthIssue::CompositeRefused { reason: "this is VP6".into() }],
        ),
        (
            with(well(), |of| {
                of.now = NOW.plus_millis(5001);
                of.observed.heartbeat = None;
            }),
            vec![HealthIssue::StaleEvidence],
        ),
        (with(well(), |of| of.session.host = HostPresence::Away { since: ago(1) }), vec![HealthIssue::HostAway]),
        (
            with(well(), |of| {
                of.observed.heartbeat =
                    Some(ReceivedHeartbeat { generation: Generation::FIRST, at: ago(5), body: heartbeat(), moved_at: ago(5) });
            }),
            vec![HealthIssue::OverlayFrozen],
        ),
        (
            with(well(), |of| {
                if let Some((report, _)) = &mut of.observed.report {
                    report.destinations[0].last_progress_at = Some(ago(6));
                }
            }),
            vec![HealthIssue::Destination { label: "the platform".into(), reason: "it has taken nothing for a while".into() }],
        ),
    ];
    for (snapshot, issues) in cases {
        assert!(plan(&snapshot, &deadlines()).contains(&Action::Health(issues.clone())), "{issues:?}");
    }
}

/// One random run by its seed: faults happen, then stop, and everything converges.
fn play(seed: u64) {
    let mut world = World::new(seed);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        for _ in 0..40 {
            world.happen();
        }
        world.calm_down();
        for _ in 0..150 {
            world.pass();
        }
        world.check_rest();
    }));
    if let Err(error) = outcome {
        eprintln!("seed {seed}:\n{}", world.log.join("\n"));
        std::panic::resume_unwind(error);
    }
}

#[test]
fn every_random_run_converges_and_leaves_nothing_running() {
    let first = std::env::var("FOOTLIGHT_SEED").ok().and_then(|text| text.parse().ok());
    let from: u64 = first.unwrap_or(1);
    let cases = if first.is_some() { 1 } else { 10_000 };
    println!("seeds {from} to {}", from + cases - 1);
    for seed in from..from + cases {
        play(seed);
    }
}
