//! AI agents and games that stream without a camera: owned by a user, fed through the API.

use super::{
    ids::{AgentId, DestinationId, UserId},
    plain_text::{UnsuitableText, one_line},
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The longest name of an agent, in characters.
pub const LONGEST_NAME: usize = 40;

/// An agent. Its keys and its avatar are stored separately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// The agent's id.
    pub id: AgentId,
    /// The user who owns it, sees its sessions and may stop them.
    pub owner: UserId,
    /// The name shown on the overlay.
    pub name: String,
    /// Version of the avatar, which grows with every upload; `None` without one.
    #[serde(default)]
    pub avatar: Option<u64>,
    /// When the agent was created.
    pub created_at: Timestamp,
}

/// What happens to an agent's session when its game is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AfterGame {
    /// The session ends with the game.
    #[default]
    Stop,
    /// The session stays on air for the next game.
    Keep,
}

/// Automatic start: the default destinations, and what an agent's games do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AutoStart {
    /// Whether a starting game starts a session (agents), or these destinations are selected by default (users).
    pub on: bool,
    /// Saved destinations, the owner's own or their user's.
    pub destinations: Vec<DestinationId>,
    /// What the end of a game does.
    pub after_game: AfterGame,
}

/// The name of an agent cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsuitableName {
    /// Empty or too long.
    #[error("the agent's name must be 1 to {LONGEST_NAME} characters of plain text")]
    Length,
    /// A character in it that hides or reorders what is read.
    #[error("in the agent's name {0}")]
    Text(UnsuitableText),
}

/// The name as it is stored: trimmed, inner white space collapsed, in NFC.
///
/// # Errors
/// Empty, too long, or with characters that hide or reorder what is read.
pub fn agent_name(name: &str) -> Result<String, UnsuitableName> {
    let name = one_line(name).map_err(UnsuitableName::Text)?;
    if (1..=LONGEST_NAME).contains(&name.chars().count()) { Ok(name) } else { Err(UnsuitableName::Length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agent_names_are_normalised_or_refused() {
        assert_eq!(agent_name("  Nyx   4 "), Ok("Nyx 4".to_owned()));
        for bad in ["", "   ", &"n".repeat(41)] {
            assert_eq!(agent_name(bad), Err(UnsuitableName::Length), "{bad:?}");
        }
        for bad in ["a\u{7}b", "Nyx\u{202e}4"] {
            assert!(matches!(agent_name(bad), Err(UnsuitableName::Text(_))), "{bad:?}");
        }
    }
}
