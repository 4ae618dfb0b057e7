//! One statement to the database and what may come of it. A statement is a transaction: what belongs together stands
//! in one `{ … }` block, and whatever lost a race is tried again here. No table is named in this room.

use super::known::Known;
use crate::{
    domain::session::Session,
    server::{life::Life, metrics, store::StoreError},
};
use rand::Rng;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use surrealdb::{
    Surreal,
    engine::any::Any,
    types::{Error, QueryError},
};
use tokio::time::{Instant, sleep, timeout};

/// How long a statement may take, and how long lost races are repeated.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why one try did not do it.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The statement itself said `THROW`, in these words.
    Thrown(String),
    /// A record with this id is there.
    Exists,
    /// Another transaction was first; the same try again may succeed.
    Conflict(Error),
    /// The value is in a unique index.
    Duplicate(Error),
    /// Everything else.
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Exists => Self::Taken("the id"),
            Refusal::Thrown(words) => Self::Failed(words.into()),
            Refusal::Conflict(error) | Refusal::Duplicate(error) => Self::Failed(Box::new(error)),
            Refusal::Failed(error) => Self::Failed(error),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        // The message is the only place where an index says that it is one.
        let message = error.message();
        if error.is_thrown() {
            Self::Thrown(message.strip_prefix("An error occurred: ").unwrap_or(message).to_owned())
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

/// An open database.
#[derive(Debug, Clone)]
pub(super) struct Database {
    pub(super) client: Surreal<Any>,
    /// How long the process lives that asks it, where that is limited.
    pub(super) life: Option<Life>,
    /// Its sessions, where nobody else writes any.
    pub(super) known: Option<Arc<Known<Arc<Session>>>>,
}

impl Database {
    /// One try. Answers with the last statement's result as JSON.
    pub(super) async fn attempt(&self, sql: &str, variables: &Value) -> Result<Value, Refusal> {
        let query = self.client.query(sql).bind(variables.clone());
        let mut results = timeout(PATIENCE, query.into_future()).await.map_err(|late| Refusal::Failed(Box::new(late)))??;
        let mut errors: Vec<_> = results.take_errors().into_iter().collect();
        errors.sort_by_key(|(statement, _)| *statement);
        // In a failed transaction every other statement only says that it was not carried out.
        let told = |error: &Error| !matches!(error.query_details(), Some(QueryError::NotExecuted | QueryError::Cancelled));
        let at = errors.iter().position(|(_, error)| told(error)).unwrap_or(0);
        if !errors.is_empty() {
            return Err(errors.swap_remove(at).1.into());
        }
        let last = results.num_statements().saturating_sub(1);
        Ok(results.take::<surrealdb::types::Value>(last)?.into_json_value())
    }

    /// Tries until it is done or refused for another reason than a race.
    pub(super) async fn settle(&self, sql: &str, variables: Value) -> Result<Value, Refusal> {
        if let Some(life) = &self.life {
            life.go_on().await;
        }
        let since = std::time::Instant::now();
        let until = Instant::now() + PATIENCE;
        let mut longest = 2;
        loop {
            match self.attempt(sql, &variables).await {
                Err(Refusal::Conflict(_) | Refusal::Duplicate(_)) if Instant::now() < until => {
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

    /// [`Self::settle`] where no refusal is expected.
    pub(super) async fn run(&self, sql: &str, variables: Value) -> Result<(), StoreError> {
        self.settle(sql, variables).await?;
        Ok(())
    }

    /// [`Self::run`] for an answer.
    pub(super) async fn read<T: DeserializeOwned>(&self, sql: &str, variables: Value) -> Result<T, StoreError> {
        decode(self.settle(sql, variables).await?)
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
