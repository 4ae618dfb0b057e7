//! Footlight: a self-hosted live-streaming studio. One composed picture (a screen, a webcam in its corner, live data on top)
//! is captured once and plays on any number of platforms; each part can be restarted during a session.
//!
//! # The parts
//! One program in roles, each a process of its own:
//!
//! - `footlight serve` ([`serve`]): pages, API and the session state. Handles no media; may be killed at any moment.
//! - `footlight relay` ([`relay`]): receives the composite by RTMP, holds the connections to the platforms, records. Knows only
//!   the desired state that it was given, and reports what really arrives.
//! - `footlight egress` ([`egress`]): the local Web Egress. Opens the overlay page in a browser, encodes video and
//!   audio, publishes to the relay. A LiveKit fleet can replace it: the calls are the same.
//! - `footlight admin …` ([`admin`]): commands of the operator to the running server, over its socket.
//! - `footlight doctor` checks the installation; `footlight backup` and `footlight restore` copy the store; `footlight setup` makes
//!   what the roles need before a service manager starts each by itself.
//! - `footlight up` ([`mod@up`]): all of the above and a LiveKit server on one machine, started, supervised and stopped in order.
//!
//! # The modules
//! Each uses only modules listed before it; a test reads the sources and fails on anything else.
//!
//! | module | what it is | uses |
//! | --- | --- | --- |
//! | [`domain`] | what a broadcast is: states, rules, ids; pure | none |
//! | [`api`] | requests, responses and errors on the wire | `domain` |
//! | [`net`] | TLS, guarded HTTP requests, the clock, LiveKit's webhook signature, metrics | `domain` |
//! | [`media`] | RTMP, FLV, frames, the timeline | `domain` |
//! | [`server`] | use cases (one module each, wired in `studio`), ports and adapters, the HTTP API | `net`, `api`, `domain` |
//! | [`relay`] | the role | `media`, `net`, `domain`; of `api` the relay's control calls |
//! | [`egress`] | the role | `media`, `net`, `domain` |
//! | [`rpc`] | server functions, the browser's calls, three lines each | `api`; `server` in bodies |
//! | [`browser`] | the only access to JavaScript | `domain` |
//! | [`components`] | props in, callbacks out | `browser` |
//! | [`composite`] | the page that the egress records | `components`, `browser` |
//! | [`pages`] | one per route: load and view | `rpc`, `components`, `browser` |
//!
//! [`serve`] and [`app`] stand above all of them. The library is compiled twice: with `ssr` natively, and with `hydrate` for
//! browsers. `src/surfaces` holds the browser programs, each a `main` of a few lines: `composite` for the page that the egress
//! records, `live` for Go live and a session's page, `manage` for lists and settings. Sign in, sign up, sign out, help, the gallery,
//! the health page and the forms that delete are plain documents. The feature gates are in this file, in `main` and in `app`, and nowhere below.
//!
//! # What one click does
//! **Go live** on `/go-live` calls [`rpc::sessions`]`::start_session`, which identifies the caller and calls
//! `Sessions::start` in [`server::sessions`] (so does `POST /api/streaming/start`: one use case for both).
//!
//! 1. Settings and destinations are resolved and checked; their keys are sealed in, or read from, the vault.
//! 2. The session is stored `pending`; the database enforces one active session per owner. The room is created, and the desired state
//!    is put to the relay: which destinations, with which keys.
//! 3. The caller gets a room token at once: the page joins LiveKit and publishes camera, microphone and screen. The rest goes on in the
//!    background.
//! 4. An overlay token is created, and an egress is started that captures `/stream/overlay` with it and publishes to the relay. It
//!    waits for the page's start signal. The session is stored `starting`.
//! 5. The overlay subscribes, paints the first frame and sends `START_RECORDING`.
//! 6. The composite arrives at the relay; a destination accepts it; the relay reports it; the session is stored `live`, and the
//!    feed (SSE) switches the page to ON AIR.
//!
//! When a step fails, the session is ending: relay, room, tokens and egress are taken down, in that order, until nothing is left. The
//! reconciler repairs the rest: every few seconds it compares what is stored with what LiveKit and the relay really have, and plans
//! from that alone, so that it does not matter which process died in between. `docs/ARCHITECTURE.md` follows more such paths.

pub mod api;
pub mod app;
pub mod browser;
pub mod components;
pub mod composite;
pub mod domain;
pub mod pages;
pub mod rpc;

std::cfg_select! {
    feature = "ssr" => {
        pub mod admin;
        pub mod backup;
        pub mod config;
        pub mod egress;
        pub mod media;
        pub mod net;
        pub mod relay;
        pub mod serve;
        pub mod server;
        pub mod telemetry;
        pub mod up;

        /// Every role, and every test of one: calls make many small things on one thread and drop them on another.
        #[global_allocator]
        static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
    }
    _ => {}
}
