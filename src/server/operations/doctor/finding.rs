//! One check: what it found, and its limit in time.

use crate::api::doctor::{CheckLine, Outcome};
use futures::future::BoxFuture;
use std::time::Duration;
use tokio::time::timeout;

/// What a check found, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub outcome: Outcome,
    pub found: String,
    pub advice: String,
}

impl Finding {
    pub fn ok(found: impl Into<String>) -> Self {
        Self { outcome: Outcome::Ok, found: found.into(), advice: String::new() }
    }

    pub fn warn(found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { outcome: Outcome::Warn, found: found.into(), advice: advice.into() }
    }

    pub fn fail(found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { outcome: Outcome::Fail, found: found.into(), advice: advice.into() }
    }

    /// The line of a report.
    pub fn line(self, name: &str) -> CheckLine {
        CheckLine { name: name.to_owned(), outcome: self.outcome, found: self.found, advice: self.advice }
    }
}

/// A check that is to be run.
pub struct Check<'a> {
    pub name: &'static str,
    pub limit: Duration,
    pub found: BoxFuture<'a, Finding>,
}

impl Check<'_> {
    pub async fn run(self) -> CheckLine {
        within(self.limit, self.found).await.line(self.name)
    }
}

/// What a check finds within a time; that it found nothing, after that.
pub async fn within(limit: Duration, check: impl Future<Output = Finding>) -> Finding {
    timeout(limit, check).await.unwrap_or_else(|_| {
        let found = format!("no result within {} s", limit.as_secs());
        Finding::fail(found, "Look into the logs of what is checked here, and try again.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_check_that_hangs_fails_at_its_limit() {
        let check = Check { name: "relay", limit: Duration::from_secs(1), found: Box::pin(std::future::pending()) };
        let line = check.run().await;
        assert_eq!((line.name.as_str(), line.outcome, line.found.as_str()), ("relay", Outcome::Fail, "no result within 1 s"));
        assert_ne!(line.advice, "");
    }
}
