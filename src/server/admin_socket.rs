//! The running server's Unix socket for `footlight admin …`: access to the file is the authorization. It is in a folder of mode
//! 0700 in the data folder, and has mode 0600 itself.

use super::{
    error::{StudioError, StudioResult},
    http::ErrorResponse,
    studio::Studio,
    viewers::Credential,
};
use crate::{
    api::{
        admin_socket::{AdminCommand, AdminReply},
        error::{ApiError, ErrorCode},
    },
    domain::account::Role,
    net::webhook_signature,
};
use axum::{Json, Router, extract::State, routing::post};
use std::{
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::net::{UnixListener, UnixStream};

/// Timeout of a test webhook.
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct AdminSocketState {
    studio: Studio,
    http: reqwest::Client,
}

/// The path of the socket.
pub fn socket(data: &Path) -> PathBuf {
    data.join("admin/socket")
}

/// Opens the socket. One that a killed server left behind is replaced; one that answers belongs to another server.
///
/// # Errors
/// The folder cannot be made, or another server over the same data folder answers.
pub async fn open(data: &Path) -> io::Result<UnixListener> {
    let path = socket(data);
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path.parent().unwrap_or(data))?;
    if UnixStream::connect(&path).await.is_ok() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "another Footlight over the same data folder answers there"));
    }
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves commands until the process ends.
///
/// # Errors
/// The socket broke.
pub async fn serve(listener: UnixListener, studio: Studio, http: reqwest::Client) -> io::Result<()> {
    axum::serve(listener, Router::new().route("/order", post(handle)).with_state(AdminSocketState { studio, http })).await
}

async fn handle(State(state): State<AdminSocketState>, Json(command): Json<AdminCommand>) -> Result<Json<AdminReply>, ErrorResponse> {
    Ok(Json(execute(&state, command).await?))
}

async fn execute(AdminSocketState { studio, http }: &AdminSocketState, command: AdminCommand) -> StudioResult<AdminReply> {
    Ok(match command {
        AdminCommand::CreateUser { name, admin } => {
            AdminReply::SignInLink(studio.create_user(&name, if admin { Role::Admin } else { Role::Streamer }).await?)
        }
        AdminCommand::CreateKey { user, agent, name, scopes, days } => {
            AdminReply::Key(studio.create_key(&user, agent.as_deref(), &name, scopes, days).await?)
        }
        AdminCommand::ResetPassword { user } => AdminReply::SignInLink(studio.reset_password(&user).await?),
        AdminCommand::RotateKeys => AdminReply::Rotated(studio.rotate_keys().await?),
        AdminCommand::ListSessions { all } => AdminReply::Sessions(studio.every_session(all).await?),
        AdminCommand::Stop { session, note } => AdminReply::Stopped(Box::new(studio.stop_any(&session, &note).await?)),
        AdminCommand::ViewerCounts { platform, id, secret } => {
            AdminReply::Message(studio.set_credential(platform, &Credential { id, secret: secret.expose().to_owned() }).await?)
        }
        AdminCommand::TestWebhook => AdminReply::WebhookTaken { address: test_webhook(studio, http).await? },
    })
}

/// Signs a webhook as LiveKit does and sends it the way LiveKit would: to the public address.
async fn test_webhook(studio: &Studio, http: &reqwest::Client) -> StudioResult<String> {
    let config = studio.config();
    let address = format!("{}/api/webhooks/livekit", config.app_url);
    let now = studio.now();
    let event = serde_json::json!({
        "event": "room_started",
        "id": format!("EV_test_{}", now.as_millis()),
        "createdAt": (now.as_millis() / 1000).to_string(),
        "room": { "name": "footlight-test" },
    });
    let body = event.to_string().into_bytes();
    let signature = webhook_signature::sign(&body, &config.livekit.api_key, config.livekit.api_secret.expose(), now)
        .map_err(|error| StudioError::Internal(error.to_string()))?;
    let request = http.post(&address).timeout(WEBHOOK_TIMEOUT).header("authorization", signature);
    let refused = |why: String| StudioError::from(ApiError::new(ErrorCode::Unavailable, why));
    let answer = request.header("content-type", "application/webhook+json").body(body).send().await.map_err(|error| {
        refused(format!(
            "{address} cannot be reached from here ({}). Check PUBLIC_APP_URL, and the proxy in front of it.",
            error.without_url()
        ))
    })?;
    match answer.status() {
        status if status.is_success() => Ok(address),
        reqwest::StatusCode::UNAUTHORIZED => {
            Err(refused(format!("{address} answers 401: another studio answers there, or a proxy changes the body or the headers.")))
        }
        status => Err(refused(format!("{address} answers {status}: something else than this studio answers there."))),
    }
}
