//! Footlight: a self-hosted live-streaming studio. One composed picture (a screen, a webcam in its corner, live data on top)
//! is captured once and plays on any number of platforms; each part can be restarted while a show runs.
//!
//! # The parts
//! One program in roles, each a process of its own:
//!
//! - `footlight serve` ([`serve`]): pages, API, and the truth about sessions. Holds no media; may be killed at any moment.
//! - `footlight relay` ([`relay`]): takes the composite by RTMP, holds the connections to the platforms, records. Knows only
//!   the wanted state that it was put, and reports what really arrives.
//! - `footlight egress` ([`egress`]): the local Web Egress. Opens the overlay page in a browser, encodes what is painted and
//!   heard, publishes to the relay. A LiveKit fleet can stand in its place: the calls are the same.
//! - `footlight admin …` ([`admin`]): what whoever runs the machine orders of the running server, over its socket.
//! - `footlight up` ([`mod@up`]): the above and a LiveKit server on one machine, started, watched, and ended in order.
//!
//! # The rooms
//! Each knows only rooms that stand before it; a test reads the sources and fails on anything else.
//!
//! | room | what it is | knows |
//! | --- | --- | --- |
//! | [`domain`] | what a broadcast is: states, rules, ids; pure | nobody |
//! | [`api`] | what crosses the wire | `domain` |
//! | [`server`] | use cases (`studio`), ports and adapters, the HTTP door | `domain`, `api` |
//! | [`rpc`] | the browser's door: server functions, three lines each | `api`; `server` in bodies |
//! | [`browser`] | the only door to JavaScript | `domain` |
//! | [`components`] | props in, callbacks out | `browser` |
//! | [`composite`] | the page that the egress records | `components`, `browser` |
//! | [`pages`] | one per route: load and view | `rpc`, `components`, `browser` |
//!
//! [`serve`] and [`app`] stand above all of them. The library is compiled twice: with `ssr` natively, and with `hydrate` for
//! browsers. `src/surfaces` holds the browser programs, each a `main` of a few lines: `composite` for the page that the egress
//! records, `live` for Go live, a session's page and the gallery, `manage` for lists and settings. Sign in, sign up and help are plain
//! documents. The gates stand in this file, in `main` and in `app`, and nowhere below.
//!
//! # The walk of one click
//! **Go live** on `/go-live` calls [`rpc::sessions`]`::start_session`, which asks who is calling and hands over to
//! `Studio::start` in [`server::studio`] (so does `POST /api/streaming/start`: two doors, one use case).
//!
//! 1. Settings and destinations are resolved and checked; their keys are sealed in, or taken from, the vault.
//! 2. The session is stored `pending`; the database holds that an owner has one active session.
//! 3. The room is made; the relay is put the wanted state: which destinations, with which keys.
//! 4. An overlay token is made, and an egress is asked to capture `/stream/overlay` with it, towards the relay. It waits for
//!    the page's start signal. The session is stored `starting`.
//! 5. The caller gets a room token; the page joins LiveKit and publishes camera, microphone and screen.
//! 6. The overlay, already booted in the egress, subscribes, paints the first frame and says `START_RECORDING`.
//! 7. The composite arrives at the relay; a destination takes it; the relay says so; the session is stored `live`, and the
//!    feed (SSE) turns the page's light on: ON AIR.
//!
//! Each step that fails undoes the earlier ones in reverse. What neither an answer nor an event told, the reconciler finds:
//! every few seconds it compares what is stored with what LiveKit and the relay really have, and decides from facts alone, so
//! that it does not matter which process died in between.

#![recursion_limit = "256"] // The types of larger views nest deeply.

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
        pub mod config;
        pub mod egress;
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
