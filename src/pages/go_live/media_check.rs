//! Whether media get from this browser to LiveKit: its address may answer while a firewall holds back the media, which take other ports.

use crate::{
    api::{error::ApiError, sessions::Preflight},
    browser::{clock, protocol::MediaPath, room},
    components::check_list::{Check, CheckResult},
    rpc::sessions::{media_check_access, run_preflight},
};
use leptos::{prelude::*, task::spawn_local};

/// Tried again this often until it is open.
const RECHECK_MS: u64 = 15_000;

/// Checks it with a connection of its own, until the surrounding owner is dropped.
pub fn watch() -> ReadSignal<Option<MediaPath>> {
    let (path, set_path) = signal(None);
    let check = move || {
        spawn_local(async move {
            // The page may have been left meanwhile.
            match media_check_access().await {
                Ok(access) => room::check_media(&access, move |found| {
                    let _ = set_path.try_set(Some(found));
                }),
                Err(_) => {
                    let _ = set_path.try_set(Some(MediaPath::Unknown));
                }
            }
        });
    };
    Effect::new(move |_| {
        check();
        clock::every(RECHECK_MS, move || {
            if path.get_untracked() != Some(MediaPath::Open) {
                check();
            }
        });
    });
    path
}

/// The line among the preflight checks.
pub fn line(path: Option<MediaPath>, server: Option<&Result<Preflight, ApiError>>) -> Check {
    let label = "Media connection";
    let ports = server.and_then(|answer| answer.as_ref().ok()).map_or("its media ports", |known| known.media_ports.as_str());
    match path {
        None => Check::new(label, CheckResult::Waiting, ""),
        Some(MediaPath::Open) => Check::new(label, CheckResult::Pass, "open"),
        Some(MediaPath::Blocked) => Check::new(
            label,
            CheckResult::Warn,
            format!("blocked: viewers would see and hear nothing of you. Open {ports} to the LiveKit server"),
        ),
        Some(MediaPath::Unknown) => Check::new(label, CheckResult::Warn, "unknown: LiveKit does not answer"),
    }
}

/// What the studio says while no media come through. The ports are asked for only then.
pub fn explanation(blocked: impl Fn() -> bool + 'static) -> Signal<String> {
    let ports = RwSignal::new("its media ports".to_owned());
    Effect::new(move |asked: Option<bool>| {
        let asked = asked.unwrap_or(false);
        if blocked() && !asked {
            spawn_local(async move {
                if let Ok(known) = run_preflight().await {
                    // The page may have been left meanwhile.
                    let _ = ports.try_set(known.media_ports);
                }
            });
            return true;
        }
        asked
    });
    Signal::derive(move || {
        format!(
            "Camera, microphone and screen do not get through: the media ports of the LiveKit server are blocked for this browser. \
             Open {} to it. The stream goes on meanwhile.",
            ports.get()
        )
    })
}
