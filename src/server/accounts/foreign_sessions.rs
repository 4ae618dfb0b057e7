//! What administrators do to sessions of others is in the audit log, with who did it.

use super::audit::AuditLog;
use crate::{
    domain::{audit::AuditAction, session::Session},
    server::auth::{caller::Caller, origin::Origin},
};

impl AuditLog {
    /// Notes what the caller does to this session, if it is not their own.
    pub(in crate::server) async fn note_admin_action(&self, caller: &Caller, session: &Session, what: &str) {
        if caller.owns(session) {
            return;
        }
        let subject = format!("{} {what}", session.id);
        self.record(AuditAction::ForeignSession, Some(&caller.user.id), &subject, &Origin::default()).await;
    }
}
