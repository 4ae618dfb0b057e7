//! What `footlight doctor` reports: one line for each check.

use crate::domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// The result of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing to do.
    Ok,
    /// Sessions run, with a limit or a risk that the line names.
    Warn,
    /// Sessions do not run, or soon will not.
    Fail,
}

impl Outcome {
    /// The name on the wire and in a terminal.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckLine {
    /// What was checked, such as `relay`; the same in every version.
    pub name: String,
    /// How it is.
    pub outcome: Outcome,
    /// What was found, in a few words.
    pub found: String,
    /// What to do; empty if nothing.
    pub advice: String,
}

/// All checks of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// When it was complete.
    pub at: Timestamp,
    /// Without the checks that take seconds or leave the machine.
    pub quick: bool,
    /// The checks, always in the same order.
    pub checks: Vec<CheckLine>,
}

impl Report {
    /// Whether no check failed. Warnings do not count.
    pub fn is_healthy(&self) -> bool {
        self.checks.iter().all(|check| check.outcome != Outcome::Fail)
    }
}
