//! Room tokens: LiveKit access tokens with no more rights than their bearer needs.

use crate::{
    config::serve::LiveKitConfig,
    domain::{
        ids::{Generation, SessionId},
        media::HostPicture,
        room::{RoomAccess, host_identity, overlay_identity, room_name},
    },
    net::clock,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, errors::Error};
use livekit_api::access_token::{Claims, VideoGrants};
use std::{collections::HashMap, time::Duration};
use ulid::Ulid;

/// How long a host may take to join with it; a connected host stays connected when it expires.
const HOST_TOKEN_TTL: Duration = Duration::from_hours(6);
/// As long as the overlay token beside it.
const OVERLAY_TOKEN_TTL: Duration = Duration::from_hours(24);
const CHECK_TOKEN_TTL: Duration = Duration::from_mins(1);
/// LiveKit's clock may differ from this machine's by this much; by itself LiveKit takes a minute.
const LEEWAY: Duration = Duration::from_mins(15);

/// For the host: publish camera, microphone, screen and its audio; see others' tracks, change nothing else. What it announces
/// is in the token, as the attribute `announces` (comma-separated), because it may not change its own attributes: the
/// composite knows it as soon as the host has joined, before anything is published.
///
/// # Errors
/// The signer refused.
pub fn host_access(config: &LiveKitConfig, session: &SessionId, name: &str, announces: &[HostPicture]) -> Result<RoomAccess, Error> {
    let grants = VideoGrants {
        can_publish_sources: ["camera", "microphone", "screen_share", "screen_share_audio"].map(str::to_owned).to_vec(),
        can_publish_data: Some(false),
        can_subscribe: Some(true),
        can_publish: Some(true),
        ..join(session)
    };
    let pictures = HostPicture::ALL.into_iter().filter(|picture| announces.contains(picture)).map(HostPicture::as_str);
    let attributes = HashMap::from([("announces".to_owned(), pictures.collect::<Vec<_>>().join(","))]);
    access(config, session, &Claims { attributes, ..claims(config, &host_identity(session), name, grants, HOST_TOKEN_TTL) })
}

/// For the overlay of one egress: hidden, a recorder, subscribe only.
///
/// # Errors
/// The signer refused.
pub fn overlay_access(config: &LiveKitConfig, session: &SessionId, generation: Generation) -> Result<RoomAccess, Error> {
    let grants = VideoGrants { hidden: true, recorder: true, ..watch(session) };
    access(config, session, &claims(config, &overlay_identity(session, generation), "overlay", grants, OVERLAY_TOKEN_TTL))
}

/// For the owner's preview: hidden, subscribe only. Several previews of one viewer may be in the room at once, so each has an
/// identity of its own.
///
/// # Errors
/// The signer refused.
pub fn preview_access(config: &LiveKitConfig, session: &SessionId, viewer: &str) -> Result<RoomAccess, Error> {
    let grants = VideoGrants { hidden: true, ..watch(session) };
    access(config, session, &claims(config, &format!("preview-{viewer}-{}", Ulid::new()), "preview", grants, HOST_TOKEN_TTL))
}

/// For a media check: join, and nothing else. Several browsers of one user may check at once.
///
/// # Errors
/// The signer refused.
pub fn check_access(config: &LiveKitConfig, room: &str) -> Result<RoomAccess, Error> {
    let grants = VideoGrants {
        room_join: true,
        room: room.to_owned(),
        can_publish: Some(false),
        can_publish_data: Some(false),
        can_subscribe: Some(false),
        ..VideoGrants::default()
    };
    let claims = claims(config, &format!("check-{}", Ulid::new()), "check", grants, CHECK_TOKEN_TTL);
    Ok(RoomAccess { url: config.public_url.clone(), name: room.to_owned(), token: signed(config, &claims)? })
}

fn join(session: &SessionId) -> VideoGrants {
    VideoGrants { room_join: true, room: room_name(session), ..VideoGrants::default() }
}

/// LiveKit reads a missing `canPublish` as true, so it is set explicitly.
fn watch(session: &SessionId) -> VideoGrants {
    VideoGrants { can_publish: Some(false), can_publish_data: Some(false), can_subscribe: Some(true), ..join(session) }
}

/// Valid for `ttl`, and longer at both ends by what clocks may differ. The library's own builder cannot do that.
fn claims(config: &LiveKitConfig, identity: &str, name: &str, grants: VideoGrants, ttl: Duration) -> Claims {
    let now = usize::try_from(clock::wall().as_millis() / 1000).unwrap_or_default();
    let seconds = |of: Duration| usize::try_from(of.as_secs()).unwrap_or(usize::MAX);
    Claims {
        iss: config.api_key.clone(),
        sub: identity.to_owned(),
        name: name.to_owned(),
        nbf: now.saturating_sub(seconds(LEEWAY)),
        exp: now.saturating_add(seconds(ttl + LEEWAY)),
        video: grants,
        ..Claims::default()
    }
}

fn signed(config: &LiveKitConfig, claims: &Claims) -> Result<String, Error> {
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(config.api_secret.expose().as_bytes()))
}

fn access(config: &LiveKitConfig, session: &SessionId, claims: &Claims) -> Result<RoomAccess, Error> {
    Ok(RoomAccess { url: config.public_url.clone(), name: room_name(session), token: signed(config, claims)? })
}
