//! What the test programs share: fakes of LiveKit and the relay, the web server as a process, processes that are killed after a number of calls, and waiting.

pub mod app;
pub mod crash_budget;
pub mod crashing_ports;
pub mod crashing_store;
pub mod livekit;
pub mod relay;
pub mod served;
pub mod wait;
