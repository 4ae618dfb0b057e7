//! A studio over fakes with a fixed clock. Tests can reach every port and start another process over the same ones.

use footlight::{
    api::{
        error::ErrorCode,
        sessions::{DestinationInput, NewSession, StartedSession},
    },
    config::{env::Env, serve::ServeConfig},
    domain::{
        account::{Role, User},
        destination::{Platform, StreamKey},
        ids::{Generation, SessionId},
        overlay::OverlayPatch,
        room::{host_identity, room_name},
        session::{Session, StreamType},
        timestamp::Timestamp,
    },
    net::clock::Clock,
    server::{
        auth::caller::Caller,
        error::StudioError,
        livekit::{LiveKit, fake::FakeLiveKit},
        relay::{Relay, fake::FakeRelay},
        store::{Store, TimelineEntry, surreal::SurrealStore},
        studio::{Ports, Studio},
        vault::{Vault, parse_master_key},
        viewers,
    },
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub const NOW: Timestamp = Timestamp::from_millis(1_795_422_611_000);
pub const API_KEY: &str = "devkey";
pub const API_SECRET: &str = "0123456789abcdef0123456789abcdef";
const MASTER_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A studio with its fakes.
#[derive(Clone)]
pub struct TestApp {
    pub studio: Studio,
    pub store: SurrealStore,
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
        ("FOOTLIGHT_RELAY_SECRET", "another long enough secret"),
        ("FOOTLIGHT_VIDEO", "720p30"),
    ];
    pairs.extend_from_slice(extra);
    ServeConfig::from_env(&Env::of_pairs(pairs)).expect("complete")
}

/// A process over these ports.
pub fn process(config: ServeConfig, clock: &Clock, store: Arc<dyn Store>, livekit: Arc<dyn LiveKit>, relay: Arc<dyn Relay>) -> Studio {
    process_with(config, Vault::new(parse_master_key(MASTER_KEY).expect("a key"), Vec::new()), clock, store, livekit, relay)
}

/// The same with another vault.
pub fn process_with(
    config: ServeConfig,
    vault: Vault,
    clock: &Clock,
    store: Arc<dyn Store>,
    livekit: Arc<dyn LiveKit>,
    relay: Arc<dyn Relay>,
) -> Studio {
    let allow = config.allow_private.parse().expect("a list");
    let viewers = viewers::services(&config.viewers).expect("a client");
    Studio::new(Ports { clock: clock.clone(), store, livekit, relay, viewers, vault, allow, config })
}

impl TestApp {
    pub async fn new() -> Self {
        Self::over(SurrealStore::open("mem://", None).await.expect("a store"), FakeLiveKit::with_slots(2))
    }

    pub fn over(store: SurrealStore, livekit: FakeLiveKit) -> Self {
        let (relay, clock) = (FakeRelay::default(), Clock::fixed(NOW));
        let studio = process(config(&[]), &clock, Arc::new(store.clone()), Arc::new(livekit.clone()), Arc::new(relay.clone()));
        Self { studio, store, livekit, relay, clock }
    }

    /// Another process over the same fakes: the old one was killed.
    pub fn restarted(&self) -> Self {
        self.replica(&[])
    }

    /// Another process over the same fakes, with a configuration of its own.
    pub fn replica(&self, extra: &[(&str, &str)]) -> Self {
        let (store, livekit, relay) = (Arc::new(self.store.clone()), Arc::new(self.livekit.clone()), Arc::new(self.relay.clone()));
        Self { studio: process(config(extra), &self.clock, store, livekit, relay), ..self.clone() }
    }

    pub async fn caller(&self, name: &str) -> Caller {
        let user = User { id: name.parse().expect("an id"), name: name.to_owned(), role: Role::Streamer, created_at: NOW };
        if self.store.user(&user.id).await.expect("the store").is_none() {
            self.store.insert_user(&user, name, None).await.expect("inserted");
        }
        Caller::signed_in(user, format!("cookie-{name}").parse().expect("an id"))
    }

    pub async fn start(&self, caller: &Caller) -> StartedSession {
        self.studio.start(caller, show()).await.expect("started")
    }

    /// A session on air, with its host in the room.
    pub async fn live(&self, caller: &Caller) -> SessionId {
        let id = self.start(caller).await.session.session_id;
        self.until(&id, "starting").await;
        self.livekit.join(&room_name(&id), &host_identity(&id));
        self.play(&id, 0).await;
        self.until(&id, "live").await;
        id
    }

    pub async fn session(&self, id: &SessionId) -> Session {
        (*self.store.session(id).await.expect("the store").expect("a session")).clone()
    }

    pub async fn timeline(&self, id: &SessionId) -> Vec<TimelineEntry> {
        self.store.timeline(id).await.expect("the store")
    }

    /// The current generation's picture reaches the relay, and is taken; then the studio looks.
    pub async fn play(&self, id: &SessionId, uptime_ms: u64) {
        let generation = self.session(id).await.generation;
        self.hear(id, Some(generation), uptime_ms).await;
    }

    /// The relay says what it receives, and the studio hears it.
    pub async fn hear(&self, id: &SessionId, generation: Option<Generation>, uptime_ms: u64) {
        if let Some(report) = self.relay.play(id, generation, uptime_ms, self.clock.now()) {
            self.studio.handle_report(report).await;
        }
        self.studio.reconcile_all().await.expect("a round");
    }

    pub async fn tick(&self, seconds: i64) {
        self.clock.advance(seconds * 1000);
        self.studio.reconcile_all().await.expect("a round");
    }

    /// Waits for what goes on in the background.
    pub async fn until(&self, id: &SessionId, state: &str) -> Session {
        let deadline = Instant::now() + Duration::from_secs(15);
        loop {
            let session = self.session(id).await;
            if session.state.name() == state {
                return session;
            }
            assert!(Instant::now() < deadline, "not {state} in time: {:?}", session.state);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Nothing of a session is left anywhere.
    pub async fn nothing_left(&self, id: &SessionId) {
        assert!(self.session(id).await.state.is_over());
        assert_eq!(self.livekit.running(), Vec::new(), "egresses");
        assert_eq!(self.livekit.rooms().await.expect("up"), Vec::<String>::new(), "rooms");
        assert_eq!(self.relay.known(), Vec::new(), "relay streams");
    }
}

/// A streamer's session on one custom platform.
pub fn show() -> NewSession {
    NewSession {
        stream_type: StreamType::User,
        agent_id: None,
        stream_title: "A stream".into(),
        entity_name: None,
        destination_ids: Vec::new(),
        destinations: vec![DestinationInput {
            platform: Platform::Twitch,
            custom_rtmp_url: None,
            stream_key: StreamKey::new("live_0123456789abcdef".to_owned()),
            save_as: None,
            channel: None,
        }],
        video: None,
        overlay: OverlayPatch::default(),
        announces: Vec::new(),
        replace: false,
        public: false,
        current_lobby_id: None,
        broadcast_delay_ms: 0,
        idempotency_key: None,
    }
}

/// The error code that the caller gets.
pub fn code_of(error: StudioError) -> ErrorCode {
    error.into_api_error().code
}
