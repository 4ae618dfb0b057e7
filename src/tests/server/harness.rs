//! What the server's tests do with an app over fakes: callers, sessions in each state, and time that goes by.

pub use crate::support::app::{API_KEY, API_SECRET, NOW, TestApp, in_memory, vault};
use crate::support::{app, livekit::FakeLiveKit, wait::until};
use footlight::{
    api::{
        error::ErrorCode,
        sessions::{DestinationInput, NewSession, StartedSession},
    },
    config::serve::ServeConfig,
    domain::{
        account::{Role, User},
        destination::{Platform, StreamKey},
        ids::{Generation, SessionId},
        overlay::OverlayPatch,
        room::{host_identity, room_name},
        session::{Session, StreamType},
    },
    server::{
        auth::caller::Caller,
        error::StudioError,
        livekit::LiveKit,
        store::{Store, TimelineEntry},
    },
};
use std::sync::Arc;

pub fn config(extra: &[(&str, &str)]) -> ServeConfig {
    app::config(&[&[("FOOTLIGHT_VIDEO", "720p30")], extra].concat())
}

impl TestApp {
    pub async fn new() -> Self {
        Self::over(in_memory().await, FakeLiveKit::with_slots(2))
    }

    pub fn over(store: Arc<dyn Store>, livekit: FakeLiveKit) -> Self {
        Self::with(store, livekit, config(&[]))
    }

    /// Another process over the same fakes: the old one was killed.
    pub fn restarted(&self) -> Self {
        self.replica(&[])
    }

    /// Another process over the same fakes, with a configuration of its own.
    pub fn replica(&self, extra: &[(&str, &str)]) -> Self {
        self.process(config(extra), vault())
    }

    pub async fn caller(&self, name: &str) -> Caller {
        let user = User { id: name.parse().expect("an id"), name: name.to_owned(), role: Role::Streamer, created_at: NOW };
        if self.store.user(&user.id).await.expect("the store").is_none() {
            self.store.insert_user(&user, name, None).await.expect("inserted");
        }
        Caller::signed_in(user, format!("cookie-{name}").parse().expect("an id"))
    }

    pub async fn start(&self, caller: &Caller) -> StartedSession {
        self.studio.sessions.start(caller, show()).await.expect("started")
    }

    /// A session on air, with its host in the room.
    pub async fn live(&self, caller: &Caller) -> SessionId {
        let id = self.start(caller).await.session.session_id;
        self.until(&id, "starting").await;
        self.livekit.join(&room_name(&id), &host_identity(&id));
        // The start may still hold the session's lock: then this round leaves it out, and the next one has it.
        let look = async || {
            self.play(&id, 0).await;
            let session = self.session(&id).await;
            if session.state.name() == "live" { Ok(()) } else { Err(session.state) }
        };
        until("live", 15, look).await;
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
            self.studio.reconciler.handle_report(report).await;
        }
        self.studio.reconciler.reconcile_all().await.expect("a round");
    }

    pub async fn tick(&self, seconds: i64) {
        self.clock.advance(seconds * 1000);
        self.studio.reconciler.reconcile_all().await.expect("a round");
    }

    /// Waits for what goes on in the background.
    pub async fn until(&self, id: &SessionId, state: &str) -> Session {
        let look = async || {
            let session = self.session(id).await;
            if session.state.name() == state { Ok(session) } else { Err(session.state) }
        };
        until(state, 15, look).await
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
        user_id: None,
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
