//! An account as one JSON document, written while it is read: nothing of it is held in memory but a page.

use super::AccountData;
use crate::{
    domain::{audit::AuditAction, session::Owner},
    server::{
        auth::{caller::Caller, origin::Origin},
        error::{StudioResult, chain},
        ports::Ports,
        registry::SessionRegistry,
        store::SessionFilter,
    },
};
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use serde::Serialize;
use serde_json::json;
use std::{io, sync::Arc};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Sessions and audit lines read at once.
const PAGE: usize = 50;
/// Lines of a feed read at once.
const LINES: usize = 500;
/// Parts that wait for a slow reader.
const UNREAD: usize = 8;

/// A document in parts.
pub type Export = BoxStream<'static, io::Result<Bytes>>;

impl AccountData {
    /// Everything that is stored of the caller's account but secrets: the account, saved destinations without their keys, defaults,
    /// agents, API keys and sign-ins without their texts, sessions with timeline and events, and its lines of the audit log.
    ///
    /// # Errors
    /// Too many exports are under way.
    pub async fn export(&self, caller: &Caller, origin: &Origin) -> StudioResult<Export> {
        let permit = self.exports.enter().await?;
        self.parts.audit.record(AuditAction::AccountExported, Some(&caller.user.id), "", origin).await;
        let (out, parts) = mpsc::channel(UNREAD);
        let writer = Writer { ports: Arc::clone(&self.ports), registry: self.parts.registry.clone(), caller: caller.clone(), out };
        tokio::spawn(async move {
            let _permit = permit;
            if let Err(Stopped::Failed(words)) = writer.write().await {
                tracing::error!(error = words, "an account could not be exported whole");
                // Ends the answer before its end, so that nobody takes a part for the whole.
                let _ = writer.out.send(Err(io::Error::other("the store failed"))).await;
            }
        });
        Ok(ReceiverStream::new(parts).boxed())
    }
}

/// Why a document ended before its end.
enum Stopped {
    ReaderGone,
    Failed(String),
}

impl<E: std::error::Error> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(chain(&error))
    }
}

struct Writer {
    ports: Arc<Ports>,
    registry: SessionRegistry,
    caller: Caller,
    out: mpsc::Sender<io::Result<Bytes>>,
}

impl Writer {
    async fn text(&self, text: impl Into<Bytes> + Send) -> Result<(), Stopped> {
        self.out.send(Ok(text.into())).await.map_err(|_| Stopped::ReaderGone)
    }

    /// `,"name":value`
    async fn field(&self, name: &str, value: &(impl Serialize + Sync)) -> Result<(), Stopped> {
        self.text(format!(",\n\"{name}\":{}", serde_json::to_string(value)?)).await
    }

    async fn write(&self) -> Result<(), Stopped> {
        let (store, user) = (&self.ports.store, &self.caller.user);
        self.text(format!("{{\"format\":\"footlight account\",\"version\":1,\"exportedAt\":{}", json!(self.ports.now()))).await?;
        self.field("account", &**user).await?;
        let agents = store.agents_of(&user.id).await?;
        self.field("agents", &agents).await?;
        let owners = std::iter::once(Owner::User(user.id.clone())).chain(agents.into_iter().map(|agent| Owner::Agent(agent.id)));
        let (mut destinations, mut defaults) = (Vec::new(), Vec::new());
        for owner in owners {
            defaults.push(json!({ "owner": owner, "defaults": store.defaults(&owner).await? }));
            let saved = store.saved_destinations(&owner).await?;
            destinations
                .extend(saved.into_iter().map(|one| json!({ "owner": owner, "destination": one.destination, "usedAt": one.used_at })));
        }
        self.field("destinations", &destinations).await?;
        self.field("defaults", &defaults).await?;
        self.field("apiKeys", &store.keys_of(&user.id).await?).await?;
        self.field("signIns", &store.sign_ins_of(&user.id).await?).await?;
        self.text(",\n\"sessions\":[").await?;
        self.sessions().await?;
        self.text("],\n\"audit\":[").await?;
        self.audit().await?;
        self.text("]}\n").await
    }

    async fn sessions(&self) -> Result<(), Stopped> {
        let mut filter =
            SessionFilter { account: Some(self.caller.user.id.clone()), oldest_first: true, limit: PAGE, ..SessionFilter::default() };
        let mut first = true;
        loop {
            let page = self.ports.store.sessions(&filter).await?;
            let last = page.len() < PAGE;
            for session in page {
                let view = self.registry.view(&session).await.for_owner();
                let timeline = self.ports.store.timeline(&session.id).await?;
                let comma = if std::mem::take(&mut first) { "" } else { "," };
                let (view, timeline) = (serde_json::to_string(&view)?, serde_json::to_string(&timeline)?);
                self.text(format!("{comma}\n{{\"session\":{view},\"timeline\":{timeline},\"events\":[")).await?;
                let mut seq = 0;
                loop {
                    let lines = self.ports.store.feed_after(&session.id, seq, LINES).await?;
                    let Some(end) = lines.last() else { break };
                    let text: Vec<String> = lines.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
                    self.text(format!("{}{}", if seq == 0 { "" } else { "," }, text.join(",\n"))).await?;
                    seq = end.seq;
                }
                self.text("]}").await?;
                filter.behind = Some(session.id);
            }
            if last {
                return Ok(());
            }
        }
    }

    async fn audit(&self) -> Result<(), Stopped> {
        let mut after: Option<String> = None;
        loop {
            let page = self.ports.store.audit_of(&self.caller.user.id, after.as_deref(), PAGE).await?;
            let text: Vec<String> = page.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
            if !text.is_empty() {
                self.text(format!("{}\n{}", if after.is_some() { "," } else { "" }, text.join(",\n"))).await?;
            }
            match page.into_iter().next_back() {
                Some(entry) if text.len() == PAGE => after = Some(entry.id),
                _ => return Ok(()),
            }
        }
    }
}
