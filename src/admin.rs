//! `footlight admin …`: sends one command to the running server over its socket and prints the result. A value that a script
//! needs (a link, a key) is printed alone on standard output.

use crate::{
    api::{
        admin_socket::{AdminCommand, AdminReply},
        error::ApiError,
        sessions::SessionView,
    },
    config::env::Env,
    domain::{destination::Platform, ids::SessionId, key::Scope, secret::Secret},
    net::{http::direct_client, tls},
    server::admin_socket::socket,
};
use anyhow::{Context, bail};
use clap::Subcommand;
use serde::Serialize;
use std::io::Read;

/// The admin commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create an account and print a one-time sign-in link
    CreateUser {
        /// The sign-in name
        name: String,
        /// Make it an administrator
        #[arg(long)]
        admin: bool,
    },
    /// Create an API key and print it, once
    CreateKey {
        /// The account that owns it
        user: String,
        /// The agent that uses it, by name or id; the user if absent
        #[arg(long)]
        agent: Option<String>,
        /// The name of the key
        #[arg(long, default_value = "command line")]
        name: String,
        /// start, stop, events, read; all of them if absent
        #[arg(long, value_delimiter = ',', value_parser = scope)]
        scopes: Vec<Scope>,
        /// Days until it expires; never, if absent
        #[arg(long)]
        days: Option<u32>,
    },
    /// Delete an account's password, sign its devices out, and print a one-time sign-in link
    ResetPassword {
        /// The sign-in name
        user: String,
    },
    /// Delete an account with its streams, recordings, agents and keys
    DeleteUser {
        /// The sign-in name
        user: String,
    },
    /// Encrypt every stream key again with `STREAM_KEY_ENCRYPTION_KEY`
    RotateKeys,
    /// List running sessions
    ListSessions {
        /// Include ended sessions
        #[arg(long)]
        all: bool,
    },
    /// Stop a session
    Stop {
        /// Its id, from list-sessions
        session: SessionId,
        /// The reason, for its owner
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Set the credentials for counting viewers on Twitch or YouTube; the secret is read from standard input
    ViewerCounts {
        /// twitch or youtube
        #[arg(value_parser = counted)]
        platform: Platform,
        /// The client id of the Twitch application
        #[arg(long, default_value = "")]
        client_id: String,
    },
    /// Send a signed webhook to `PUBLIC_APP_URL`, like LiveKit
    TestWebhook,
}

/// Builds the request; a secret is read here, so that it is in no argument.
fn read_command(command: Command) -> anyhow::Result<AdminCommand> {
    Ok(match command {
        Command::CreateUser { name, admin } => AdminCommand::CreateUser { name, admin },
        Command::CreateKey { user, agent, name, scopes, days } => {
            let scopes = if scopes.is_empty() { Scope::ALL.to_vec() } else { scopes };
            AdminCommand::CreateKey { user, agent, name, scopes, days }
        }
        Command::ResetPassword { user } => AdminCommand::ResetPassword { user },
        Command::DeleteUser { user } => AdminCommand::DeleteUser { user },
        Command::RotateKeys => AdminCommand::RotateKeys,
        Command::ListSessions { all } => AdminCommand::ListSessions { all },
        Command::Stop { session, note } => AdminCommand::Stop { session, note },
        Command::ViewerCounts { platform, client_id } => {
            let mut secret = String::new();
            std::io::stdin().read_to_string(&mut secret).context("standard input cannot be read")?;
            AdminCommand::ViewerCounts { platform, id: client_id, secret: Secret::new(secret.trim()) }
        }
        Command::TestWebhook => AdminCommand::TestWebhook,
    })
}

fn counted(text: &str) -> Result<Platform, String> {
    let known = Platform::ALL.into_iter().find(|platform| platform.name() == text && platform.tells_viewers());
    known.ok_or_else(|| "viewers are counted on twitch and youtube".to_owned())
}

fn scope(text: &str) -> Result<Scope, String> {
    let known = Scope::WITH_ADMIN.into_iter().find(|scope| scope.name() == text);
    known.ok_or_else(|| "the scopes are start, stop, events, read and admin".to_owned())
}

/// Sends the command and prints the result.
///
/// # Errors
/// No server runs with this data folder, or it refused, with its message.
pub async fn run(env: &Env, command: Command) -> anyhow::Result<()> {
    print(send(env, "order", &read_command(command)?).await?.json().await?)
}

/// Posts a body to the running server's socket; the successful answer.
///
/// # Errors
/// No server runs with this data folder, or it refused, with its message.
pub(crate) async fn send(env: &Env, path: &str, body: &(impl Serialize + Sync)) -> anyhow::Result<reqwest::Response> {
    let socket = socket(&env.data_folder()?);
    let http = direct_client(tls::client()).unix_socket(socket.as_path()).build()?;
    let sent = http.post(format!("http://footlight/{path}")).json(body).send().await;
    let response = sent.map_err(reqwest::Error::without_url).with_context(|| {
        format!("no server responds at {}: start it, or set FOOTLIGHT_DATA to its data folder and run this as its user", socket.display())
    })?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    match response.json::<ApiError>().await {
        Ok(error) => bail!("{}", error.message),
        Err(_) => bail!("the server returned {status}: it may be another version"),
    }
}

fn print(reply: AdminReply) -> anyhow::Result<()> {
    match reply {
        AdminReply::SignInLink(text) | AdminReply::Key(text) | AdminReply::Message(text) => println!("{text}"),
        AdminReply::Rotated(rotation) => {
            println!("{} stream keys were sealed again.", rotation.resealed);
            if !rotation.is_complete() {
                bail!(
                    "{} stream keys cannot be decrypted with the configured keys: add theirs to FOOTLIGHT_OLD_ENCRYPTION_KEYS, restart, \
                     and rotate again",
                    rotation.unreadable
                );
            }
            println!("No old key is needed now: remove FOOTLIGHT_OLD_ENCRYPTION_KEYS and restart.");
        }
        AdminReply::Contents(contents) => println!("schema {}", contents.schema),
        AdminReply::Sessions(sessions) => sessions.iter().for_each(|session| println!("{}", line(session))),
        AdminReply::Stopped(session) => println!("{}", line(&session)),
        AdminReply::WebhookTaken { address } => println!("A signed webhook was sent to {address} and accepted."),
    }
    Ok(())
}

/// Columns separated by tabs; the title is free text, so it is last.
fn line(session: &SessionView) -> String {
    let seconds = session.duration / 1000;
    let time = format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    [session.session_id.as_str(), session.status.as_str(), &time, &session.owner_name, &session.stream_title].join("\t")
}
