//! Server functions for administrators, and reports.

use crate::{
    api::{
        admin::{Analytics, DateRange, DeliveryPage, SessionOverview, SessionQuery, StopResult},
        doctor::Report,
        error::ApiError,
        wire::Json,
    },
    domain::ids::SessionId,
};
use leptos::prelude::*;

/// One page of all sessions, with counts and capacity.
#[server(prefix = "/rpc", endpoint = "admin/hall", input = Json, output = Json)]
pub async fn load_session_overview(wanted: SessionQuery) -> Result<SessionOverview, ApiError> {
    use crate::server::{operations::session_admin::SessionAdmin, rpc};
    let (session_admin, caller) = rpc::admit::<SessionAdmin>().await?;
    rpc::reply(session_admin.overview(&caller, &wanted).await)
}

/// Stops sessions with one reason, which their owners see.
#[server(prefix = "/rpc", endpoint = "admin/stop", input = Json, output = Json)]
pub async fn stop_shows(ids: Vec<SessionId>, note: String) -> Result<Vec<StopResult>, ApiError> {
    use crate::server::{operations::session_admin::SessionAdmin, rpc};
    let (session_admin, caller) = rpc::admit::<SessionAdmin>().await?;
    rpc::reply(session_admin.stop_many(&caller, ids, &note).await)
}

/// Refuses new sessions, or accepts them again.
#[server(prefix = "/rpc", endpoint = "admin/drain", input = Json, output = Json)]
pub async fn set_draining(draining: bool) -> Result<(), ApiError> {
    use crate::server::{operations::session_admin::SessionAdmin, rpc};
    let (session_admin, caller) = rpc::admit::<SessionAdmin>().await?;
    rpc::reply(session_admin.set_draining(&caller, draining, &rpc::origin()).await)
}

/// What the last checks of the installation found, since this server started.
#[server(prefix = "/rpc", endpoint = "admin/health", input = Json, output = Json)]
pub async fn load_health() -> Result<Option<Report>, ApiError> {
    use crate::server::{operations::doctor::Doctor, rpc};
    let (doctor, caller) = rpc::admit::<Doctor>().await?;
    rpc::reply(doctor.last(&caller))
}

/// Webhook deliveries of one session, or of all, after a cursor.
#[server(prefix = "/rpc", endpoint = "admin/deliveries", input = Json, output = Json)]
pub async fn load_deliveries(session: Option<SessionId>, behind: Option<String>) -> Result<DeliveryPage, ApiError> {
    use crate::server::{operations::outbox::Outbox, rpc};
    let (outbox, caller) = rpc::admit::<Outbox>().await?;
    rpc::reply(outbox.list(&caller, session.as_ref(), behind.as_deref()).await)
}

/// Sends a delivery again.
#[server(prefix = "/rpc", endpoint = "admin/send-again", input = Json, output = Json)]
pub async fn resend_delivery(id: String) -> Result<(), ApiError> {
    use crate::server::{operations::outbox::Outbox, rpc};
    let (outbox, caller) = rpc::admit::<Outbox>().await?;
    rpc::reply(outbox.resend(&caller, &id).await)
}

/// A report over the caller's own sessions, or all.
#[server(prefix = "/rpc", endpoint = "analytics", input = Json, output = Json)]
pub async fn load_analytics(everybody: bool, span: DateRange) -> Result<Analytics, ApiError> {
    use crate::server::{operations::analytics::Analytics, rpc};
    let (analytics, caller) = rpc::admit::<Analytics>().await?;
    rpc::reply(analytics.report(&caller, everybody, &span).await)
}
