//! Sums over sessions that are over.

use super::StoreError;
use crate::domain::{analytics::Sum, ids::UserId};
use async_trait::async_trait;

#[async_trait]
pub trait AnalyticsStore: Send + Sync + 'static {
    /// The sums of an account's shows that are over, or of everybody's, over days (`2026-11-23`, both ends included).
    async fn sums(&self, account: Option<&UserId>, from: &str, to: &str) -> Result<Vec<Sum>, StoreError>;
}
