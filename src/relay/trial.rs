//! Tries a server before a session: name, TCP, TLS, RTMP handshake and `connect`, over redirects, with the checks of a real
//! connection. It ends when `connect` is answered: no stream is asked for, so nothing is published and no broadcast begins.

use super::{
    RelayState,
    connect::{Connector, avoid_next},
    connection_error::{ConnectionError, os_message},
    route::{Names, Route},
};
use crate::{
    api::relay_control::{ConnectionTrial, TrialResult},
    domain::{
        address::{IngestTarget, check_address},
        destination::StreamKey,
    },
    media::rtmp::{
        client::{ClientSession, Event, PublishState, Refusal},
        publisher::{Lost, Publisher, Step},
        text::redact_key,
    },
};
use std::{net::IpAddr, time::Duration};
use tokio::time::timeout;

/// How long a trial may take over all of its addresses and redirects.
const LIMIT: Duration = Duration::from_secs(5);
/// So often a doubtful error may come before it counts.
const ATTEMPTS: usize = 2;

/// Tries a server.
pub async fn run(relay: &RelayState, wanted: &ConnectionTrial) -> TrialResult {
    let target = match check_address(&wanted.address, &relay.config.allow) {
        Ok(target) => target,
        Err(refused) => return TrialResult::Refused { reason: refused.to_string() },
    };
    let key = &wanted.stream_key;
    let outcome = timeout(LIMIT, connect_doubting(&relay.connector, &target, key)).await;
    let late = || Err(ConnectionError::Transient(format!("it did not answer within {} s", LIMIT.as_secs())));
    let words = |reason: String| redact_key(&reason, key.expose());
    match outcome.unwrap_or_else(|_| late()) {
        Ok(()) => TrialResult::Connected,
        Err(ConnectionError::Transient(reason)) => TrialResult::Doubtful { reason: words(reason) },
        Err(ConnectionError::Permanent(reason) | ConnectionError::Doubtful(reason)) => TrialResult::Refused { reason: words(reason) },
    }
}

/// A server that hangs up once may have had an accident; one that does it again says something about the address.
async fn connect_doubting(connector: &Connector, target: &IngestTarget, key: &StreamKey) -> Result<(), ConnectionError> {
    let mut avoid = Vec::new();
    let mut attempt = 1;
    loop {
        match connect_redirected(connector, target, key, &mut avoid).await {
            Err(ConnectionError::Doubtful(_)) if attempt < ATTEMPTS => attempt += 1,
            outcome => return outcome,
        }
    }
}

async fn connect_redirected(
    connector: &Connector,
    target: &IngestTarget,
    key: &StreamKey,
    avoid: &mut Vec<IpAddr>,
) -> Result<(), ConnectionError> {
    let mut route = Route::new(target);
    while let Some(refusal) = connect_once(connector, &route, key, avoid).await? {
        route.follow(&refusal, connector, key)?;
    }
    Ok(())
}

/// `None`: the server accepted `connect`. `Some`: it refused, perhaps to say what it wants instead.
async fn connect_once(
    connector: &Connector,
    route: &Route,
    key: &StreamKey,
    avoid: &mut Vec<IpAddr>,
) -> Result<Option<Refusal>, ConnectionError> {
    let (transport, ip) = connector.open(route.target(), avoid).await?;
    let Names { application, url, stream } = route.names(key);
    let mut publisher = Publisher::new(transport, ClientSession::new(&application, &url, stream));
    let lost = |lost: Lost| match lost {
        Lost::Violation(violation) => ConnectionError::Transient(violation.to_string()),
        Lost::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => ConnectionError::Transient(os_message(&error)),
        Lost::Closed | Lost::Io(_) => ConnectionError::hung_up(&route.target().application),
    };
    let outcome = loop {
        match publisher.step().await {
            Err(error) => break Err(lost(error)),
            Ok(Step::Written(_)) => {}
            Ok(Step::Read(events)) => {
                let refusal = events.into_iter().find_map(|event| match event {
                    Event::ConnectRefused(refusal) => Some(refusal),
                    _ => None,
                });
                match refusal {
                    Some(refusal) => break Ok(Some(refusal)),
                    // What follows `connect` is prepared by now and not sent: the connection is closed instead.
                    None if publisher.state() != PublishState::Connecting => break Ok(None),
                    None => {}
                }
            }
        }
    };
    if outcome.is_err() {
        avoid_next(avoid, ip);
    }
    outcome
}
