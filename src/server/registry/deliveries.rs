//! The webhook deliveries that a change of a session causes. Pure: they are stored with the change.

use crate::{
    config::serve::Hook,
    domain::{session::Session, timestamp::Timestamp, webhook_events},
    server::store::NewDelivery,
};

/// One for each event and server.
pub(super) fn deliveries_of(servers: &[Hook], before: &Session, after: &Session, at: Timestamp) -> Vec<NewDelivery> {
    if servers.is_empty() {
        return Vec::new();
    }
    let events = webhook_events::between(before, after, at);
    let each = events.iter().flat_map(|event| servers.iter().map(move |server| (event, server)));
    each.map(|(event, server)| NewDelivery { hook: server.name.clone(), kind: event.kind, at, body: event.body.clone() }).collect()
}
