//! What our statements throw. SQL throws only text: this is the one place that knows the texts.

use crate::{
    domain::ids::SessionId,
    server::store::{Limit, StoreError},
};

/// Why a statement refused what it was asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Thrown {
    NameTaken,
    AgentTaken,
    DestinationTaken,
    /// The owner has this active session.
    Active(SessionId),
    /// The idempotency key was used before.
    Repeated,
    /// Another start of the owner is claimed.
    Starting,
    Full(Limit),
    Missing,
    /// No other administrator would be left.
    LastAdmin,
    /// The stored revision is not the one before.
    Stale,
    /// Somebody else appended to the feed in the meantime.
    FeedMoved,
}

impl Thrown {
    /// `None` for a text that no statement of ours throws.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "name_taken" => Self::NameTaken,
            "agent_taken" => Self::AgentTaken,
            "destination_taken" => Self::DestinationTaken,
            "repeated" => Self::Repeated,
            "starting" => Self::Starting,
            "full_account" => Self::Full(Limit::SessionsOfAccount),
            "full_sessions" => Self::Full(Limit::Sessions),
            "full_saved" => Self::Full(Limit::SavedDestinations),
            "full_agents" => Self::Full(Limit::Agents),
            "full_keys" => Self::Full(Limit::Keys),
            "missing" => Self::Missing,
            "last_admin" => Self::LastAdmin,
            "stale" => Self::Stale,
            "feed_moved" => Self::FeedMoved,
            _ => Self::Active(text.strip_prefix("active ")?.parse().ok()?),
        })
    }
}

impl From<Thrown> for StoreError {
    fn from(thrown: Thrown) -> Self {
        match thrown {
            Thrown::NameTaken => Self::Taken("the name"),
            Thrown::AgentTaken => Self::Taken("the agent's id"),
            Thrown::DestinationTaken => Self::Taken("the destination's id"),
            Thrown::Active(session) => Self::ActiveSession(session),
            Thrown::Repeated => Self::Taken("the idempotency key"),
            Thrown::Starting => Self::Starting,
            Thrown::Full(limit) => Self::TooMany(limit),
            Thrown::Missing => Self::Missing,
            Thrown::LastAdmin => Self::LastAdmin,
            Thrown::Stale | Thrown::FeedMoved => Self::Stale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, path::Path};

    /// The texts after `THROW` in every statement of the store.
    fn thrown_in_sql() -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/store/surreal");
        let files = std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path());
        let sources = files.filter(|path| !path.ends_with("thrown.rs")).map(|path| std::fs::read_to_string(path).expect("text"));
        let texts = |source: String| {
            let parts: Vec<String> = source.split("THROW ").skip(1).map(str::to_owned).collect();
            parts.into_iter().map(|rest| rest.split('\'').nth(1).expect("a text in quotes").to_owned())
        };
        sources.flat_map(texts).collect()
    }

    #[test]
    fn every_text_that_a_statement_throws_is_known() {
        let thrown = thrown_in_sql();
        for text in &thrown {
            let whole = if text == "active " { "active s1" } else { text };
            assert!(Thrown::parse(whole).is_some(), "a statement throws {text:?}, which Thrown::parse does not know");
        }
        assert_eq!(thrown.len(), 15, "as many texts as Thrown has variants and limits: {thrown:?}");
    }

    #[test]
    fn a_text_from_elsewhere_is_not_taken_for_ours() {
        for text in ["", "active", "active ", "Missing", "missing "] {
            assert_eq!(Thrown::parse(text), None, "{text:?}");
        }
    }
}
