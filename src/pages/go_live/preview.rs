//! The preview: the same scene as the composite, with the local camera and screen in it.

use super::local_media::{CaptureState, LocalMedia};
use crate::{
    browser::{clock, drag},
    components::scene_view::{DataLayers, SceneView},
    domain::{
        destination::Platform,
        overlay::{OverlayPatch, OverlaySettings, PipCorner},
        overlay_state::{OverlayInputs, OverlayState},
        session::StreamType,
        video::VideoFormat,
    },
};
use leptos::{ev::PointerEvent, prelude::*};

/// By then the settings have long followed.
const DROP_TIMEOUT_MS: u64 = 1_500;

/// The webcam can be dragged to another corner; `WebcamOptions` does the same by keys. `data` shows what is in `overlay`.
#[component]
pub fn PreviewPanel(
    media: LocalMedia,
    caption: &'static str,
    #[prop(into)] title: Signal<String>,
    #[prop(into)] platforms: Signal<Vec<Platform>>,
    #[prop(into)] settings: Signal<OverlaySettings>,
    #[prop(into)] video: Signal<VideoFormat>,
    #[prop(into)] live: Signal<bool>,
    overlay: RwSignal<OverlayState>,
    data: Option<DataLayers>,
    #[prop(into)] on_change: Callback<OverlayPatch>,
) -> impl IntoView {
    let dragging = Dragging::new();
    let now = RwSignal::new(settings.get_untracked().starts_at.unwrap_or_default());
    let scene = Memo::new(move |_| {
        let mut settings = settings.get();
        settings.pip_corner = dragging.corner(settings.pip_corner);
        let inputs = OverlayInputs {
            stream_type: StreamType::User,
            entity_name: media.choices.with(|choices| choices.name.clone()),
            avatar: None,
            title: title.get(),
            platforms: platforms.get(),
            settings,
            media: media.scene_media(),
            live: live.get(),
            over: false,
        };
        overlay.with(|overlay| overlay.scene(&inputs, now.get()))
    });
    Effect::new(move || {
        now.set(clock::now());
        clock::every(1000, move || now.set(clock::now()));
    });
    let camera = Memo::new(move |_| media.camera.with(CaptureState::running));
    let screen = Memo::new(move |_| media.screen.with(CaptureState::running));
    Effect::new(move || {
        let mirrored = media.choices.with(|choices| choices.mirrored);
        if let Some(camera) = camera.get() {
            camera.show_in("own-camera-video", mirrored);
        }
    });
    Effect::new(move || {
        if let Some(screen) = screen.get() {
            screen.show_in("own-screen-video", false);
        }
    });
    view! {
        <div
            class="preview"
            data-shape=move || if video.with(|of| of.height > of.width) { "portrait" } else { "wide" }
            data-dragging=move || if dragging.from.with(Option::is_some) { "yes" } else { "no" }
            on:pointerdown=move |event| {
                if drag::start_drag(&event, ".scene[data-layout=screen] .scene-webcam") {
                    dragging.from.set(Some(drag::pointer_position(&event)));
                }
            }
            on:pointermove=move |event| dragging.moved(&event)
            on:pointerup=move |event| {
                drag::set_offset(&event, (0, 0));
                let corner = dragging.dropped(settings.with_untracked(|settings| settings.pip_corner), drag::size(&event));
                if let Some(pip_corner) = corner {
                    on_change.run(OverlayPatch { pip_corner: Some(pip_corner), ..OverlayPatch::default() });
                }
            }
            on:pointercancel=move |event| {
                drag::set_offset(&event, (0, 0));
                dragging.stop();
            }
        >
            <SceneView scene id_prefix="own-" data/>
            <span class="preview-caption">{caption}</span>
        </div>
    }
}

/// The webcam while it is dragged.
#[derive(Clone, Copy)]
struct Dragging {
    /// Where the drag began.
    from: RwSignal<Option<(i32, i32)>>,
    /// How far it was dragged.
    by: RwSignal<(i32, i32)>,
    /// Where it was dropped, until the settings have followed.
    dropped_at: RwSignal<Option<PipCorner>>,
}

impl Dragging {
    fn new() -> Self {
        Self { from: RwSignal::new(None), by: RwSignal::new((0, 0)), dropped_at: RwSignal::new(None) }
    }

    fn corner(self, set: PipCorner) -> PipCorner {
        self.dropped_at.get().unwrap_or(set)
    }

    fn moved(self, event: &PointerEvent) {
        if let Some(from) = self.from.get_untracked() {
            let to = drag::pointer_position(event);
            let by = (to.0 - from.0, to.1 - from.1);
            self.by.set(by);
            drag::set_offset(event, by);
        }
    }

    /// The corner it was dragged to, if that is another one.
    fn dropped(self, set: PipCorner, size: (i32, i32)) -> Option<PipCorner> {
        self.from.get_untracked()?;
        let corner = set.dragged(self.by.get_untracked(), size);
        self.stop();
        let changed = (corner != set).then_some(corner)?;
        self.dropped_at.set(Some(changed));
        // The page may have been left meanwhile.
        clock::after(DROP_TIMEOUT_MS, move || {
            let _ = self.dropped_at.try_set(None);
        });
        Some(changed)
    }

    fn stop(self) {
        self.from.set(None);
        self.by.set((0, 0));
    }
}
