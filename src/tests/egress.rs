//! The local Web Egress, seen from outside: the real worker, Chromium, Xvfb, PulseAudio and ffmpeg, against a sink, a page server and a webhook receiver of ours.
//! One show at a time. `FOOTLIGHT_SOAK=1` adds the long rows (a minute of measuring instead of seconds).

#[path = "egress/contract.rs"]
mod contract;
#[path = "egress/faults.rs"]
mod faults;
#[path = "egress/ground.rs"]
mod ground;
#[path = "egress/pages.rs"]
mod pages;
#[path = "egress/quality.rs"]
mod quality;
#[path = "egress/sdk.rs"]
mod sdk;
#[path = "egress/sink.rs"]
mod sink;
