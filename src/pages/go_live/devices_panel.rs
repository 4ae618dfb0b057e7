//! Camera, microphone and screen: switches, menus, level, and what to do when one fails. The same before the show and in it.

use super::desk::{CaptureState, Desk};
use crate::{
    browser::devices,
    components::{device_menu::DeviceMenu, level_meter::LevelMeter, notice::Trouble, switch_button::SwitchButton},
    domain::media::{CaptureKind, DeviceId, DeviceKind, UserChoices, chosen},
};
use leptos::prelude::*;

/// `on_air`: a muted microphone stays open.
#[component]
pub fn Switches(desk: Desk, on_air: bool) -> impl IntoView {
    let microphone_on = Signal::derive(move || desk.choices.with(|choices| choices.microphone_on));
    let camera_on = Signal::derive(move || desk.choices.with(|choices| choices.camera_on));
    let sharing = Signal::derive(move || matches!(desk.screen.get(), CaptureState::On { .. }));
    let shared = move || match desk.screen.get() {
        CaptureState::On { audio: true, .. } => Some("Sharing your screen with its sound."),
        CaptureState::On { audio: false, .. } => {
            Some("Sharing your screen. The browser gives no sound with it: share a tab to send its sound.")
        }
        _ => None,
    };
    view! {
        <div class="switches">
            <SwitchButton
                words=Signal::derive(move || if microphone_on.get() { "Mute" } else { "Unmute" })
                on=microphone_on
                on_press=move |()| desk.switch_microphone(on_air)
            />
            <SwitchButton
                words=Signal::derive(move || if camera_on.get() { "Camera off" } else { "Camera on" })
                on=camera_on
                on_press=move |()| desk.switch_camera()
            />
            <SwitchButton
                words=Signal::derive(move || if sharing.get() { "Stop sharing" } else { "Share screen" })
                on=sharing
                on_press=move |()| desk.switch_screen()
            />
        </div>
        <p class="switches-note" aria-live="polite">{shared}</p>
        <Failure desk kind=CaptureKind::Camera/>
        <Failure desk kind=CaptureKind::Microphone/>
        <Failure desk kind=CaptureKind::Screen/>
    }
}

#[component]
fn Failure(desk: Desk, kind: CaptureKind) -> impl IntoView {
    let sentence = move || match desk.state(kind).get() {
        CaptureState::Failed(failure) => Some(failure.sentence(kind)),
        _ => None,
    };
    move || sentence().map(|message| view! { <Trouble message on_retry=Callback::new(move |()| desk.open(kind))/> })
}

/// The menus and the level.
#[component]
pub fn Menus(desk: Desk) -> impl IntoView {
    let in_use = move |kind: CaptureKind, devices: DeviceKind, remembered: fn(&UserChoices) -> Option<DeviceId>| {
        let all = desk.of_kind(devices);
        Signal::derive(move || {
            let current = match desk.state(kind).get() {
                CaptureState::On { device, .. } => Some(device),
                _ => None,
            };
            let remembered = desk.choices.with(remembered);
            chosen(&all.get(), current.as_ref(), remembered.as_ref()).map(|device| device.id.clone())
        })
    };
    let choose_camera = move |id: DeviceId| {
        desk.choose(|choices| (choices.camera, choices.camera_on) = (Some(id), true));
        desk.open(CaptureKind::Camera);
    };
    let choose_microphone = move |id: DeviceId| {
        desk.choose(|choices| choices.microphone = Some(id));
        if desk.microphone.with_untracked(|state| *state != CaptureState::Off) {
            desk.open(CaptureKind::Microphone);
        }
    };
    Effect::new(move |_| {
        if let Some(microphone) = desk.microphone.with(CaptureState::running) {
            desk.heard.set(true);
            devices::meter(microphone, "voice-level", move |heard| desk.heard.set(heard));
        }
    });
    let note = Signal::derive(move || {
        let on = desk.choices.with(|choices| choices.microphone_on);
        match (on, desk.microphone.get(), desk.heard.get()) {
            (false, ..) => Some("You are muted."),
            (true, CaptureState::On { .. }, false) => Some("We hear nothing. Is it the right microphone?"),
            _ => None,
        }
    });
    view! {
        <div class="two">
            <DeviceMenu
                label="Camera"
                devices=desk.of_kind(DeviceKind::Camera)
                chosen=in_use(CaptureKind::Camera, DeviceKind::Camera, |choices| choices.camera.clone())
                on_choose=choose_camera
            />
            <DeviceMenu
                label="Microphone"
                devices=desk.of_kind(DeviceKind::Microphone)
                chosen=in_use(CaptureKind::Microphone, DeviceKind::Microphone, |choices| choices.microphone.clone())
                on_choose=choose_microphone
            />
            <LevelMeter id="voice-level" label="Your voice" note/>
        </div>
    }
}

/// Speaker, mirror, smooth screen: what is set once.
#[component]
pub fn Extras(desk: Desk) -> impl IntoView {
    let speakers = desk.of_kind(DeviceKind::Speaker);
    let speaker = Signal::derive(move || {
        let remembered = desk.choices.with(|choices| choices.speaker.clone());
        chosen(&speakers.get(), None, remembered.as_ref()).map(|device| device.id.clone())
    });
    let tick = move |label: &'static str, read: fn(&UserChoices) -> bool, write: fn(&mut UserChoices, bool)| {
        view! {
            <label class="tick">
                <input
                    type="checkbox"
                    prop:checked=move || desk.choices.with(read)
                    on:change=move |event| desk.choose(|choices| write(choices, event_target_checked(&event)))
                />
                <span>{label}</span>
            </label>
        }
    };
    view! {
        <details class="extras">
            <summary>"Speaker, mirror, frame rate"</summary>
            <div class="two">
                <DeviceMenu label="Speaker" devices=speakers chosen=speaker on_choose=move |id| desk.choose(|choices| choices.speaker = Some(id))/>
                <button class="button" data-align="field" type="button" on:click=move |_| devices::test_speaker(speaker.get_untracked().as_ref())>
                    "Test the speaker"
                </button>
            </div>
            {tick("Show me as in a mirror (viewers never see it so)", |choices| choices.mirrored, |choices, on| choices.mirrored = on)}
            {tick("Share screens at 60 frames per second (where the picture has 60)", |choices| choices.smooth_screen, |choices, on| choices.smooth_screen = on)}
        </details>
    }
}
