//! Tells operators' own servers what happened: from the outbox, in order for each session and server, until they took it.

use super::require_admin;
use crate::{
    api::admin::{DeliveryPage, DeliveryView, GIVEN_UP},
    config::serve::Hook,
    domain::{ids::SessionId, timestamp::Timestamp},
    net::guarded_http::client_for,
    server::{
        auth::caller::Caller,
        error::{StudioError, StudioResult, chain},
        metrics,
        ports::Ports,
        store::{Delivery, StoreError},
    },
};
use futures::{StreamExt, future::join_all, stream};
use hmac::{Hmac, KeyInit, Mac};
use parking_lot::Mutex;
use sha2::Sha256;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// How long a server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two attempts.
const LONGEST_PAUSE_MS: i64 = 3600 * 1000;
/// After this long a line is given up; it can be sent again by hand.
const GIVE_UP_AFTER_MS: u64 = 24 * 3600 * 1000;
/// Lines of one server looked at in one round.
const ROUND: usize = 200;
/// Sessions told to one server in parallel.
const AT_ONCE: usize = 8;
/// Servers are only removed from the configuration while the process is down.
const GIVE_UP_OTHERS_EVERY: Duration = Duration::from_secs(60);
/// Lines of a page of the log.
const MOST_LISTED: usize = 200;
/// One replica delivers at a time; one that dies hands over within this.
const LEASE: Duration = Duration::from_secs(15);

/// Webhook deliveries. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    ports: Arc<Ports>,
    /// When this replica last claimed the outbox with success.
    claimed: Arc<Mutex<Option<Instant>>>,
}

impl Outbox {
    pub fn new(ports: Arc<Ports>) -> Self {
        Self { ports, claimed: Arc::default() }
    }

    /// Delivers until the process ends. Each server has rounds of its own: a slow or dead one delays only what is for it.
    pub async fn run(self) {
        let rounds = self.ports.config.hooks.servers.iter().map(|hook| async {
            loop {
                log_failure(self.deliver_to(hook).await);
                tokio::time::sleep(PAUSE).await;
            }
        });
        let given_up = async {
            loop {
                log_failure(self.give_up_others().await);
                tokio::time::sleep(GIVE_UP_OTHERS_EVERY).await;
            }
        };
        let ((), _) = tokio::join!(given_up, join_all(rounds));
    }

    /// One round for every server.
    ///
    /// # Errors
    /// The store failed.
    pub async fn deliver(&self) -> StudioResult<()> {
        self.give_up_others().await?;
        join_all(self.ports.config.hooks.servers.iter().map(|hook| self.deliver_to(hook))).await.into_iter().collect()
    }

    /// For every session the server's next due delivery, and those after it as long as they are accepted.
    async fn deliver_to(&self, hook: &Hook) -> StudioResult<()> {
        if !self.claims_outbox().await? {
            return Ok(());
        }
        let due = self.ports.store.due_deliveries(&hook.name, self.ports.now(), ROUND).await?;
        let mut queues: BTreeMap<SessionId, Vec<Delivery>> = BTreeMap::new();
        for line in due {
            queues.entry(line.session.clone()).or_default().push(line);
        }
        stream::iter(queues.into_values())
            .for_each_concurrent(AT_ONCE, |lines| async move { log_failure(self.deliver_in_order(hook, &lines).await) })
            .await;
        Ok(())
    }

    /// One session's due deliveries to one server. Those behind one that is not accepted wait with it.
    async fn deliver_in_order(&self, hook: &Hook, lines: &[Delivery]) -> StudioResult<()> {
        let Some(first) = lines.first() else { return Ok(()) };
        if let Some(due) = self.ports.store.due_before(first).await? {
            return Ok(self.ports.store.hold_up(first, due).await?);
        }
        for line in lines {
            // A long round must not outlast the lease: another replica would deliver the same.
            if !self.claims_outbox().await? {
                return Ok(());
            }
            if let Some(due) = self.attempt(hook, line).await? {
                return Ok(self.ports.store.hold_up(line, due).await?);
            }
        }
        Ok(())
    }

    /// Gives up what is for servers that are not configured any more.
    async fn give_up_others(&self) -> StudioResult<()> {
        let names: Vec<String> = self.ports.config.hooks.servers.iter().map(|hook| hook.name.clone()).collect();
        if names.is_empty() || !self.claims_outbox().await? {
            return Ok(());
        }
        for line in self.ports.store.deliveries_to_others(&names, ROUND).await? {
            let result = format!("{GIVEN_UP}this server is not in FOOTLIGHT_WEBHOOKS any more");
            self.ports.store.note_delivery(&line.id, line.attempts + 1, &result, None).await?;
        }
        Ok(())
    }

    /// Whether this replica delivers. The claim is renewed when a third of its time has gone by.
    async fn claims_outbox(&self) -> StudioResult<bool> {
        let recently = |at: Option<Instant>| at.is_some_and(|at| at.elapsed() < LEASE / 3);
        if recently(*self.claimed.lock()) {
            return Ok(true);
        }
        let asked = Instant::now();
        let id: SessionId = "outbox".parse().map_err(|_| StudioError::Internal("the outbox has no name".into()))?;
        let claimed = self.ports.store.claim_lease(&id, &self.ports.config.replica, LEASE).await?;
        *self.claimed.lock() = claimed.then_some(asked);
        Ok(claimed)
    }

    /// Returns when it is tried again; `None`: the line is done with, so that the next one may go.
    async fn attempt(&self, hook: &Hook, line: &Delivery) -> StudioResult<Option<Timestamp>> {
        let now = self.ports.now();
        let attempts = line.attempts + 1;
        let sent = self.send_delivery(hook, line).await;
        metrics::delivery(if sent.is_ok() { "taken" } else { "refused" });
        let (result, due) = match sent {
            Ok(words) => (words, None),
            Err(words) if now.millis_since(line.at) >= GIVE_UP_AFTER_MS => (format!("{GIVEN_UP}{words}"), None),
            Err(words) => (words, Some(now.plus_millis(pause_ms(attempts)))),
        };
        self.ports.store.note_delivery(&line.id, attempts, &result, due).await?;
        Ok(due)
    }

    /// One attempt; what came of it, in words.
    async fn send_delivery(&self, hook: &Hook, line: &Delivery) -> Result<String, String> {
        let client = client_for(&hook.address, &self.ports.allow).await.map_err(|error| error.to_string())?;
        let secret = self.ports.config.hooks.secret.as_ref().map(|secret| secret.expose().as_bytes()).unwrap_or_default();
        let request = client
            .post(hook.address.clone())
            .timeout(TIMEOUT)
            .header("content-type", "application/json")
            .header("user-agent", concat!("Footlight/", env!("CARGO_PKG_VERSION")))
            .header("x-footlight-event", &line.kind)
            .header("x-footlight-delivery", &line.id)
            .header("x-footlight-signature", signature(secret, self.ports.wall().as_millis() / 1000, &line.json))
            .body(line.json.clone());
        // Without the address: it may carry a secret of its own.
        let answer = request.send().await.map_err(|error| format!("no answer: {}", error.without_url()))?;
        let words = format!("answered {}", answer.status().as_u16());
        if answer.status().is_success() { Ok(words) } else { Err(words) }
    }

    /// What was sent or is to be sent, the latest sessions first.
    ///
    /// # Errors
    /// The caller is not an administrator.
    pub async fn list(&self, caller: &Caller, session: Option<&SessionId>, behind: Option<&str>) -> StudioResult<DeliveryPage> {
        require_admin(caller)?;
        let lines = self.ports.store.deliveries(session, behind, MOST_LISTED).await?;
        let next = (lines.len() == MOST_LISTED).then(|| lines.last().map(|line| line.id.clone())).flatten();
        Ok(DeliveryPage { deliveries: lines.into_iter().map(|line| self.delivery_view(line)).collect(), next_cursor: next })
    }

    /// Sends a line again, whatever became of it before.
    ///
    /// # Errors
    /// The caller is not an administrator, or there is no such line.
    pub async fn resend(&self, caller: &Caller, id: &str) -> StudioResult<()> {
        require_admin(caller)?;
        // The store takes no empty id.
        if id.is_empty() {
            return Err(StudioError::not_found("delivery"));
        }
        self.ports.store.deliver_again(id, self.ports.now()).await.map_err(|error| match error {
            StoreError::Missing => StudioError::not_found("delivery"),
            other => other.into(),
        })
    }

    fn delivery_view(&self, line: Delivery) -> DeliveryView {
        let server = self.ports.config.hooks.servers.iter().find(|hook| hook.name == line.hook());
        DeliveryView {
            server: server.and_then(|hook| hook.address.host_str()).unwrap_or("a server that is not configured any more").to_owned(),
            at: line.at,
            due: line.due,
            id: line.id,
            session_id: line.session,
            event: line.kind,
            attempts: line.attempts,
            result: line.result,
        }
    }
}

fn log_failure(done: StudioResult<()>) {
    if let Err(error) = done {
        tracing::warn!(error = %chain(&error), "webhook deliveries could not be read, or their results not stored");
    }
}

/// 1, 2, 4, … seconds, at most an hour.
fn pause_ms(attempts: u32) -> i64 {
    1_000_i64.saturating_mul(1 << attempts.saturating_sub(1).min(20)).min(LONGEST_PAUSE_MS)
}

/// `t=…,v1=…`: the time in seconds, and the HMAC-SHA256 in hexadecimal over `{t}.{body}`.
pub fn signature(secret: &[u8], seconds: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(format!("{seconds}.{body}").as_bytes());
    format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        assert_eq!([1, 2, 3, 12, 13, 99].map(pause_ms), [1_000, 2_000, 4_000, 2_048_000, 3_600_000, 3_600_000]);
    }

    #[test]
    fn a_signature_is_over_time_and_body() {
        // By `printf '1700000000.{}' | openssl dgst -sha256 -hmac secret`.
        assert_eq!(signature(b"secret", 1_700_000_000, "{}"), OPENSSL);
    }

    const OPENSSL: &str = "t=1700000000,v1=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163";
}
