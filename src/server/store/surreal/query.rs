//! Runs one statement and classifies its errors. A statement is a transaction: one `{ … }` block. Statements that lost a race
//! are retried here. No table is named in this module.

use super::{SurrealStore, thrown::Thrown};
use crate::server::{metrics, store::StoreError};
use rand::Rng;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use surrealdb::types::{Error, QueryError};
use tokio::time::{Instant, sleep, timeout};

/// How long a statement may take, and how long lost races are repeated.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why one attempt failed.
#[derive(Debug)]
pub(super) enum DbError {
    /// The statement itself refused.
    Thrown(Thrown),
    /// A record with this id is there.
    Exists,
    /// Another transaction was first; the same try again may succeed.
    Conflict(Error),
    /// The value is in a unique index.
    Duplicate(Error),
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl From<DbError> for StoreError {
    fn from(refusal: DbError) -> Self {
        match refusal {
            DbError::Exists => Self::Taken("the id"),
            DbError::Thrown(thrown) => thrown.into(),
            DbError::Conflict(error) | DbError::Duplicate(error) => Self::Failed(Box::new(error)),
            DbError::Failed(error) => Self::Failed(error),
        }
    }
}

impl From<Error> for DbError {
    fn from(error: Error) -> Self {
        // The message is the only place where an index says that it is one.
        let message = error.message();
        if error.is_thrown() {
            let text = message.strip_prefix("An error occurred: ").unwrap_or(message);
            Thrown::parse(text).map_or_else(|| Self::Failed(text.into()), Self::Thrown)
        } else if matches!(error.query_details(), Some(QueryError::TransactionConflict)) || message.contains("can be retried") {
            Self::Conflict(error)
        } else if error.is_already_exists() {
            Self::Exists
        } else if message.starts_with("Database index") {
            Self::Duplicate(error)
        } else {
            Self::Failed(Box::new(error))
        }
    }
}

impl SurrealStore {
    /// One try. Answers with the last statement's result as JSON.
    pub(super) async fn attempt(&self, sql: &str, variables: &Value) -> Result<Value, DbError> {
        let query = self.client.query(sql).bind(variables.clone());
        let mut results = timeout(TIMEOUT, query.into_future()).await.map_err(|late| DbError::Failed(Box::new(late)))??;
        let mut errors: Vec<_> = results.take_errors().into_iter().collect();
        errors.sort_by_key(|(statement, _)| *statement);
        // In a failed transaction every other statement only says that it was not carried out.
        let is_cause = |error: &Error| !matches!(error.query_details(), Some(QueryError::NotExecuted | QueryError::Cancelled));
        let at = errors.iter().position(|(_, error)| is_cause(error)).unwrap_or(0);
        if !errors.is_empty() {
            return Err(errors.swap_remove(at).1.into());
        }
        let last = results.num_statements().saturating_sub(1);
        Ok(results.take::<surrealdb::types::Value>(last)?.into_json_value())
    }

    /// Tries until it is done or refused for another reason than a race.
    pub(super) async fn execute(&self, sql: &str, variables: Value) -> Result<Value, DbError> {
        let since = std::time::Instant::now();
        let until = Instant::now() + TIMEOUT;
        let mut longest = 2;
        loop {
            match self.attempt(sql, &variables).await {
                Err(DbError::Conflict(_) | DbError::Duplicate(_)) if Instant::now() < until => {
                    let pause = rand::rng().random_range(0..longest);
                    sleep(Duration::from_millis(pause)).await;
                    longest = (longest * 2).min(100);
                }
                done => {
                    metrics::store_call(since);
                    return done;
                }
            }
        }
    }

    /// [`Self::execute`] where no refusal is expected.
    pub(super) async fn run(&self, sql: &str, variables: Value) -> Result<(), StoreError> {
        self.execute(sql, variables).await?;
        Ok(())
    }

    /// [`Self::run`] for an answer.
    pub(super) async fn read<T: DeserializeOwned>(&self, sql: &str, variables: Value) -> Result<T, StoreError> {
        decode(self.execute(sql, variables).await?)
    }
}

/// What was stored as the type it was stored from.
pub(super) fn decode<T: DeserializeOwned>(value: Value) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|error| StoreError::Failed(Box::new(error)))
}

/// A domain value as the database keeps it.
pub(super) fn encode<T: serde::Serialize>(value: &T) -> Result<Value, StoreError> {
    serde_json::to_value(value).map_err(|error| StoreError::Failed(Box::new(error)))
}
