//! `YouTube`, by its Data API v3. Source: the reference of `videos.list` (`liveStreamingDetails.concurrentViewers`, a number in
//! a string, missing where it is hidden or over; 1 unit), `channels.list` (`forHandle`; 1 unit), `search.list`
//! (`eventType=live`; 100 of the 10 000 units that a project has a day), and "Errors" (`quotaExceeded` and others). The key
//! goes in a header, which Google documents for all its APIs, so that it is in no address.

use super::{Credential, ViewerCountError, ViewerCounter, ask, below, read};
use crate::domain::destination::Platform;
use async_trait::async_trait;
use reqwest::{Client, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::HashMap, time::Duration};
use tokio::{sync::Mutex, time::Instant};
use url::Url;

/// Videos in one request, at most.
const AT_ONCE: usize = 50;
/// A search costs as much as a hundred counts: the first pause before the next one for the same channel, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_mins(30);
/// The day's units are used up: more come at midnight in California.
const OUT_OF_UNITS: Duration = Duration::from_secs(3600);
/// Channels in the cache: far more than sessions run at once.
const MOST_KNOWN: usize = 10_000;

/// The Data API at its address, and which video is live on which channel.
pub struct YouTube {
    http: Client,
    api: Url,
    known: Mutex<HashMap<String, ChannelState>>,
}

#[derive(Clone, Default)]
struct ChannelState {
    channel: Option<String>,
    video: Option<String>,
    pause: Duration,
    next: Option<Instant>,
}

#[derive(Deserialize)]
struct Page<T> {
    #[serde(default = "Vec::new")]
    items: Vec<T>,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
}

#[derive(Deserialize)]
struct Found {
    id: FoundId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FoundId {
    video_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Video {
    id: String,
    live_streaming_details: Option<Live>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Live {
    concurrent_viewers: Option<String>,
    actual_end_time: Option<String>,
}

#[derive(Deserialize)]
struct Fault {
    error: FaultBody,
}

#[derive(Default, Deserialize)]
struct FaultBody {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    reason: String,
}

impl YouTube {
    /// Over the API's address (`https://www.googleapis.com/youtube/v3/`).
    pub fn new(http: Client, api: Url) -> Self {
        Self { http, api, known: Mutex::default() }
    }

    async fn get<T: DeserializeOwned>(&self, credential: &Credential, call: &str, query: &[(&str, &str)]) -> Result<T, ViewerCountError> {
        let mut address = below(&self.api, call);
        address.query_pairs_mut().extend_pairs(query);
        let answer = ask(self.http.get(address).header("x-goog-api-key", &credential.secret)).await?;
        let status = answer.status();
        if status.is_success() {
            return read(answer).await;
        }
        let fault = read::<Fault>(answer).await.map_or_else(|_| FaultBody::default(), |fault| fault.error);
        let spent = ["quotaExceeded", "dailyLimitExceeded", "rateLimitExceeded", "userRateLimitExceeded"];
        if fault.errors.iter().any(|error| spent.contains(&error.reason.as_str())) {
            return Err(ViewerCountError::Busy(Some(OUT_OF_UNITS)));
        }
        match status {
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(ViewerCountError::Refused(format!("YouTube refuses the key: {}", without_links(&fault.message))))
            }
            status => Err(ViewerCountError::Unavailable(format!("it answers {}", status.as_u16()))),
        }
    }

    /// The live video of a channel. A channel without one is searched again after a pause that doubles.
    async fn video(&self, credential: &Credential, channel: &str) -> Result<Option<String>, ViewerCountError> {
        if !channel.starts_with('@') && !channel.starts_with("UC") {
            return Ok(Some(channel.to_owned()));
        }
        let mut known = self.known.lock().await.get(channel).cloned().unwrap_or_default();
        if known.video.is_some() || known.next.is_some_and(|next| Instant::now() < next) {
            return Ok(known.video);
        }
        known.pause = (known.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        known.next = Some(Instant::now() + known.pause);
        let looked = self.find_live(credential, channel, &mut known).await;
        let mut all = self.known.lock().await;
        if all.len() >= MOST_KNOWN {
            all.clear();
        }
        all.insert(channel.to_owned(), known.clone());
        looked.map(|()| known.video)
    }

    async fn find_live(&self, credential: &Credential, channel: &str, known: &mut ChannelState) -> Result<(), ViewerCountError> {
        if known.channel.is_none() {
            known.channel = if channel.starts_with('@') {
                let page: Page<Channel> = self.get(credential, "channels", &[("part", "id"), ("forHandle", channel)]).await?;
                page.items.into_iter().next().map(|channel| channel.id)
            } else {
                Some(channel.to_owned())
            };
        }
        let Some(id) = &known.channel else { return Ok(()) };
        let query = [("part", "id"), ("channelId", id), ("eventType", "live"), ("type", "video"), ("maxResults", "1")];
        let page: Page<Found> = self.get(credential, "search", &query).await?;
        known.video = page.items.into_iter().next().map(|found| found.id.video_id);
        if known.video.is_some() {
            known.pause = Duration::ZERO;
        }
        Ok(())
    }

    /// Forgets a finished broadcast, so that the channel's next one is found.
    async fn forget(&self, channel: &str) {
        if let Some(known) = self.known.lock().await.get_mut(channel) {
            known.video = None;
        }
    }
}

#[async_trait]
impl ViewerCounter for YouTube {
    fn platform(&self) -> Platform {
        Platform::Youtube
    }

    async fn check(&self, credential: &Credential) -> Result<(), ViewerCountError> {
        let query = [("part", "id"), ("chart", "mostPopular"), ("maxResults", "1")];
        self.get::<serde_json::Value>(credential, "videos", &query).await.map(drop)
    }

    async fn viewers(&self, credential: &Credential, channels: &[String]) -> Result<Vec<(String, u64)>, ViewerCountError> {
        let mut videos = Vec::new();
        for channel in channels {
            if let Some(video) = self.video(credential, channel).await? {
                videos.push((channel, video));
            }
        }
        let mut counts = Vec::new();
        for some in videos.chunks(AT_ONCE) {
            let ids: Vec<_> = some.iter().map(|(_, video)| video.as_str()).collect();
            let query = [("part", "liveStreamingDetails"), ("id", &ids.join(","))];
            let page: Page<Video> = self.get(credential, "videos", &query).await?;
            for (channel, id) in some {
                let live = page.items.iter().find(|video| &video.id == id).and_then(|video| video.live_streaming_details.as_ref());
                if live.is_none_or(|live| live.actual_end_time.is_some()) {
                    self.forget(channel).await;
                }
                let count = live.and_then(|live| live.concurrent_viewers.as_ref()?.parse().ok());
                counts.extend(count.map(|count| ((*channel).clone(), count)));
            }
        }
        Ok(counts)
    }
}

/// Google's messages carry HTML tags.
fn without_links(text: &str) -> String {
    let mut inside = false;
    let plain: String = text
        .chars()
        .filter(|c| {
            let was = inside;
            inside = *c == '<' || (inside && *c != '>');
            !was && !inside
        })
        .collect();
    if plain.is_empty() { "no reason given".to_owned() } else { plain }
}
