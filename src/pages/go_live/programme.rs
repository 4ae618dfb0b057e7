//! The picture on this page: the same scene as the composite, with the streamer's own camera and screen in it.

use super::desk::Desk;
use crate::{
    browser::{clock, drag},
    components::scene_view::{DataLayers, SceneView},
    domain::{
        overlay::{OverlayPatch, OverlaySettings, PipCorner},
        session::StreamType,
        show::{Programme, Show},
    },
};
use leptos::{ev::PointerEvent, prelude::*};

/// A change of the settings is back long before.
const LANDED_MS: u64 = 1_500;

/// Before the show and during it. The webcam can be dragged to another corner; `CornerAndSize` does the same by keys.
/// `show` is what happened on top,
/// `data` what shows it.
#[component]
pub fn ProgrammeView(
    desk: Desk,
    caption: &'static str,
    #[prop(into)] title: Signal<String>,
    #[prop(into)] settings: Signal<OverlaySettings>,
    #[prop(into)] live: Signal<bool>,
    show: RwSignal<Show>,
    data: Option<DataLayers>,
    #[prop(into)] on_change: Callback<OverlayPatch>,
) -> impl IntoView {
    let dragging = Dragging::new();
    let now = RwSignal::new(settings.get_untracked().starts_at.unwrap_or_default());
    let scene = Memo::new(move |_| {
        let mut settings = settings.get();
        settings.pip_corner = dragging.corner(settings.pip_corner);
        let programme = Programme {
            stream_type: StreamType::User,
            entity_name: desk.choices.with(|choices| choices.name.clone()),
            avatar: None,
            title: title.get(),
            settings,
            media: desk.media(),
            live: live.get(),
            over: false,
        };
        show.with(|show| show.scene(&programme, now.get()))
    });
    Effect::new(move || {
        now.set(clock::now());
        clock::every(1000, move || now.set(clock::now()));
    });
    Effect::new(move || {
        let mirrored = desk.choices.with(|choices| choices.mirrored);
        if let Some(camera) = desk.camera.with(super::desk::CaptureState::running) {
            camera.show_in("own-camera-video", mirrored);
        }
    });
    Effect::new(move || {
        if let Some(screen) = desk.screen.with(super::desk::CaptureState::running) {
            screen.show_in("own-screen-video", false);
        }
    });
    view! {
        <div
            class="programme"
            data-dragging=move || if dragging.from.with(Option::is_some) { "yes" } else { "no" }
            on:pointerdown=move |event| {
                if drag::seize(&event, ".scene[data-layout=screen] .scene-webcam") {
                    dragging.from.set(Some(drag::place(&event)));
                }
            }
            on:pointermove=move |event| dragging.moved(&event)
            on:pointerup=move |event| {
                drag::shift(&event, (0, 0));
                let corner = dragging.dropped(settings.with_untracked(|settings| settings.pip_corner), drag::size(&event));
                if let Some(pip_corner) = corner {
                    on_change.run(OverlayPatch { pip_corner: Some(pip_corner), ..OverlayPatch::default() });
                }
            }
            on:pointercancel=move |event| {
                drag::shift(&event, (0, 0));
                dragging.stop();
            }
        >
            <SceneView scene id_prefix="own-" data/>
            <span class="programme-caption">{caption}</span>
        </div>
    }
}

/// The webcam under the pointer.
#[derive(Clone, Copy)]
struct Dragging {
    /// Where it was pressed.
    from: RwSignal<Option<(i32, i32)>>,
    /// How far it was drawn since.
    by: RwSignal<(i32, i32)>,
    /// Where it was let go, until the settings say so or have had the time to.
    landed: RwSignal<Option<PipCorner>>,
}

impl Dragging {
    fn new() -> Self {
        Self { from: RwSignal::new(None), by: RwSignal::new((0, 0)), landed: RwSignal::new(None) }
    }

    fn corner(self, set: PipCorner) -> PipCorner {
        self.landed.get().unwrap_or(set)
    }

    fn moved(self, event: &PointerEvent) {
        if let Some(from) = self.from.get_untracked() {
            let to = drag::place(event);
            let by = (to.0 - from.0, to.1 - from.1);
            self.by.set(by);
            drag::shift(event, by);
        }
    }

    /// The corner that it was drawn to, if that is another one.
    fn dropped(self, set: PipCorner, size: (i32, i32)) -> Option<PipCorner> {
        self.from.get_untracked()?;
        let corner = set.dragged(self.by.get_untracked(), size);
        self.stop();
        let news = (corner != set).then_some(corner)?;
        self.landed.set(Some(news));
        // The page may have been left meanwhile.
        clock::after(LANDED_MS, move || {
            let _ = self.landed.try_set(None);
        });
        Some(news)
    }

    fn stop(self) {
        self.from.set(None);
        self.by.set((0, 0));
    }
}
