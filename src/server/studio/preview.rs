//! Made-up shows under the caller's own settings: nothing is stored, joined or recorded.

use super::Studio;
use crate::{
    api::{
        error::ApiError,
        overlay::{OverlayStage, PreviewStage, Told},
    },
    domain::{
        ids::SessionId,
        overlay::{OverlayPatch, OverlaySettings},
        session::{Owner, StreamType},
        show::preview::Preview,
    },
    server::{
        auth::caller::Caller,
        error::{Answer, StudioError},
    },
};

impl Studio {
    /// The made-up show of this name, with the caller's own defaults and on top of them settings as an address says them.
    ///
    /// # Errors
    /// There is none of this name, or a setting that is none.
    pub async fn preview(&self, caller: &Caller, name: &str, settings: &[(String, String)]) -> Answer<OverlayStage> {
        let wish = &wish(settings)?;
        let preview = Preview::named(name).ok_or_else(|| StudioError::not_found("preview"))?;
        let defaults = self.store().defaults(&Owner::User(caller.user.id.clone())).await?.overlay;
        self.made_up(caller, &preview, &defaults, wish)
    }

    /// All of them.
    ///
    /// # Errors
    /// The store failed.
    pub async fn previews(&self, caller: &Caller, wish: &OverlayPatch) -> Answer<Vec<PreviewStage>> {
        let defaults = self.store().defaults(&Owner::User(caller.user.id.clone())).await?.overlay;
        let staged = |preview: Preview| {
            let stage = self.made_up(caller, &preview, &defaults, wish)?;
            Ok(PreviewStage { name: preview.name.to_owned(), label: preview.label.to_owned(), stage })
        };
        Preview::all().into_iter().map(staged).collect()
    }

    fn made_up(&self, caller: &Caller, preview: &Preview, defaults: &OverlayPatch, wish: &OverlayPatch) -> Answer<OverlayStage> {
        let of_the_house = match preview.stream_type {
            StreamType::User => OverlaySettings::for_user(),
            StreamType::Agent => OverlaySettings::for_agent(),
        };
        let now = self.now();
        let settings = wish.apply(&preview.settings(&defaults.apply(&of_the_house)));
        let starts_at = (preview.name == "starting-soon").then(|| now.plus_millis(90_000));
        Ok(OverlayStage {
            session_id: "preview".parse::<SessionId>().map_err(|error| StudioError::Internal(error.to_string()))?,
            generation: None,
            stream_type: preview.stream_type,
            entity_name: preview.entity_name.map_or_else(|| caller.user.name.clone(), str::to_owned),
            avatar: None,
            title: preview.title.to_owned(),
            settings: OverlaySettings { starts_at, ..settings },
            made_up: Some(preview.media.clone()),
            room: None,
            live_since: preview.live.then_some(now),
            told: preview.events(now).map(|(seq, at, event)| Told { seq, at, event }).collect(),
            seq: 0,
            now,
        })
    }
}

/// The words of an address as the fields of a change.
fn wish(settings: &[(String, String)]) -> Answer<OverlayPatch> {
    let value = |text: &str| match text {
        "true" | "false" => serde_json::Value::Bool(text == "true"),
        _ => text.into(),
    };
    let fields: serde_json::Map<_, _> = settings.iter().map(|(name, text)| (name.clone(), value(text))).collect();
    serde_json::from_value(fields.into())
        .map_err(|error| ApiError::invalid("preview", format!("The picture has no such setting: {error}.")).into())
}
