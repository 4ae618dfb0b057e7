//! Tests of the local Web Egress from outside: the real worker, Chromium, Xvfb, PulseAudio and ffmpeg, with our own RTMP sink, page server and webhook receiver.
//! Two egresses at a time. Long tests are in the soak, measurements in the bench; a client in another language is in `end2end/specs`.

#[path = "egress/contract.rs"]
mod contract;
#[path = "egress/faults.rs"]
mod faults;
#[path = "egress/ffprobe.rs"]
mod ffprobe;
#[path = "egress/harness.rs"]
mod harness;
#[path = "egress/machine.rs"]
mod machine;
#[path = "egress/page_isolation.rs"]
mod page_isolation;
#[path = "egress/pages.rs"]
mod pages;
#[path = "egress/quality.rs"]
mod quality;
#[path = "egress/replay.rs"]
mod replay;
#[path = "egress/sdk.rs"]
mod sdk;
#[path = "egress/sink.rs"]
mod sink;
#[path = "egress/site.rs"]
mod site;
#[allow(dead_code, reason = "each test program uses its own part")]
mod support;
#[path = "egress/swept.rs"]
mod swept;
#[path = "egress/worker.rs"]
mod worker;
