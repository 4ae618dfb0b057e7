//! `footlight admin …`: puts one order to the running server, over its socket, and prints what came of it. What a script
//! wants (a link, a key) stands alone on standard output.

use crate::{
    api::{
        admin_socket::{AdminCommand, AdminReply, Hidden},
        error::ApiError,
        sessions::SessionView,
    },
    config::env::Env,
    domain::{destination::Platform, ids::SessionId, key::Scope},
    server::{admin_socket::socket, security},
};
use anyhow::{Context, bail};
use clap::Subcommand;
use std::io::Read;

/// What can be ordered.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes an account and prints a link that signs in once
    CreateUser {
        /// The sign-in name
        name: String,
        /// May see and stop everything
        #[arg(long)]
        admin: bool,
    },
    /// Makes an API key and prints it, once
    CreateKey {
        /// The account that answers for it
        user: String,
        /// The agent that acts by it, by name or id; the user if absent
        #[arg(long)]
        agent: Option<String>,
        /// What the key is called
        #[arg(long, default_value = "command line")]
        name: String,
        /// start, stop, events, read; all of them if absent
        #[arg(long, value_delimiter = ',', value_parser = scope)]
        scopes: Vec<Scope>,
        /// After how many days it stops working; never, if absent
        #[arg(long)]
        days: Option<u32>,
    },
    /// Forgets an account's password, signs its browsers out, and prints a link that signs in once
    ResetPassword {
        /// The sign-in name
        user: String,
    },
    /// Seals every stream key again under `STREAM_KEY_ENCRYPTION_KEY`
    RotateKeys,
    /// Lists running shows
    ListSessions {
        /// Those that are over as well
        #[arg(long)]
        all: bool,
    },
    /// Ends a show
    Stop {
        /// Its id, as list-sessions prints it
        session: SessionId,
        /// Why, for its owner
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Keeps what Twitch or YouTube is asked with when viewers are counted; the secret is read from standard input
    ViewerCounts {
        /// twitch or youtube
        #[arg(value_parser = counted)]
        platform: Platform,
        /// The client id of the application at Twitch
        #[arg(long, default_value = "")]
        client_id: String,
    },
    /// Sends a signed webhook to `PUBLIC_APP_URL`, as LiveKit would
    TestWebhook,
}

/// The order; a secret is read here, so that it stands in no argument.
fn read_command(command: Command) -> anyhow::Result<AdminCommand> {
    Ok(match command {
        Command::CreateUser { name, admin } => AdminCommand::CreateUser { name, admin },
        Command::CreateKey { user, agent, name, scopes, days } => {
            let scopes = if scopes.is_empty() { Scope::ALL.to_vec() } else { scopes };
            AdminCommand::CreateKey { user, agent, name, scopes, days }
        }
        Command::ResetPassword { user } => AdminCommand::ResetPassword { user },
        Command::RotateKeys => AdminCommand::RotateKeys,
        Command::ListSessions { all } => AdminCommand::ListSessions { all },
        Command::Stop { session, note } => AdminCommand::Stop { session, note },
        Command::ViewerCounts { platform, client_id } => {
            let mut secret = String::new();
            std::io::stdin().read_to_string(&mut secret).context("standard input cannot be read")?;
            AdminCommand::ViewerCounts { platform, id: client_id, secret: Hidden(secret.trim().to_owned()) }
        }
        Command::TestWebhook => AdminCommand::TestWebhook,
    })
}

fn counted(text: &str) -> Result<Platform, String> {
    let known = Platform::ALL.into_iter().find(|platform| platform.name() == text && platform.tells_viewers());
    known.ok_or_else(|| "viewers are counted on twitch and youtube".to_owned())
}

fn scope(text: &str) -> Result<Scope, String> {
    let known = Scope::ALL.into_iter().find(|scope| scope.name() == text);
    known.ok_or_else(|| "the scopes are start, stop, events and read".to_owned())
}

/// Puts the order and prints what came of it.
///
/// # Errors
/// No server runs over this data folder, or it refused; in its words.
pub async fn run(env: &Env, command: Command) -> anyhow::Result<()> {
    let path = socket(&env.data_folder()?);
    let http = reqwest::Client::builder().unix_socket(path.as_path()).tls_backend_preconfigured(security::tls()).build()?;
    let sent = http.post("http://footlight/order").json(&read_command(command)?).send().await;
    let response = sent.map_err(reqwest::Error::without_url).with_context(|| {
        format!("no server answers at {}: start it, or set FOOTLIGHT_DATA to its data folder and be its user", path.display())
    })?;
    if response.status().is_success() {
        return print(response.json().await?);
    }
    let status = response.status();
    match response.json::<ApiError>().await {
        Ok(error) => bail!("{}", error.message),
        Err(_) => bail!("the server answers {status}: it may be of another version"),
    }
}

fn print(reply: AdminReply) -> anyhow::Result<()> {
    match reply {
        AdminReply::SignInLink(text) | AdminReply::Key(text) | AdminReply::Message(text) => println!("{text}"),
        AdminReply::Rotated(rotation) => {
            println!("{} stream keys were sealed again.", rotation.resealed);
            if !rotation.is_complete() {
                bail!(
                    "{} stream keys open under no master key that is configured: add theirs to FOOTLIGHT_OLD_ENCRYPTION_KEYS, restart, \
                     and rotate again",
                    rotation.unreadable
                );
            }
            println!("Nothing needs an old master key now: take FOOTLIGHT_OLD_ENCRYPTION_KEYS away and restart.");
        }
        AdminReply::Sessions(sessions) => sessions.iter().for_each(|session| println!("{}", line(session))),
        AdminReply::Stopped(session) => println!("{}", line(&session)),
        AdminReply::WebhookTaken { address } => println!("A signed webhook went to {address} and was taken."),
    }
    Ok(())
}

/// Columns apart by tabs; a title is free text, so it stands last.
fn line(session: &SessionView) -> String {
    let seconds = session.duration / 1000;
    let time = format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    [session.session_id.as_str(), &session.status, &time, &session.owner_name, &session.stream_title].join("\t")
}
