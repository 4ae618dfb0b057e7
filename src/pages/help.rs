//! First steps, LiveKit set-up, troubleshooting, monitoring.

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
                <a href="#first">"Your first stream"</a>
                <a href="#platforms">"Stream keys and addresses"</a>
                <a href="#livekit">"LiveKit"</a>
                <a href="#troubleshooting">"Troubleshooting"</a>
                <a href="#monitoring">"Monitoring"</a>
            </nav>
            <FirstStream/>
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
            <Troubleshooting/>
            <Monitoring/>
        </main>
    }
    .into_any()
}

#[component]
fn FirstStream() -> impl IntoView {
    view! {
        <section aria-labelledby="first">
            <h2 class="section" id="first">"Your first stream"</h2>
            <ol>
                <li>"Open "<a href="/go-live">"Go live"</a>" and allow camera and microphone. Each works without the other."</li>
                <li>"Press "<b>"Share screen"</b>" and choose what viewers should see. To share its audio too, allow that in the browser\u{2019}s dialog."</li>
                <li>"Choose "<b>"Rehearsal"</b>": the whole stream runs and is recorded, and only you can watch it."</li>
                <li>"When you are satisfied, add a destination with its stream key and press "<b>"Go live"</b>". The light turns red when a platform receives the stream."</li>
            </ol>
        </section>
    }
}

#[component]
fn Platforms() -> impl IntoView {
    view! {
        <section aria-labelledby="platforms">
            <h2 class="section" id="platforms">"Stream keys and addresses"</h2>
            <dl>
                <dt>"Twitch"</dt>
                <dd>"Creator Dashboard, Settings, Stream: copy the primary stream key. Twitch takes up to 6 Mbit/s; 720p at 30 fps is a good start."</dd>
                <dt>"YouTube"</dt>
                <dd>"YouTube Studio, Create, Go live, Stream: copy the stream key. The first time, YouTube may make a channel wait up to a day before it can stream."</dd>
                <dt>"Kick and X"</dt>
                <dd>"Both show a server address and a stream key: Kick under Creator Dashboard, Settings, Stream URL and key; X in Media Studio, Producer. Copy both."</dd>
                <dt>"Custom"</dt>
                <dd>
                    "Any RTMP server: the address is "<code>"rtmp://host/application"</code>" or "<code>"rtmps://host/application"</code>
                    ", without the key. A server in your private network must be allowed by the administrator: "
                    <code>"FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS=host:port"</code>"."
                </dd>
            </dl>
            <p class="quiet">
                "A stream key is a password: whoever has it can stream as you. It is encrypted when it arrives, and only its last four characters are shown again. "
                "Saved destinations are under "<a href="/settings">"Settings"</a>", where the connection to their servers can be tested without going live."
            </p>
        </section>
    }
}

#[component]
fn LiveKit(facts: InstallationInfo) -> impl IntoView {
    let capture = if facts.local_capture {
        "The capture runs on this machine (footlight egress) and needs no webhook set-up."
    } else {
        "The capture is LiveKit\u{2019}s own Egress service: it must be running beside the LiveKit server, with Redis."
    };
    view! {
        <p>"Browsers connect to the LiveKit server at "<code>{facts.room_server}</code>". "{capture}</p>
        <p>"Your own LiveKit server needs this in its configuration, with the API key that this studio has as "<code>"LIVEKIT_API_KEY"</code>":"</p>
        <pre class="sample" tabindex="0" aria-label="LiveKit\u{2019}s configuration"><code>
            {format!("webhook:\n  api_key: <the same API key>\n  urls: [\"{}\"]\nroom:\n  auto_create: false", facts.webhook_url)}
        </code></pre>
        <p>"In LiveKit Cloud enter the address under Settings, Webhooks: "<code>{facts.webhook_url.clone()}</code>"."</p>
        <p>"To test it, "<code>"footlight admin test-webhook"</code>" sends a signed webhook to the running studio and prints the result."</p>
    }
}

#[component]
fn Troubleshooting() -> impl IntoView {
    view! {
        <section aria-labelledby="troubleshooting">
            <h2 class="section" id="troubleshooting">"Troubleshooting"</h2>
            <h3>"A stream does not start"</h3>
            <p>
                "The preflight checks cover camera, LiveKit, relay, free capture slots and the servers of the destinations, and say what is missing. A stream that failed says why on its own page: open it from "
                <a href="/">"Streams"</a>". A refused stream key is reported within seconds. “No free slot” means that this machine is capturing as many streams as it can."
            </p>
            <h3>"The overlay stays empty"</h3>
            <p>
                "The timeline on the stream\u{2019}s page says whether the overlay page sent its start signal. Viewers see “Starting soon” until the host is in the room. "
                "If “Media connection” among the preflight checks is blocked, a firewall holds back the ports that it names (TCP 7881 and UDP 7882 unless set otherwise), and neither camera nor screen arrive."
            </p>
            <h3>"The quality is poor"</h3>
            <p>
                "“Stream health” in the studio shows your upload and the output separately. If the upload is network-limited, stop other uploads or choose a lower resolution. "
                "If the output drops frames, the machine is too busy: run fewer streams at once or set "<code>"FOOTLIGHT_VIDEO=720p30"</code>
                ". A destination that falls behind shows it in its status, and slows no other."
            </p>
            <h3>"LiveKit webhooks do not arrive"</h3>
            <p>
                "Streams still start and end, a few seconds later: the studio also polls. Run "<code>"footlight admin test-webhook"</code>
                "; if that is accepted, compare the address and the API key in LiveKit\u{2019}s configuration with the ones above, and check that its clock is right."
            </p>
            <h3>"Something else"</h3>
            <p>
                <code>"footlight admin list-sessions"</code>" prints every running session and its issues; "<code>"/healthz"</code>" says whether the studio answers. "
                "Logs are in the data folder, one file for each process, and contain no keys."
            </p>
        </section>
    }
}

#[component]
fn Monitoring() -> impl IntoView {
    view! {
        <section aria-labelledby="monitoring">
            <h2 class="section" id="monitoring">"Monitoring"</h2>
            <p>
                <code>"/metrics"</code>" has metrics for Prometheus: streams, starts, failures, destinations and response times; "
                <code>"/readyz"</code>" says whether new streams can start, and if not, why."
            </p>
            <p>
                "Webhooks call other programs when a stream is live, ends or fails, and when a destination fails: set their addresses in "
                <code>"FOOTLIGHT_WEBHOOKS"</code>" and the signing secret in "<code>"FOOTLIGHT_WEBHOOK_SECRET"</code>
                ". A failed delivery is retried for a day."
            </p>
            <p>
                "Viewers are counted for destinations that have a channel. Set the credentials of a Twitch application with "
                <code>"footlight admin viewer-counts twitch --client-id ID"</code>", and an API key for YouTube\u{2019}s Data API with "
                <code>"footlight admin viewer-counts youtube"</code>". The secret is read from standard input, tested, and encrypted; an empty one removes it."
            </p>
            <p>
                "The cost of a stream is estimated from "<code>"FOOTLIGHT_PRICE_EGRESS_MINUTE"</code>" and "<code>"FOOTLIGHT_PRICE_GIGABYTE"</code>
                ", and is shown on its page and under "<a href="/analytics">"Analytics"</a>"."
            </p>
        </section>
    }
}
