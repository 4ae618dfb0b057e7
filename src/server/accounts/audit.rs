//! The audit log of accounts and keys.

use super::refusals::RefusedSignIns;
use crate::{
    api::error::ErrorCode,
    domain::{
        audit::{AuditAction, AuditEntry},
        ids::UserId,
    },
    server::{
        auth::{caller::Caller, origin::Origin},
        error::{StudioError, StudioResult, chain},
        ports::Ports,
    },
};
use std::sync::Arc;

/// Lines of the log in one answer, at most.
pub const AUDIT_PAGE: usize = 100;
const LONGEST_SUBJECT: usize = 80;

/// Who did what to accounts and keys. Cheap to clone.
#[derive(Clone)]
pub struct AuditLog {
    ports: Arc<Ports>,
    refused: Arc<RefusedSignIns>,
}

impl AuditLog {
    pub fn new(ports: Arc<Ports>) -> Self {
        Self { ports, refused: Arc::default() }
    }

    /// The latest lines, or those before one. Administrators only.
    ///
    /// # Errors
    /// The caller is no administrator.
    pub async fn entries(&self, caller: &Caller, before: Option<&str>, limit: usize) -> StudioResult<Vec<AuditEntry>> {
        if !caller.is_admin() {
            return Err(StudioError::refused(ErrorCode::Forbidden, "Only administrators read the audit log."));
        }
        self.store_counts(self.refused.unstored()).await;
        Ok(self.ports.store.audit(before, limit.clamp(1, AUDIT_PAGE)).await?)
    }

    /// Adds a line. What was done stays done when the log cannot be written; the failure is logged.
    pub(in crate::server) async fn record(&self, action: AuditAction, user: Option<&UserId>, subject: &str, origin: &Origin) {
        self.store(self.entry(action, user, subject, origin)).await;
    }

    /// Counts what anybody can cause: one line for each minute and address prefix, however often it happens.
    pub(in crate::server) async fn count(&self, action: AuditAction, user: Option<&UserId>, subject: &str, origin: &Origin) {
        let counted = self.refused.count(action, user, origin, || self.entry(action, user, subject, origin));
        if let Some(entry) = counted.new {
            self.store(entry).await;
        }
        self.store_counts(counted.counts).await;
    }

    fn entry(&self, action: AuditAction, user: Option<&UserId>, subject: &str, origin: &Origin) -> AuditEntry {
        AuditEntry {
            id: self.ports.new_id(),
            at: self.ports.now(),
            action,
            user: user.cloned(),
            subject: subject.chars().filter(|c| !c.is_control()).take(LONGEST_SUBJECT).collect(),
            address: origin.address.map(|ip| ip.to_string()),
            count: 1,
        }
    }

    async fn store(&self, entry: AuditEntry) {
        tracing::info!(action = ?entry.action, user = entry.user.as_ref().map_or("", UserId::as_str), subject = entry.subject, "audit");
        if let Err(error) = self.ports.store.insert_audit(&entry).await {
            tracing::error!(error = %chain(&error), "a line of the audit log was lost");
        }
    }

    async fn store_counts(&self, counts: Vec<(String, u32)>) {
        for (id, count) in counts {
            if let Err(error) = self.ports.store.set_audit_count(&id, count).await {
                tracing::error!(error = %chain(&error), "a count of the audit log was not stored");
            }
        }
    }
}
