//! The preflight checks: what this browser knows, what the server knows, and whether the destinations' servers answer.

use super::{
    destination_picker::DestinationChoice,
    local_media::{CaptureState, LocalMedia},
    media_check,
};
use crate::{
    api::{
        error::ApiError,
        sessions::{Preflight, PreflightResult},
    },
    browser::{clock, protocol::MediaPath, room},
    components::check_list::{Check, CheckResult},
    domain::capture::CaptureTrouble,
    rpc::sessions::{run_preflight, try_destinations},
};
use leptos::{prelude::*, task::spawn_local};

/// The server's checks run again this often, and those of destinations that have not passed.
const RECHECK_MS: u64 = 15_000;
/// A choice is tried when it has not changed for this long: somebody may be typing.
const TYPING_MS: u64 = 800;
/// A destination that has not been tried by then no longer holds up the start.
const TRY_MS: u64 = 8_000;

/// The round trip to LiveKit in milliseconds, once measured; `Some(None)` if it does not answer.
type RoundTrip = Option<Option<u32>>;

/// The checks, and whether the stream can start, until the surrounding owner is dropped.
pub fn watch(media: LocalMedia, destinations: DestinationChoice) -> (Signal<Vec<Check>>, Signal<bool>) {
    let round_trip = RwSignal::new(None::<Option<u32>>);
    let server = RwSignal::new(None::<Result<Preflight, ApiError>>);
    let ask = Action::new(move |(): &()| async move { server.set(Some(run_preflight().await)) });
    Effect::new(move |_| {
        ask.dispatch(());
        clock::every(RECHECK_MS, move || {
            ask.dispatch(());
        });
    });
    let livekit = Memo::new(move |_| server.with(|known| known.as_ref()?.as_ref().ok().map(|known| known.livekit_url.clone())));
    Effect::new(move |_| {
        if let Some(url) = livekit.get() {
            room::probe(&url, move |reach| round_trip.set(Some(reach.ms)));
        }
    });
    let media_path = media_check::watch();
    let tests = watch_destinations(destinations);
    let own = Memo::new(move |_| checks(media, server.get().as_ref(), round_trip.get(), media_path.get()));
    let all = Signal::derive(move || {
        let (line, tests) = destinations_check(destinations, tests.get());
        own.get().into_iter().chain([line]).chain(tests).collect::<Vec<_>>()
    });
    let ready = Signal::derive(move || {
        let works = |tests: &Vec<Check>| tests.is_empty() || tests.iter().any(|test| test.result != CheckResult::Fail);
        destinations.problem().is_none()
            && tests.with(|tests| tests.as_ref().is_some_and(|tests| destinations.rehearses() || works(tests)))
            && own.with(|own| own.iter().all(|check| matches!(check.result, CheckResult::Pass | CheckResult::Warn)))
    });
    (all, ready)
}

/// What came of trying the chosen destinations; `None` until that is known. Each choice is tried anew.
fn watch_destinations(choice: DestinationChoice) -> RwSignal<Option<Vec<Check>>> {
    let tests = RwSignal::new(None::<Vec<Check>>);
    // Counts the choices: an answer for an earlier one is dropped.
    let turn = RwSignal::new(0_u32);
    let unknown = |note: String| vec![Check::new("Connection to the destinations", CheckResult::Warn, note)];
    let attempt = move |asked: u32| {
        let (saved, typed) = (choice.checked(), choice.published());
        spawn_local(async move {
            let found = match try_destinations(saved, typed).await {
                Ok(all) => all.into_iter().map(|test| Check::new(&test.label, result(test.result), test.note)).collect(),
                Err(error) => unknown(error.message),
            };
            // The page may have been left meanwhile.
            if turn.try_get_untracked() == Some(asked) {
                tests.set(Some(found));
            }
        });
    };
    Effect::new(move |_| {
        let problem = choice.problem();
        let asked = turn.get_untracked() + 1;
        turn.set(asked);
        if choice.checked().is_empty() && choice.published().is_empty() {
            tests.set(Some(Vec::new()));
            return;
        }
        tests.set(None);
        if problem.is_none() {
            let current = move || turn.try_get_untracked() == Some(asked);
            clock::after(TYPING_MS, move || {
                if current() {
                    attempt(asked);
                }
            });
            clock::after(TYPING_MS + TRY_MS, move || {
                if current() && tests.with_untracked(Option::is_none) {
                    tests.set(Some(unknown("not known yet: the test takes too long".to_owned())));
                }
            });
        }
    });
    Effect::new(move |_| {
        clock::every(RECHECK_MS, move || {
            let failing = |tests: &Vec<Check>| tests.iter().any(|test| test.result != CheckResult::Pass);
            if tests.with_untracked(|tests| tests.as_ref().is_some_and(failing)) {
                attempt(turn.get_untracked());
            }
        });
    });
    tests
}

const fn result(result: PreflightResult) -> CheckResult {
    match result {
        PreflightResult::Pass => CheckResult::Pass,
        PreflightResult::Warn => CheckResult::Warn,
        PreflightResult::Fail => CheckResult::Fail,
    }
}

/// The choice itself, then a line for each destination that was tried.
fn destinations_check(destinations: DestinationChoice, tests: Option<Vec<Check>>) -> (Check, Vec<Check>) {
    let (result, note) = match (destinations.problem(), destinations.count(), &tests) {
        (Some(problem), ..) => (CheckResult::Fail, problem),
        (None, _, None) => (CheckResult::Waiting, "connecting to their servers".to_owned()),
        (None, 1, _) => (CheckResult::Pass, "1 destination".to_owned()),
        (None, count, _) => (CheckResult::Pass, format!("{count} destinations")),
    };
    (Check::new("Destinations", result, note), tests.unwrap_or_default())
}

/// What this browser knows first, then what the server knows.
fn checks(
    media: LocalMedia,
    server: Option<&Result<Preflight, ApiError>>,
    round_trip: RoundTrip,
    media_path: Option<MediaPath>,
) -> Vec<Check> {
    let mut all = vec![devices_check(media)];
    all.push(match round_trip {
        None => Check::new("Connection to LiveKit", CheckResult::Waiting, ""),
        Some(Some(ms)) if ms < 300 => Check::new("Connection to LiveKit", CheckResult::Pass, format!("{ms} ms")),
        Some(Some(ms)) => Check::new("Connection to LiveKit", CheckResult::Warn, format!("{ms} ms: expect delay")),
        Some(None) => Check::new("Connection to LiveKit", CheckResult::Warn, "LiveKit cannot be reached from this browser"),
    });
    all.push(media_check::line(media_path, server));
    match server {
        None => all.push(Check::new("Studio server", CheckResult::Waiting, "")),
        Some(Err(error)) => all.push(Check::new("Studio server", CheckResult::Fail, error.message.clone())),
        Some(Ok(preflight)) => {
            all.extend(preflight.lines.iter().map(|line| Check::new(&line.label, result(line.result), line.note.clone())));
        }
    }
    all
}

fn devices_check(media: LocalMedia) -> Check {
    let (camera, microphone, screen) = (media.camera.get(), media.microphone.get(), media.screen.get());
    let on = |state: &CaptureState| matches!(state, CaptureState::On { .. });
    let asking = |state: &CaptureState| matches!(state, CaptureState::Requesting(_));
    let label = "Camera and microphone";
    let silenced = |state: &CaptureState| state.trouble() == Some(CaptureTrouble::Silenced);
    match (on(&camera), on(&microphone)) {
        _ if asking(&camera) || asking(&microphone) => Check::new(label, CheckResult::Warn, "waiting for the browser's permission"),
        _ if silenced(&microphone) => Check::new(label, CheckResult::Warn, "the system has muted your microphone"),
        _ if silenced(&camera) => Check::new(label, CheckResult::Warn, "the system has switched off your camera"),
        _ if camera.trouble() == Some(CaptureTrouble::NoPicture) => {
            Check::new(label, CheckResult::Warn, "your camera gives no picture: viewers see your initial")
        }
        (true, true) => Check::new(label, CheckResult::Pass, "ready"),
        (true, false) => Check::new(label, CheckResult::Warn, "no microphone: viewers will not hear you"),
        (false, true) if on(&screen) => Check::new(label, CheckResult::Pass, "microphone and screen"),
        (false, true) => Check::new(label, CheckResult::Warn, "no camera: viewers see your initial"),
        (false, false) if on(&screen) => Check::new(label, CheckResult::Warn, "only the screen"),
        (false, false) => Check::new(label, CheckResult::Warn, "nothing to see or hear yet"),
    }
}
