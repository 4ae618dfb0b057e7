//! Plays a recording.

use leptos::prelude::*;

/// `src` is an HLS playlist.
#[component]
pub fn Player(#[prop(into)] src: String) -> impl IntoView {
    let failed = RwSignal::new(false);
    let address = src.clone();
    view! {
        <figure class="player">
            <video
                controls=true
                playsinline=true
                preload="metadata"
                aria-label="Recording"
                src=src
                hidden=move || failed.get()
                on:error=move |_| failed.set(true)
            ></video>
            {move || {
                let address = address.clone();
                failed.get().then(|| view! {
                    <figcaption class="quiet">
                        "The recording is gone, or this browser cannot play it (Chrome from 142 on, Edge and Safari can). "
                        <a href=address>"Open it in another player"</a>
                    </figcaption>
                })
            }}
        </figure>
    }
}
