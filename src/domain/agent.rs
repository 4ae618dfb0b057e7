//! AI agents and games that stream without a camera: owned by a user, fed through the API.

use super::{
    ids::{AgentId, DestinationId, UserId},
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The longest name of an agent, in characters.
pub const LONGEST_NAME: usize = 40;

/// An agent. Its keys and its picture lie beside it, never in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// Which one.
    pub id: AgentId,
    /// Whose: this user sees and stops its shows.
    pub owner: UserId,
    /// The name on the picture.
    pub name: String,
    /// Grows with every new picture; `None` without one.
    #[serde(default)]
    pub avatar: Option<u64>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What happens to an agent's show when its game is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AfterGame {
    /// The show ends with the game.
    #[default]
    Stop,
    /// The show stays on air for the next game.
    Keep,
}

/// Starting without a hand: where a show plays when nothing is said, and what the games of an agent do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AutoStart {
    /// Whether a game that begins starts the show (agents), or the studio has these places ticked (users).
    pub on: bool,
    /// Saved destinations, the owner's own or their user's.
    pub destinations: Vec<DestinationId>,
    /// What the end of a game does.
    pub after_game: AfterGame,
}

/// The name of an agent cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the agent's name must be 1 to {LONGEST_NAME} characters of plain text")]
pub struct UnsuitableName;

/// The name as it is kept: trimmed, inner white space single.
///
/// # Errors
/// Empty, too long, or with control characters.
pub fn agent_name(name: &str) -> Result<String, UnsuitableName> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name) } else { Err(UnsuitableName) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agents_name_is_kept_tidy_and_refused_when_it_is_none() {
        assert_eq!(agent_name("  Nyx   4 "), Ok("Nyx 4".to_owned()));
        for bad in ["", "   ", "a\u{7}b", &"n".repeat(41)] {
            assert_eq!(agent_name(bad), Err(UnsuitableName), "{bad:?}");
        }
    }
}
