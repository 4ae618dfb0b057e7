//! The running server's Unix socket for `footlight admin …`: access to the file is the authorization. It is in a folder of mode
//! 0700 in the data folder, and has mode 0600 itself.

use super::{
    error::StudioResult,
    http::ErrorResponse,
    operations::{commands::OperatorCommands, viewer_counts::ViewerCounts},
    viewers::Credential,
};
use crate::{
    api::admin_socket::{AdminCommand, AdminReply},
    domain::account::Role,
};
use axum::{
    Json, Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use std::{
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};
use tokio::net::{UnixListener, UnixStream};

#[derive(Clone)]
struct AdminSocketState {
    commands: OperatorCommands,
    viewer_counts: ViewerCounts,
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
pub async fn serve(
    listener: UnixListener,
    commands: OperatorCommands,
    viewer_counts: ViewerCounts,
    http: reqwest::Client,
) -> io::Result<()> {
    let state = AdminSocketState { commands, viewer_counts, http };
    axum::serve(listener, Router::new().route("/order", post(handle)).route("/backup", post(backup)).with_state(state)).await
}

/// The statements of a backup. An answer that breaks off is no backup.
async fn backup(State(state): State<AdminSocketState>) -> Result<Response, ErrorResponse> {
    Ok(Body::from_stream(state.commands.backup().await?).into_response())
}

async fn handle(State(state): State<AdminSocketState>, Json(command): Json<AdminCommand>) -> Result<Json<AdminReply>, ErrorResponse> {
    Ok(Json(execute(&state, command).await?))
}

async fn execute(AdminSocketState { commands, viewer_counts, http }: &AdminSocketState, command: AdminCommand) -> StudioResult<AdminReply> {
    Ok(match command {
        AdminCommand::CreateUser { name, admin } => {
            AdminReply::SignInLink(commands.create_user(&name, if admin { Role::Admin } else { Role::Streamer }).await?)
        }
        AdminCommand::CreateKey { user, agent, name, scopes, days } => {
            AdminReply::Key(commands.create_key(&user, agent.as_deref(), &name, scopes, days).await?)
        }
        AdminCommand::ResetPassword { user } => AdminReply::SignInLink(commands.reset_password(&user).await?),
        AdminCommand::DeleteUser { user } => AdminReply::Message(commands.delete_user(&user).await?),
        AdminCommand::Contents => AdminReply::Contents(commands.backup_contents().await?),
        AdminCommand::RotateKeys => AdminReply::Rotated(commands.rotate_keys().await?),
        AdminCommand::ListSessions { all } => AdminReply::Sessions(commands.every_session(all).await?),
        AdminCommand::Stop { session, note } => AdminReply::Stopped(Box::new(commands.stop_any(&session, &note).await?)),
        AdminCommand::ViewerCounts { platform, id, secret } => {
            AdminReply::Message(viewer_counts.set_credential(platform, &Credential { id, secret: secret.expose().to_owned() }).await?)
        }
        AdminCommand::TestWebhook => AdminReply::WebhookTaken { address: commands.test_webhook(http).await? },
    })
}
