//! Games that start and end an agent's session by themselves. Every call may come twice.

use crate::{
    api::{
        error::{ApiError, ErrorCode},
        events::{EventBatch, GameEnded, GameOutcome, GameStarted},
        sessions::NewSession,
    },
    domain::{
        agent::{AfterGame, Agent},
        ids::AgentId,
        overlay::OverlayPatch,
        session::{Owner, Session, StreamType},
    },
    server::{
        accounts::ownership::acting_agent,
        auth::caller::Caller,
        error::{StudioError, StudioResult},
        overlay::Overlay,
        ports::Ports,
        registry::{Change, SessionRegistry},
        sessions::Sessions,
        store::Idempotency,
        validation::plain_text,
    },
};
use serde_json::json;
use std::sync::Arc;

/// What games tell of themselves. Cheap to clone.
#[derive(Clone)]
pub struct Games {
    ports: Arc<Ports>,
    registry: SessionRegistry,
    sessions: Sessions,
    overlay: Overlay,
}

impl Games {
    pub const fn new(ports: Arc<Ports>, registry: SessionRegistry, sessions: Sessions, overlay: Overlay) -> Self {
        Self { ports, registry, sessions, overlay }
    }

    /// A game begins: the agent's running session takes its name; without one a session starts, where the agent's defaults say so.
    ///
    /// # Errors
    /// The agent is not the caller's, a field is not acceptable, or the start failed.
    pub async fn started(&self, caller: &Caller, id: &AgentId, game: GameStarted) -> StudioResult<GameOutcome> {
        let agent = self.acting(caller, id).await?;
        let lobby = lobby(&game.lobby_id)?;
        let owner = Owner::Agent(agent.id.clone());
        if let Some(running) = self.ports.store.active_session_of(&owner).await? {
            let named = self.name_game(caller, &running, Some(lobby)).await?;
            return Ok(outcome(Some(&named), false, "The agent's stream is running; it is about this game now."));
        }
        if !self.ports.store.defaults(&owner).await?.auto_start.on {
            return Ok(outcome(None, false, "This agent's games start no stream: turn auto-start on under Settings, or call start."));
        }
        let show = NewSession {
            stream_type: StreamType::Agent,
            agent_id: Some(agent.id.clone()),
            user_id: None,
            stream_title: game.stream_title.unwrap_or_default(),
            entity_name: None,
            destination_ids: Vec::new(),
            destinations: Vec::new(),
            video: None,
            overlay: OverlayPatch::default(),
            announces: Vec::new(),
            replace: false,
            public: false,
            current_lobby_id: Some(lobby.clone()),
            broadcast_delay_ms: 0,
            idempotency_key: None,
        };
        // A game is one start, whatever else a repeated call says of it.
        let once = Idempotency { key: format!("game {lobby}"), fingerprint: None };
        match self.sessions.start_once(caller, show, Some(once)).await {
            Ok(started) => {
                let message = if started.repeated { "This game's stream was started before." } else { "The stream is starting." };
                let view = started.session;
                Ok(GameOutcome {
                    session_id: Some(view.session_id),
                    status: Some(view.status),
                    changed: !started.repeated,
                    message: message.to_owned(),
                })
            }
            // The same call arrived twice at once, and the other one was first.
            Err(StudioError::Refused(error)) if error.code == ErrorCode::Conflict => {
                match self.ports.store.active_session_of(&owner).await? {
                    Some(running) => Ok(outcome(Some(&running), false, "The agent's stream is running.")),
                    None => Err(error.into()),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// A game is over: its result is shown; the session ends or stays, as the agent's defaults say.
    ///
    /// # Errors
    /// The agent is not the caller's, or a field is not acceptable.
    pub async fn ended(&self, caller: &Caller, id: &AgentId, game: GameEnded) -> StudioResult<GameOutcome> {
        let agent = self.acting(caller, id).await?;
        let lobby = lobby(&game.lobby_id)?;
        let result = game.result.map(|result| plain_text("result", &result)).transpose()?;
        let owner = Owner::Agent(agent.id);
        let Some(running) = self.ports.store.active_session_of(&owner).await? else {
            return Ok(outcome(None, false, "No stream of this agent is running."));
        };
        if running.current_lobby_id.as_deref() != Some(lobby.as_str()) {
            return Ok(outcome(Some(&running), false, "The agent's stream is about another game, or none."));
        }
        if let Some(result) = result.filter(|_| running.state.is_open()) {
            let event = json!({ "id": format!("game-ended {lobby}"), "kind": "match", "result": result });
            self.overlay
                .publish(caller, EventBatch { session_id: running.id.clone(), events: vec![event], broadcast_delay_ms: None })
                .await?;
        }
        let auto = self.ports.store.defaults(&owner).await?.auto_start;
        if auto.on && auto.after_game == AfterGame::Stop {
            let view = self.sessions.stop(caller, &running.id, None).await?;
            return Ok(GameOutcome {
                session_id: Some(view.session_id),
                status: Some(view.status),
                changed: true,
                message: "The stream ends with its game.".to_owned(),
            });
        }
        let named = self.name_game(caller, &running, None).await?;
        Ok(outcome(Some(&named), false, "The stream stays on air for the next game."))
    }

    /// The agent of the path: the caller's own, the one whose key it is, or any for an administrator.
    async fn acting(&self, caller: &Caller, id: &AgentId) -> StudioResult<Agent> {
        acting_agent(&*self.ports.store, caller, id).await
    }

    async fn name_game(&self, caller: &Caller, session: &Session, lobby: Option<String>) -> StudioResult<Session> {
        self.registry
            .change(&session.id, caller.actor_on(session), |session| {
                let changed = session.current_lobby_id != lobby && session.state.is_active();
                let what = Some(match &lobby {
                    Some(lobby) => format!("The game {lobby} began."),
                    None => "The game is over.".to_owned(),
                });
                changed.then(|| Change { session: Session { current_lobby_id: lobby.clone(), ..session.clone() }, what })
            })
            .await
    }
}

fn lobby(text: &str) -> StudioResult<String> {
    let lobby = plain_text("lobbyId", text)?;
    if lobby.is_empty() { Err(ApiError::invalid("lobbyId", "lobbyId must not be empty.").into()) } else { Ok(lobby) }
}

fn outcome(session: Option<&Session>, changed: bool, message: &str) -> GameOutcome {
    GameOutcome {
        session_id: session.map(|session| session.id.clone()),
        status: session.map(|session| session.state.status()),
        changed,
        message: message.to_owned(),
    }
}
