//! Checks of the parts: store, LiveKit, relay, egress, the way of webhooks, and their clocks.

use super::{Doctor, Finding};
use crate::{
    domain::timestamp::Timestamp,
    net::{http::direct_client, tls},
    server::{
        error::{StudioError, chain},
        livekit::{Sandbox, Slots},
    },
};
use serde::Deserialize;
use std::time::Instant;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// Clocks that differ by more are warned of, in milliseconds; `Date` has whole seconds.
const CLOCK_WARNS_MS: u64 = 3_000;
/// LiveKit refuses tokens that are valid from later than this, in milliseconds.
const CLOCK_FAILS_MS: u64 = 60_000;

impl Doctor {
    pub(super) async fn store(&self) -> Finding {
        let since = Instant::now();
        match self.ports.store.ping().await {
            Ok(()) => Finding::ok(format!("answers in {} ms", since.elapsed().as_millis())),
            Err(error) => Finding::fail(
                format!("does not answer: {}", chain(&error)),
                "Look at the disk of FOOTLIGHT_DATA, or at the database server that FOOTLIGHT_STORE names, and restart `footlight serve`.",
            ),
        }
    }

    pub(super) async fn livekit(&self) -> Finding {
        let (since, url) = (Instant::now(), &self.ports.config.livekit.api_url);
        match self.ports.livekit.ping().await {
            Ok(()) => Finding::ok(format!("answers at {url} in {} ms", since.elapsed().as_millis())),
            Err(error) => Finding::fail(
                format!("does not answer at {url}: {}", chain(&error)),
                "Start the LiveKit server, and see that LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET are its own.",
            ),
        }
    }

    pub(super) async fn relay(&self) -> Finding {
        let url = &self.ports.config.relay.url;
        match self.ports.relay.sessions().await {
            Ok(sessions) => Finding::ok(format!("answers at {url} and knows {} streams", sessions.len())),
            Err(error) => Finding::fail(
                format!("{error} ({url})"),
                "Start `footlight relay`, and see that FOOTLIGHT_RELAY_URL and FOOTLIGHT_RELAY_SECRET fit it.",
            ),
        }
    }

    pub(super) async fn slot(&self) -> Finding {
        match self.ports.livekit.slots().await {
            Ok(Some(Slots { total, used, .. })) if used < total => Finding::ok(format!("{} of {total} free", total - used)),
            Ok(Some(Slots { total, .. })) => Finding::warn(
                format!("all {total} are used"),
                "No further session starts now. Raise FOOTLIGHT_EGRESS_SLOTS if the machine has cores to spare.",
            ),
            Ok(None) => Finding::ok("a LiveKit Egress fleet, which does not say"),
            Err(error) => Finding::fail(
                format!("the egress does not answer: {}", chain(&error)),
                "Start `footlight egress`, and see that FOOTLIGHT_EGRESS_URL is its address.",
            ),
        }
    }

    pub(super) async fn sandbox(&self) -> Finding {
        let Ok(Some(Slots { sandbox, .. })) = self.ports.livekit.slots().await else {
            return Finding::warn("not known: the egress does not say", "");
        };
        match (sandbox, sandbox.warning()) {
            (Sandbox::Missing, Some(advice)) => Finding::fail("Chromium's sandbox does not work", advice),
            (_, Some(advice)) => Finding::warn("Chromium's sandbox is turned off", advice),
            (Sandbox::On, None) => Finding::ok("captures run in Chromium's sandbox"),
            (_, None) => Finding::warn("not known: the egress does not say", ""),
        }
    }

    pub(super) async fn fonts(&self, http: &reqwest::Client) -> Finding {
        #[derive(Deserialize)]
        struct Health {
            #[serde(default)]
            problems: Vec<String>,
        }
        let config = &self.ports.config.livekit;
        if !config.local_egress {
            return Finding::ok("a LiveKit Egress fleet brings its own");
        }
        let health = async { http.get(format!("{}/healthz", config.egress_url)).send().await?.json::<Health>().await };
        match health.await {
            Ok(Health { problems }) if problems.is_empty() => Finding::ok("for the scripts of names and titles"),
            Ok(Health { problems }) => {
                Finding::warn(problems.join(" "), "Install the missing fonts on the egress's machine and restart it.")
            }
            Err(error) => Finding::fail(
                format!("the egress does not answer: {}", error.without_url()),
                "Start `footlight egress`, and see that FOOTLIGHT_EGRESS_URL is its address.",
            ),
        }
    }

    pub(super) async fn webhook(&self, http: &reqwest::Client) -> Finding {
        match self.commands.test_webhook(http).await {
            Ok(address) => Finding::ok(format!("{address} takes what is sent there")),
            Err(StudioError::Refused(error)) => Finding::fail(
                error.message,
                "LiveKit and the egress report to this address: without it, sessions are noticed late. Look at the proxy in front of it.",
            ),
            Err(error) => Finding::fail(chain(&error), "Look into the log of `footlight serve`."),
        }
    }

    /// How far LiveKit's and the relay's clocks are from this process's.
    pub(super) async fn clocks(&self, http: &reqwest::Client) -> Finding {
        let config = &self.ports.config;
        let relay = match config.relay.trust.as_deref().map(tls::client_trusting) {
            None => Ok(http.clone()),
            Some(trusting) => trusting.and_then(|tls| Ok(direct_client(tls).build()?)),
        };
        let relay_date = async {
            match &relay {
                Ok(relay) => date(relay, &format!("{}/healthz", config.relay.url)).await,
                Err(_) => None,
            }
        };
        let (livekit, relay) = tokio::join!(date(http, &config.livekit.api_url), relay_date);
        self.judge_clocks(&[("LiveKit", livekit), ("the relay", relay)])
    }

    fn judge_clocks(&self, others: &[(&str, Option<Timestamp>)]) -> Finding {
        let now = self.ports.wall();
        let differing = |at: Timestamp| now.as_millis().abs_diff(at.as_millis());
        let known: Vec<_> = others.iter().filter_map(|(who, at)| Some((*who, differing((*at)?)))).collect();
        let Some((who, most)) = known.iter().copied().max_by_key(|(_, differs)| *differs) else {
            return Finding::warn("neither LiveKit nor the relay says what time it is", "Start them.");
        };
        let found = format!("{who} differs by {}.{} s", most / 1000, most % 1000 / 100);
        let advice = "Set the clocks by NTP on every machine: tokens and webhooks are valid for minutes only.";
        match most {
            CLOCK_FAILS_MS.. => Finding::fail(found, advice),
            CLOCK_WARNS_MS.. => Finding::warn(found, advice),
            _ if known.len() < others.len() => Finding::ok(format!("{who} agrees; the other does not answer")),
            _ => Finding::ok("LiveKit, relay and this server agree"),
        }
    }
}

/// What time a server says it is (RFC 9110, section 6.6.1).
async fn date(http: &reqwest::Client, url: &str) -> Option<Timestamp> {
    let answer = http.get(url).send().await.ok()?;
    let text = answer.headers().get("date")?.to_str().ok()?;
    let at = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Some(Timestamp::from_millis(at.unix_timestamp().checked_mul(1000)?))
}
