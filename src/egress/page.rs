//! The captured page: opens it over CDP, keeps it on its origin, and reports its events. It gets no dialogs, downloads, pop-ups or permissions.

use crate::egress::{
    cdp::{CdpClient, CdpError, CdpEvent},
    egress_info::Failure,
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{sync::mpsc, time::timeout};
use url::{Origin, Url};

/// An event of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageEvent {
    /// Loaded without showing an error.
    Loaded,
    /// Logged `START_RECORDING`.
    Start,
    /// Logged `END_RECORDING`.
    End,
    /// Failed to load, or crashed.
    Failed(Failure),
}

#[derive(Clone)]
pub struct Page {
    cdp: Arc<CdpClient>,
    session: String,
}

const DENIED: [&str; 8] =
    ["geolocation", "notifications", "audioCapture", "videoCapture", "midi", "displayCapture", "clipboardReadWrite", "storageAccess"];

impl Page {
    /// Opens `url` in the browser's first tab and reports its events.
    ///
    /// # Errors
    /// A call to the browser failed.
    pub async fn open(
        cdp: Arc<CdpClient>,
        cdp_events: mpsc::UnboundedReceiver<CdpEvent>,
        url: &Url,
        origins: Arc<[Origin]>,
        events: mpsc::UnboundedSender<PageEvent>,
    ) -> Result<Self, CdpError> {
        let target = first_tab(&cdp).await?;
        let attached = cdp.call("", "Target.attachToTarget", &json!({ "targetId": target, "flatten": true })).await?;
        let session = attached["sessionId"].as_str().unwrap_or_default().to_owned();
        let page = Self { cdp, session };
        page.cdp.send("", "Target.setDiscoverTargets", &json!({ "discover": true }));
        page.cdp.send("", "Browser.setDownloadBehavior", &json!({ "behavior": "deny" }));
        for name in DENIED {
            page.cdp.send("", "Browser.setPermission", &json!({ "permission": { "name": name }, "setting": "denied" }));
        }
        // Wait for these before opening the page: a tab that is still being created would miss the first events.
        let domains = ["Page.enable", "Runtime.enable", "Network.enable", "Inspector.enable"].map(|domain| (domain, json!({})));
        let everything = json!({ "patterns": [{ "urlPattern": "*", "requestStage": "Request" }] });
        let wanted = domains.into_iter().chain([("Fetch.enable", everything)]);
        let wanted: Vec<_> = wanted.collect();
        let asked = wanted.iter().map(|(method, params)| page.cdp.call(&page.session, method, params));
        futures::future::try_join_all(asked).await?;
        tokio::spawn(
            Listener { page: page.clone(), target, origins, events: events.clone(), answered: false, failed: false }.listen(cdp_events),
        );
        let (opening, url) = (page.clone(), url.to_string());
        tokio::spawn(async move {
            let answer = opening.cdp.call(&opening.session, "Page.navigate", &json!({ "url": url })).await;
            let reason = answer.ok().and_then(|answer| Some(answer["errorText"].as_str()?.to_owned())).filter(|reason| !reason.is_empty());
            // The listener has reported a blocked address with a better message.
            if let Some(reason) = reason.filter(|reason| reason != "net::ERR_BLOCKED_BY_CLIENT") {
                let _ = events.send(PageEvent::Failed(Failure::new(400, format!("page load error: page load error {reason}"))));
            }
        });
        Ok(page)
    }

    /// Whether the page still draws an animation frame. A page that is navigating refuses at once, which counts as alive.
    pub async fn draws(&self, within: Duration) -> bool {
        let ask = json!({ "expression": "new Promise(drawn => requestAnimationFrame(() => drawn(1)))", "awaitPromise": true });
        timeout(within, self.cdp.call(&self.session, "Runtime.evaluate", &ask)).await.is_ok()
    }

    /// Whether the browser still responds, whatever its page does.
    pub async fn browser_answers(&self, within: Duration) -> bool {
        is_responsive(&self.cdp, within).await
    }

    /// The text of a `div.error`, if the page shows one.
    async fn shown_error(&self) -> Option<String> {
        let ask = json!({ "expression": "document.querySelector('div.error')?.innerText ?? ''", "returnByValue": true });
        let answer = self.cdp.call(&self.session, "Runtime.evaluate", &ask).await.ok()?;
        let text = answer["result"]["value"].as_str()?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }
}

/// Whether the browser still responds.
pub async fn is_responsive(cdp: &CdpClient, within: Duration) -> bool {
    timeout(within, cdp.call("", "Browser.getVersion", &json!({}))).await.is_ok_and(|answer| answer.is_ok())
}

async fn first_tab(cdp: &CdpClient) -> Result<String, CdpError> {
    for _ in 0..100 {
        let targets = cdp.call("", "Target.getTargets", &json!({})).await?;
        let mut pages = targets["targetInfos"].as_array().into_iter().flatten().filter(|target| target["type"] == "page");
        if let Some(id) = pages.next().and_then(|target| target["targetId"].as_str()) {
            return Ok(id.to_owned());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(CdpError::Refused("the browser opened no tab".to_owned()))
}

struct Listener {
    page: Page,
    target: String,
    /// The page's own origin first, then others it may fetch from.
    origins: Arc<[Origin]>,
    events: mpsc::UnboundedSender<PageEvent>,
    /// The page itself has responded, not only the blank one before it.
    answered: bool,
    failed: bool,
}

impl Listener {
    async fn listen(mut self, mut cdp_events: mpsc::UnboundedReceiver<CdpEvent>) {
        while let Some(event) = cdp_events.recv().await {
            let ours = event.session == self.page.session;
            let params = &event.params;
            tracing::trace!(event.method, "page");
            match event.method.as_str() {
                "Runtime.consoleAPICalled" if ours => self.console(params),
                "Network.responseReceived" if ours => self.response(params),
                "Fetch.requestPaused" if ours => self.request(params),
                "Page.loadEventFired" if ours => self.loaded(),
                "Page.javascriptDialogOpening" if ours => {
                    self.page.cdp.send(&self.page.session, "Page.handleJavaScriptDialog", &json!({ "accept": false }));
                }
                "Inspector.targetCrashed" if ours => self.fail(Failure::lost("page", "chromium tab crashed")),
                "Target.targetDestroyed" if params["targetId"] == self.target => {
                    self.fail(Failure::lost("page", "chromium tab was closed"));
                }
                "Target.targetCreated" => {
                    let target = &params["targetInfo"];
                    if target["type"] == "page" && target["targetId"] != self.target {
                        self.page.cdp.send("", "Target.closeTarget", &json!({ "targetId": target["targetId"] }));
                    }
                }
                _ => {}
            }
        }
    }

    fn report(&self, event: PageEvent) {
        // There is no receiver after the egress has ended.
        let _ = self.events.send(event);
    }

    fn fail(&mut self, failure: Failure) {
        if !std::mem::replace(&mut self.failed, true) {
            self.report(PageEvent::Failed(failure));
        }
    }

    fn console(&self, params: &Value) {
        match params["args"][0]["value"].as_str() {
            Some("START_RECORDING") => self.report(PageEvent::Start),
            Some("END_RECORDING") => self.report(PageEvent::End),
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
        let reason = response["statusText"].as_str().filter(|text| !text.is_empty()).or(canonical).unwrap_or("unknown status");
        self.fail(Failure::new(400, format!("page load error: page load error: {reason}")));
    }

    fn request(&mut self, params: &Value) {
        let id = &params["requestId"];
        let url = params["request"]["url"].as_str().unwrap_or_default();
        let document = params["resourceType"] == "Document";
        let origins = if document { &self.origins[..1] } else { &self.origins[..] };
        let allowed = ["about:", "blob:", "data:"].iter().any(|local| url.starts_with(local))
            || Url::parse(url).is_ok_and(|url| origins.contains(&url.origin()));
        let cdp = &self.page.cdp;
        if allowed {
            return cdp.send(&self.page.session, "Fetch.continueRequest", &json!({ "requestId": id }));
        }
        cdp.send(&self.page.session, "Fetch.failRequest", &json!({ "requestId": id, "errorReason": "BlockedByClient" }));
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
            // There is no receiver after the egress has ended.
            let _ = events.send(event);
        });
    }
}
