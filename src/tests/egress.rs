//! The local Web Egress, seen from outside: the real worker, Chromium, Xvfb, PulseAudio and ffmpeg, against a sink, a page server and a webhook receiver of ours.
//! Two shows at a time. Long rows are in the soak, figures in the bench; a client of another language is in `end2end/specs`.

#[path = "egress/contract.rs"]
mod contract;
#[path = "egress/faults.rs"]
mod faults;
#[path = "egress/ffprobe.rs"]
mod ffprobe;
#[path = "egress/harness.rs"]
mod harness;
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
#[path = "egress/worker.rs"]
mod worker;
