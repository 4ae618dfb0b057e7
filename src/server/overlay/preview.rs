//! Made-up shows under the caller's own settings: nothing is stored, joined or recorded.

use super::Overlay;
use crate::{
    api::{
        error::ApiError,
        overlay::{OverlaySnapshot, PreviewSnapshot, SequencedEvent},
    },
    domain::{
        ids::SessionId,
        overlay::{OverlayPatch, OverlaySettings},
        overlay_state::preview::Preview,
        session::{Owner, StreamType},
    },
    server::{
        auth::caller::Caller,
        error::{StudioError, StudioResult},
    },
};

impl Overlay {
    /// The made-up session of this name, with the caller's own defaults and on top of them settings as an address says them.
    ///
    /// # Errors
    /// There is none of this name, or a setting that is none.
    pub async fn preview(&self, caller: &Caller, name: &str, settings: &[(String, String)]) -> StudioResult<OverlaySnapshot> {
        let overrides = &overrides(settings)?;
        let preview = Preview::named(name).ok_or_else(|| StudioError::not_found("preview"))?;
        let defaults = self.ports.store.defaults(&Owner::User(caller.user.id.clone())).await?.overlay;
        self.made_up(caller, &preview, &defaults, overrides)
    }

    /// All of them.
    ///
    /// # Errors
    /// The store failed.
    pub async fn previews(&self, caller: &Caller, overrides: &OverlayPatch) -> StudioResult<Vec<PreviewSnapshot>> {
        let defaults = self.ports.store.defaults(&Owner::User(caller.user.id.clone())).await?.overlay;
        let snapshot_of = |preview: Preview| {
            let snapshot = self.made_up(caller, &preview, &defaults, overrides)?;
            Ok(PreviewSnapshot { name: preview.name.to_owned(), label: preview.label.to_owned(), snapshot })
        };
        Preview::all().into_iter().map(snapshot_of).collect()
    }

    fn made_up(
        &self,
        caller: &Caller,
        preview: &Preview,
        defaults: &OverlayPatch,
        overrides: &OverlayPatch,
    ) -> StudioResult<OverlaySnapshot> {
        let system_defaults = match preview.stream_type {
            StreamType::User => OverlaySettings::for_user(),
            StreamType::Agent => OverlaySettings::for_agent(),
        };
        let now = self.ports.now();
        let settings = overrides.apply(&preview.settings(&defaults.apply(&system_defaults)));
        let starts_at = (preview.name == "starting-soon").then(|| now.plus_millis(90_000));
        Ok(OverlaySnapshot {
            session_id: "preview".parse::<SessionId>().map_err(|error| StudioError::Internal(error.to_string()))?,
            generation: None,
            stream_type: preview.stream_type,
            entity_name: preview.entity_name.map_or_else(|| caller.user.name.clone(), str::to_owned),
            avatar: None,
            title: preview.title.to_owned(),
            platforms: Vec::new(),
            settings: OverlaySettings { starts_at, ..settings },
            made_up: Some(preview.media.clone()),
            room: None,
            live_since: preview.live.then_some(now),
            history: preview.events(now).map(|(seq, at, event)| SequencedEvent { seq, at, event }).collect(),
            seq: 0,
            now,
        })
    }
}

/// The query parameters as the fields of a patch.
fn overrides(settings: &[(String, String)]) -> StudioResult<OverlayPatch> {
    let value = |text: &str| match text {
        "true" | "false" => serde_json::Value::Bool(text == "true"),
        _ => text.into(),
    };
    let fields: serde_json::Map<_, _> = settings.iter().map(|(name, text)| (name.clone(), value(text))).collect();
    serde_json::from_value(fields.into())
        .map_err(|error| ApiError::invalid("preview", format!("The picture has no such setting: {error}.")).into())
}
