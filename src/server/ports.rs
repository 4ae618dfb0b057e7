//! What every use case works with, given once at start: the configuration, the clock, ids, and the ports to everything outside.

pub mod ids;

use super::{livekit::LiveKit, relay::Relay, store::Store, vault::Vault, viewers::ViewerCounter};
use crate::{
    config::serve::ServeConfig,
    domain::{address::AllowList, timestamp::Timestamp},
    net::clock::Clock,
};
use ids::Ids;
use std::sync::Arc;

/// Shared by all use cases of a process.
pub struct Ports {
    pub config: Arc<ServeConfig>,
    pub clock: Clock,
    pub ids: Ids,
    pub store: Arc<dyn Store>,
    pub livekit: Arc<dyn LiveKit>,
    /// Those who tell how many watch.
    pub viewers: Vec<Arc<dyn ViewerCounter>>,
    pub relay: Arc<dyn Relay>,
    /// Opens and seals stream keys.
    pub vault: Vault,
    /// Which private addresses may be destinations.
    pub allow: AllowList,
}

impl Ports {
    /// Now, by a clock that does not step when the machine's is set.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The wall clock, for tokens and signatures that other machines check.
    pub fn wall(&self) -> Timestamp {
        self.clock.wall()
    }

    /// A new id, by the same clock.
    pub fn new_id<T: TryFrom<String>>(&self) -> T {
        self.ids.next(self.now())
    }
}
