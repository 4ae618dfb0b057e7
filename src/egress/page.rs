//! The captured page: opened through `DevTools`, kept on its origin, listened to. It gets no dialogs, downloads, pop-ups or permissions.

use crate::egress::{
    devtools::{Devtools, DevtoolsError, Happening},
    record::Failure,
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{sync::mpsc, time::timeout};
use url::{Origin, Url};

/// What the page did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageEvent {
    /// Loaded, and shows no error.
    Loaded,
    /// Said `START_RECORDING`.
    Start,
    /// Said `END_RECORDING`.
    End,
    /// Cannot be shown, or broke.
    Failed(Failure),
}

/// An open page.
#[derive(Clone)]
pub struct Page {
    devtools: Arc<Devtools>,
    session: String,
}

const DENIED: [&str; 8] =
    ["geolocation", "notifications", "audioCapture", "videoCapture", "midi", "displayCapture", "clipboardReadWrite", "storageAccess"];

impl Page {
    /// Opens `url` in the browser's first tab and reports what follows.
    ///
    /// # Errors
    /// The browser is not as it should be.
    pub async fn open(
        devtools: Arc<Devtools>,
        happenings: mpsc::UnboundedReceiver<Happening>,
        url: &Url,
        origins: Arc<[Origin]>,
        events: mpsc::UnboundedSender<PageEvent>,
    ) -> Result<Self, DevtoolsError> {
        let target = first_tab(&devtools).await?;
        let attached = devtools.call("", "Target.attachToTarget", &json!({ "targetId": target, "flatten": true })).await?;
        let session = attached["sessionId"].as_str().unwrap_or_default().to_owned();
        let page = Self { devtools, session };
        page.devtools.tell("", "Target.setDiscoverTargets", &json!({ "discover": true }));
        page.devtools.tell("", "Browser.setDownloadBehavior", &json!({ "behavior": "deny" }));
        for name in DENIED {
            page.devtools.tell("", "Browser.setPermission", &json!({ "permission": { "name": name }, "setting": "denied" }));
        }
        // Answered before the page is opened: a tab that is still being made would miss the first events.
        let domains = ["Page.enable", "Runtime.enable", "Network.enable", "Inspector.enable"].map(|domain| (domain, json!({})));
        let everything = json!({ "patterns": [{ "urlPattern": "*", "requestStage": "Request" }] });
        let wanted = domains.into_iter().chain([("Fetch.enable", everything)]);
        let wanted: Vec<_> = wanted.collect();
        let asked = wanted.iter().map(|(method, params)| page.devtools.call(&page.session, method, params));
        futures::future::try_join_all(asked).await?;
        tokio::spawn(
            Listener { page: page.clone(), target, origins, events: events.clone(), answered: false, failed: false }.listen(happenings),
        );
        let (opening, url) = (page.clone(), url.to_string());
        tokio::spawn(async move {
            let answer = opening.devtools.call(&opening.session, "Page.navigate", &json!({ "url": url })).await;
            let words = answer.ok().and_then(|answer| Some(answer["errorText"].as_str()?.to_owned())).filter(|words| !words.is_empty());
            // A blocked address has been reported by the listener in better words.
            if let Some(words) = words.filter(|words| words != "net::ERR_BLOCKED_BY_CLIENT") {
                let _ = events.send(PageEvent::Failed(Failure::new(400, format!("page load error: page load error {words}"))));
            }
        });
        Ok(page)
    }

    /// Whether the page still draws: asks for an animation frame. A page that goes elsewhere meanwhile refuses at once, and is asked again.
    pub async fn draws(&self, within: Duration) -> bool {
        let ask = json!({ "expression": "new Promise(drawn => requestAnimationFrame(() => drawn(1)))", "awaitPromise": true });
        timeout(within, self.devtools.call(&self.session, "Runtime.evaluate", &ask)).await.is_ok()
    }

    /// Whether the browser still answers, whatever its page does.
    pub async fn browser_answers(&self, within: Duration) -> bool {
        answers(&self.devtools, within).await
    }

    /// The text of a `div.error`, if the page shows one.
    async fn shown_error(&self) -> Option<String> {
        let ask = json!({ "expression": "document.querySelector('div.error')?.innerText ?? ''", "returnByValue": true });
        let answer = self.devtools.call(&self.session, "Runtime.evaluate", &ask).await.ok()?;
        let text = answer["result"]["value"].as_str()?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }
}

/// Whether the browser still answers.
pub async fn answers(devtools: &Devtools, within: Duration) -> bool {
    timeout(within, devtools.call("", "Browser.getVersion", &json!({}))).await.is_ok_and(|answer| answer.is_ok())
}

async fn first_tab(devtools: &Devtools) -> Result<String, DevtoolsError> {
    for _ in 0..100 {
        let targets = devtools.call("", "Target.getTargets", &json!({})).await?;
        let mut pages = targets["targetInfos"].as_array().into_iter().flatten().filter(|target| target["type"] == "page");
        if let Some(id) = pages.next().and_then(|target| target["targetId"].as_str()) {
            return Ok(id.to_owned());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(DevtoolsError::Refused("the browser opened no tab".to_owned()))
}

struct Listener {
    page: Page,
    target: String,
    /// The page's own, and those it may fetch from besides.
    origins: Arc<[Origin]>,
    events: mpsc::UnboundedSender<PageEvent>,
    /// The page itself has come, not only the blank one before it.
    answered: bool,
    failed: bool,
}

impl Listener {
    async fn listen(mut self, mut happenings: mpsc::UnboundedReceiver<Happening>) {
        while let Some(happening) = happenings.recv().await {
            let ours = happening.session == self.page.session;
            let params = &happening.params;
            tracing::trace!(happening.method, "page");
            match happening.method.as_str() {
                "Runtime.consoleAPICalled" if ours => self.console(params),
                "Network.responseReceived" if ours => self.response(params),
                "Fetch.requestPaused" if ours => self.request(params),
                "Page.loadEventFired" if ours => self.loaded(),
                "Page.javascriptDialogOpening" if ours => {
                    self.page.devtools.tell(&self.page.session, "Page.handleJavaScriptDialog", &json!({ "accept": false }));
                }
                "Inspector.targetCrashed" if ours => self.fail(Failure::lost("page", "chromium tab crashed")),
                "Target.targetDestroyed" if params["targetId"] == self.target => {
                    self.fail(Failure::lost("page", "chromium tab was closed"));
                }
                "Target.targetCreated" => {
                    let target = &params["targetInfo"];
                    if target["type"] == "page" && target["targetId"] != self.target {
                        self.page.devtools.tell("", "Target.closeTarget", &json!({ "targetId": target["targetId"] }));
                    }
                }
                _ => {}
            }
        }
    }

    fn say(&self, event: PageEvent) {
        // Nobody listens any more when the egress ends.
        let _ = self.events.send(event);
    }

    fn fail(&mut self, failure: Failure) {
        if !std::mem::replace(&mut self.failed, true) {
            self.say(PageEvent::Failed(failure));
        }
    }

    fn console(&self, params: &Value) {
        match params["args"][0]["value"].as_str() {
            Some("START_RECORDING") => self.say(PageEvent::Start),
            Some("END_RECORDING") => self.say(PageEvent::End),
            _ => {}
        }
    }

    fn response(&mut self, params: &Value) {
        let response = &params["response"];
        let main = params["type"] == "Document" && params["requestId"] == params["loaderId"];
        let status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
        self.answered |= main;
        if !main || status < 400 {
            return;
        }
        let canonical = axum::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        let words = response["statusText"].as_str().filter(|text| !text.is_empty()).or(canonical).unwrap_or("unknown status");
        self.fail(Failure::new(400, format!("page load error: page load error: {words}")));
    }

    fn request(&mut self, params: &Value) {
        let id = &params["requestId"];
        let url = params["request"]["url"].as_str().unwrap_or_default();
        let document = params["resourceType"] == "Document";
        let origins = if document { &self.origins[..1] } else { &self.origins[..] };
        let allowed = ["about:", "blob:", "data:"].iter().any(|local| url.starts_with(local))
            || Url::parse(url).is_ok_and(|url| origins.contains(&url.origin()));
        let devtools = &self.page.devtools;
        if allowed {
            return devtools.tell(&self.page.session, "Fetch.continueRequest", &json!({ "requestId": id }));
        }
        devtools.tell(&self.page.session, "Fetch.failRequest", &json!({ "requestId": id, "errorReason": "BlockedByClient" }));
        let main = document && params["frameId"] == self.target;
        if main {
            let own = self.origins[0].ascii_serialization();
            self.fail(Failure::new(400, format!("page load error: this egress opens pages of {own} only")));
        }
    }

    fn loaded(&mut self) {
        if self.failed || !self.answered {
            return;
        }
        let (page, events) = (self.page.clone(), self.events.clone());
        tokio::spawn(async move {
            let event = match page.shown_error().await {
                Some(text) => PageEvent::Failed(Failure::new(400, format!("template error: {text}"))),
                None => PageEvent::Loaded,
            };
            // Nobody listens any more when the egress ends.
            let _ = events.send(event);
        });
    }
}
