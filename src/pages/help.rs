//! First steps, the set-up of LiveKit, and what to do when something is not as it should be: each with the page or the
//! command that tells.

use crate::{
    api::docs::InstallationInfo,
    components::notice::{ErrorNotice, Loading},
    rpc::docs::load_installation_info,
};
use leptos::prelude::*;
use leptos_meta::Title;

/// `/help`
#[component]
pub fn Help() -> AnyView {
    let facts = Resource::new_blocking(|| (), |()| load_installation_info());
    view! {
        <Title text="Help"/>
        <main class="page help" id="content">
            <h1>"Help"</h1>
            <nav class="help-index" aria-label="On this page">
                <a href="#first">"Your first show"</a>
                <a href="#platforms">"Keys and addresses"</a>
                <a href="#livekit">"LiveKit"</a>
                <a href="#trouble">"When something is wrong"</a>
                <a href="#watch">"Watching over it"</a>
            </nav>
            <FirstShow/>
            <Platforms/>
            <section aria-labelledby="livekit">
                <h2 class="section" id="livekit">"LiveKit"</h2>
                <Suspense fallback=|| view! { <Loading/> }>
                    {move || {
                        facts.get().map(|answer| match answer {
                            Ok(facts) => view! { <LiveKit facts/> }.into_any(),
                            Err(error) => view! { <ErrorNotice message=error.message on_retry=Callback::new(move |()| facts.refetch())/> }.into_any(),
                        })
                    }}
                </Suspense>
            </section>
            <WhenWrong/>
            <WatchOver/>
        </main>
    }
    .into_any()
}

#[component]
fn FirstShow() -> impl IntoView {
    view! {
        <section aria-labelledby="first">
            <h2 class="section" id="first">"Your first show"</h2>
            <ol>
                <li>"Open "<a href="/go-live">"Go live"</a>" and allow camera and microphone. Each works without the other."</li>
                <li>"Press "<b>"Share screen"</b>" and choose what viewers shall see. Its sound comes along if you tick it in the browser\u{2019}s own window."</li>
                <li>"Tick "<b>"Rehearsal"</b>": the whole show runs, and only you can watch it afterwards."</li>
                <li>"Satisfied? Add a destination with its stream key, and press "<b>"Go live"</b>". The light turns red when a platform really takes the picture."</li>
            </ol>
        </section>
    }
}

#[component]
fn Platforms() -> impl IntoView {
    view! {
        <section aria-labelledby="platforms">
            <h2 class="section" id="platforms">"Keys and addresses"</h2>
            <dl>
                <dt>"Twitch"</dt>
                <dd>"Creator Dashboard, Settings, Stream: copy the primary stream key. Twitch takes up to 6 Mbit/s; 720p at 30 frames is a good start."</dd>
                <dt>"YouTube"</dt>
                <dd>"YouTube Studio, Create, Go live, Stream: copy the stream key. The first time, YouTube lets a channel wait up to a day before it may stream."</dd>
                <dt>"Kick and X"</dt>
                <dd>"Both show a server address and a key: Kick under Creator Dashboard, Settings, Stream URL and key; X in Media Studio, Producer. Copy both."</dd>
                <dt>"Custom"</dt>
                <dd>
                    "Any RTMP server: the address is "<code>"rtmp://host/application"</code>" or "<code>"rtmps://host/application"</code>
                    ", without the key. A server in your private network must be named by whoever runs this studio: "
                    <code>"FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS=host:port"</code>"."
                </dd>
            </dl>
            <p class="quiet">
                "A stream key is a password: whoever has it can stream as you. It is sealed the moment it arrives and never shown again but for its last four characters. "
                "Saved ones are kept under "<a href="/settings">"Settings"</a>", where a destination\u{2019}s server can be tried without going live."
            </p>
        </section>
    }
}

#[component]
fn LiveKit(facts: InstallationInfo) -> impl IntoView {
    let capture = if facts.local_capture {
        "The capture runs on this machine (footlight egress) and tells its news by itself."
    } else {
        "The capture is LiveKit\u{2019}s own Egress service: it must be running beside the LiveKit server, with Redis."
    };
    view! {
        <p>"Browsers meet in the room server at "<code>{facts.room_server}</code>". "{capture}</p>
        <p>"A LiveKit server of your own needs this in its configuration, with the key that this studio has as "<code>"LIVEKIT_API_KEY"</code>":"</p>
        <pre class="sample" tabindex="0" aria-label="LiveKit\u{2019}s configuration"><code>
            {format!("webhook:\n  api_key: <the same API key>\n  urls: [\"{}\"]\nroom:\n  auto_create: false", facts.webhook_url)}
        </code></pre>
        <p>"In LiveKit Cloud enter the address under Settings, Webhooks: "<code>{facts.webhook_url.clone()}</code>"."</p>
        <p>"Is it heard? "<code>"footlight admin test-webhook"</code>" sends a signed one to the running studio and says what came of it."</p>
    }
}

#[component]
fn WhenWrong() -> impl IntoView {
    view! {
        <section aria-labelledby="trouble">
            <h2 class="section" id="trouble">"When something is wrong"</h2>
            <h3>"A show does not start"</h3>
            <p>
                "The list before you go live checks camera, room, media server, relay and free slots, and says what is missing. A show that failed says why on its own page: open it from "
                <a href="/">"Shows"</a>". A refused key is named within seconds. “No free slot” means that this machine is capturing as many shows as it can."
            </p>
            <h3>"The overlay stays empty"</h3>
            <p>
                "On the show\u{2019}s page, the timeline says whether the overlay page said that it is ready. Viewers see “Starting soon” until the host is in the room. "
                "If the browser cannot reach the room server\u{2019}s address above (often a firewall: TCP 7881 and UDP 7882), neither camera nor screen arrive."
            </p>
            <h3>"The quality is poor"</h3>
            <p>
                "“How it goes” in the Studio tells your upload apart from the picture. A poor upload: close what else uses the line, or choose a smaller picture. "
                "Frames missing in the picture: the machine is too busy; run fewer shows at once or set "<code>"FOOTLIGHT_VIDEO=720p30"</code>
                ". A platform that falls behind says so in its own line, and slows no other."
            </p>
            <h3>"Webhooks do not come"</h3>
            <p>
                "Shows still start and end, a few seconds later: the studio also asks by itself. Run "<code>"footlight admin test-webhook"</code>
                "; if that is taken, compare the address and the API key in LiveKit\u{2019}s configuration with the ones above, and see that its clock is right."
            </p>
            <h3>"Something else"</h3>
            <p>
                <code>"footlight admin list-sessions"</code>" prints every running show and its troubles; "<code>"/healthz"</code>" says whether the studio answers. "
                "Logs lie in the data folder, one file for each part, and hold no key."
            </p>
        </section>
    }
}

#[component]
fn WatchOver() -> impl IntoView {
    view! {
        <section aria-labelledby="watch">
            <h2 class="section" id="watch">"Watching over it"</h2>
            <p>
                <code>"/metrics"</code>" tells Prometheus about shows, starts, failures, platforms and how long each part takes to answer; "
                <code>"/readyz"</code>" says whether new shows can start, and if not, why."
            </p>
            <p>
                "Other programs can be told when a show is live, ends or fails, and when a destination fails: name their addresses in "
                <code>"FOOTLIGHT_WEBHOOKS"</code>" and the secret that signs the calls in "<code>"FOOTLIGHT_WEBHOOK_SECRET"</code>
                ". A call that is not taken is repeated for a day."
            </p>
            <p>
                "Viewers are counted where a destination names its channel and the studio may ask: give it the credentials of an application at Twitch with "
                <code>"footlight admin viewer-counts twitch --client-id ID"</code>", an API key for YouTube\u{2019}s Data API with "
                <code>"footlight admin viewer-counts youtube"</code>". The secret is read from standard input, tried, and sealed; an empty one is forgotten."
            </p>
            <p>
                "What a show costs is reckoned from "<code>"FOOTLIGHT_PRICE_EGRESS_MINUTE"</code>" and "<code>"FOOTLIGHT_PRICE_GIGABYTE"</code>
                ", and stands on its page and under "<a href="/analytics">"Totals"</a>"."
            </p>
        </section>
    }
}
