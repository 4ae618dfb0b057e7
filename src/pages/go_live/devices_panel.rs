//! Camera, microphone and screen: buttons, menus, level, errors. The same before and during a stream.

use super::local_media::{CaptureState, LocalMedia};
use crate::{
    browser::devices,
    components::{
        checkbox::Checkbox,
        device_menu::DeviceMenu,
        icon::Icon,
        level_meter::LevelMeter,
        notice::{ErrorIfAny, ErrorNotice},
        switch_button::SwitchButton,
    },
    domain::media::{CaptureKind, DeviceId, DeviceKind, UserChoices, chosen},
};
use leptos::prelude::*;

/// On air a muted microphone stays open.
#[component]
pub fn Switches(media: LocalMedia, on_air: bool) -> impl IntoView {
    let microphone_on = Signal::derive(move || media.choices.with(|choices| choices.microphone_on));
    let camera_on = Signal::derive(move || media.choices.with(|choices| choices.camera_on));
    let sharing = Signal::derive(move || matches!(media.screen.get(), CaptureState::On { .. }));
    let shared = move || match media.screen.get() {
        CaptureState::On { sound, .. } => Some(view! { <span>{sound.note()}</span> }),
        _ => None,
    };
    view! {
        <div class="media-controls">
            <SwitchButton
                icon=Icon::Microphone
                label=Signal::derive(move || if microphone_on.get() { "Mute" } else { "Unmute" })
                on=microphone_on
                on_press=move |()| media.toggle_microphone(on_air)
            />
            <SwitchButton
                icon=Icon::Camera
                label=Signal::derive(move || if camera_on.get() { "Camera off" } else { "Camera on" })
                on=camera_on
                on_press=move |()| media.toggle_camera()
            />
            <SwitchButton
                icon=Icon::Screen
                label=Signal::derive(move || if sharing.get() { "Stop sharing" } else { "Share screen" })
                on=sharing
                on_press=move |()| media.toggle_screen()
            />
        </div>
        <p class="media-controls-note" aria-live="polite">{shared}</p>
        <Failure media kind=CaptureKind::Camera/>
        <Failure media kind=CaptureKind::Microphone/>
        <Failure media kind=CaptureKind::Screen/>
    }
}

#[component]
fn Failure(media: LocalMedia, kind: CaptureKind) -> impl IntoView {
    let failure = Memo::new(move |_| match media.state(kind).get() {
        CaptureState::Failed(failure) => Some(failure.sentence(kind)),
        _ => None,
    });
    let trouble =
        Memo::new(move |_| media.state(kind).with(CaptureState::trouble).and_then(|trouble| trouble.sentence(kind)).map(str::to_owned));
    view! {
        {move || failure.get().map(|message| view! { <ErrorNotice message on_retry=Callback::new(move |()| media.open(kind))/> })}
        <ErrorIfAny message=trouble/>
    }
}

#[component]
pub fn Menus(media: LocalMedia) -> impl IntoView {
    let in_use = move |kind: CaptureKind, devices: DeviceKind, remembered: fn(&UserChoices) -> Option<DeviceId>| {
        let all = media.devices_of(devices);
        Signal::derive(move || {
            let current = match media.state(kind).get() {
                CaptureState::On { device, .. } => Some(device),
                _ => None,
            };
            let remembered = media.choices.with(remembered);
            chosen(&all.get(), current.as_ref(), remembered.as_ref()).map(|device| device.id.clone())
        })
    };
    let choose_camera = move |id: DeviceId| {
        media.update_choices(|choices| (choices.camera, choices.camera_on) = (Some(id), true));
        media.open(CaptureKind::Camera);
    };
    let choose_microphone = move |id: DeviceId| {
        media.update_choices(|choices| choices.microphone = Some(id));
        if media.microphone.with_untracked(|state| *state != CaptureState::Off) {
            media.open(CaptureKind::Microphone);
        }
    };
    let microphone = Memo::new(move |_| media.microphone.with(CaptureState::running));
    Effect::new(move |_| {
        if let Some(microphone) = microphone.get() {
            media.microphone_heard.set(true);
            devices::meter(microphone, "voice-level", move |event| {
                media.microphone_heard.set(event.heard);
                media.meter_works.set(event.works);
            });
        }
    });
    let note = Signal::derive(move || {
        let on = media.choices.with(|choices| choices.microphone_on);
        let trouble = media.microphone.with(CaptureState::trouble);
        match (on, media.microphone.with(CaptureState::running), media.microphone_heard.get()) {
            (false, ..) => Some("You are muted."),
            (true, Some(_), _) if trouble.is_some() => Some("Muted by your system."),
            (true, Some(_), _) if !media.meter_works.get() => Some("This browser shows no level; the microphone works without."),
            (true, Some(_), false) => Some("No sound. Is this the right microphone?"),
            _ => None,
        }
    });
    view! {
        <div class="two-columns">
            <DeviceMenu
                label="Camera"
                devices=media.devices_of(DeviceKind::Camera)
                chosen=in_use(CaptureKind::Camera, DeviceKind::Camera, |choices| choices.camera.clone())
                on_choose=choose_camera
            />
            <DeviceMenu
                label="Microphone"
                devices=media.devices_of(DeviceKind::Microphone)
                chosen=in_use(CaptureKind::Microphone, DeviceKind::Microphone, |choices| choices.microphone.clone())
                on_choose=choose_microphone
            />
            <LevelMeter id="voice-level" label="Microphone level" works=media.meter_works note/>
        </div>
    }
}

#[component]
pub fn Extras(media: LocalMedia) -> impl IntoView {
    let speakers = media.devices_of(DeviceKind::Speaker);
    let speaker = Signal::derive(move || {
        let remembered = media.choices.with(|choices| choices.speaker.clone());
        chosen(&speakers.get(), None, remembered.as_ref()).map(|device| device.id.clone())
    });
    let checkbox = move |label: &'static str, read: fn(&UserChoices) -> bool, write: fn(&mut UserChoices, bool)| {
        let checked = Signal::derive(move || media.choices.with(read));
        view! { <Checkbox label checked on_check=move |on| media.update_choices(|choices| write(choices, on))/> }
    };
    let played = RwSignal::new(true);
    let test = move |_| {
        devices::test_speaker(speaker.get_untracked().as_ref(), move |now| {
            // The page may have been left meanwhile.
            let _ = played.try_set(now);
        });
    };
    view! {
        <details class="more-options">
            <summary>"Speaker, mirror, frame rate"</summary>
            <div class="two-columns">
                <DeviceMenu label="Speaker" devices=speakers chosen=speaker on_choose=move |id| media.update_choices(|choices| choices.speaker = Some(id))/>
                <button class="button" data-align="field" type="button" on:click=test>"Test speaker"</button>
                {move || (!played.get()).then(|| view! { <small aria-live="polite">"This browser could not play the test sound."</small> })}
            </div>
            {checkbox("Mirror my camera here (viewers never see it mirrored)", |choices| choices.mirrored, |choices, on| choices.mirrored = on)}
            {checkbox("Share screens at 60 fps (if the stream has 60)", |choices| choices.smooth_screen, |choices, on| choices.smooth_screen = on)}
        </details>
    }
}
