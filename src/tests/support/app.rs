//! A studio over fakes with a fixed clock and a store in memory. Tests can reach every port and start another process over the
//! same ones.

use super::{
    crash_budget::CrashBudget,
    crashing_ports::{CrashingLiveKit, CrashingRelay},
    crashing_store::CrashingStore,
    livekit::FakeLiveKit,
    relay::FakeRelay,
};
use footlight::{
    config::{env::Env, serve::ServeConfig},
    domain::timestamp::Timestamp,
    net::clock::Clock,
    server::{
        livekit::LiveKit,
        ports::{Ports, ids::Ids},
        relay::Relay,
        store::{Store, surreal::SurrealStore},
        studio::Studio,
        vault::{Vault, parse_master_key},
        viewers,
    },
};
use std::sync::Arc;

pub const NOW: Timestamp = Timestamp::from_millis(1_795_421_948_792);
pub const API_KEY: &str = "devkey";
pub const API_SECRET: &str = "0123456789abcdef0123456789abcdef";
pub const RELAY_SECRET: &str = "another long enough secret";
const MASTER_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A studio with its fakes.
#[derive(Clone)]
pub struct TestApp {
    pub studio: Studio,
    pub store: Arc<dyn Store>,
    pub livekit: FakeLiveKit,
    pub relay: FakeRelay,
    pub clock: Clock,
}

pub fn config(extra: &[(&str, &str)]) -> ServeConfig {
    let mut pairs = vec![
        ("HOME", "/nonexistent"),
        ("LIVEKIT_API_KEY", API_KEY),
        ("LIVEKIT_API_SECRET", API_SECRET),
        ("STREAM_KEY_ENCRYPTION_KEY", MASTER_KEY),
        ("STREAMING_JWT_SECRET", "a secret that is long enough to sign"),
        ("FOOTLIGHT_RELAY_SECRET", RELAY_SECRET),
    ];
    pairs.extend_from_slice(extra);
    ServeConfig::from_env(&Env::of_pairs(pairs)).expect("complete")
}

/// The vault behind the configuration's master key.
pub fn vault() -> Vault {
    Vault::new(parse_master_key(MASTER_KEY).expect("a key"), Vec::new())
}

pub async fn in_memory() -> Arc<dyn Store> {
    Arc::new(SurrealStore::open("mem://", None).await.expect("a store"))
}

fn studio(
    config: ServeConfig,
    vault: Vault,
    clock: &Clock,
    store: Arc<dyn Store>,
    livekit: Arc<dyn LiveKit>,
    relay: Arc<dyn Relay>,
) -> Studio {
    let allow = config.allow_private.parse().expect("a list");
    let viewers = viewers::services(&config.viewers).expect("a client");
    Studio::new(Ports { clock: clock.clone(), ids: Ids::default(), store, livekit, relay, viewers, vault, allow, config: Arc::new(config) })
}

impl TestApp {
    pub fn with(store: Arc<dyn Store>, livekit: FakeLiveKit, config: ServeConfig) -> Self {
        let (relay, clock) = (FakeRelay::default(), Clock::fixed(NOW));
        let studio = studio(config, vault(), &clock, store.clone(), Arc::new(livekit.clone()), Arc::new(relay.clone()));
        Self { studio, store, livekit, relay, clock }
    }

    /// Another process over the same ports, with a configuration and a vault of its own.
    pub fn process(&self, config: ServeConfig, vault: Vault) -> Self {
        let (livekit, relay) = (Arc::new(self.livekit.clone()), Arc::new(self.relay.clone()));
        Self { studio: studio(config, vault, &self.clock, self.store.clone(), livekit, relay), ..self.clone() }
    }

    /// Another process over the same ports, which is killed when the budget is exhausted.
    pub fn crashing(&self, config: ServeConfig, vault: Vault, budget: &CrashBudget) -> Self {
        let store = Arc::new(CrashingStore(self.store.clone(), budget.clone()));
        let livekit = Arc::new(CrashingLiveKit(self.livekit.clone(), budget.clone()));
        let relay = Arc::new(CrashingRelay(self.relay.clone(), budget.clone()));
        Self { studio: studio(config, vault, &self.clock, store, livekit, relay), ..self.clone() }
    }
}
