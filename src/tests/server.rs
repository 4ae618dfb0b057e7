//! The server over fakes of LiveKit, relay and clock, and the real store in memory. One module for each subject.

#[path = "server/account_deletion.rs"]
mod account_deletion;
#[path = "server/auto_start.rs"]
mod auto_start;
#[path = "server/backup.rs"]
mod backup;
#[path = "server/clocks.rs"]
mod clocks;
#[path = "server/crashes.rs"]
mod crashes;
#[path = "server/feed_history.rs"]
mod feed_history;
#[path = "server/feed_writer.rs"]
mod feed_writer;
#[path = "server/harness.rs"]
mod harness;
#[path = "server/key_rotation.rs"]
mod key_rotation;
#[path = "server/leases.rs"]
mod leases;
#[path = "server/monitoring.rs"]
mod monitoring;
#[path = "server/outbox.rs"]
mod outbox;
#[path = "server/outbox_receivers.rs"]
mod outbox_receivers;
#[path = "server/platforms.rs"]
mod platforms;
#[path = "server/random_faults.rs"]
mod random_faults;
#[path = "server/retention.rs"]
mod retention;
#[path = "server/session_destinations.rs"]
mod session_destinations;
#[path = "server/starts.rs"]
mod starts;
#[path = "server/state.rs"]
mod state;
#[allow(dead_code, reason = "each test program uses its own part")]
mod support;
#[path = "server/timeline.rs"]
mod timeline;
#[path = "server/viewers.rs"]
mod viewers;
#[path = "server/webhooks.rs"]
mod webhooks;
