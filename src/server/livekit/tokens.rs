//! Room tokens: LiveKit access tokens with no more rights than their bearer needs.

use crate::{
    config::serve::LiveKitConfig,
    domain::{
        ids::{Generation, SessionId},
        media::HostPicture,
        room::{RoomAccess, host_identity, overlay_identity, room_name},
    },
};
use livekit_api::access_token::{AccessToken, AccessTokenError, VideoGrants};
use std::time::Duration;
use ulid::Ulid;

/// How long a host may take to join with it; a connected host stays connected when it expires.
const HOST_TOKEN_TTL: Duration = Duration::from_hours(6);
/// As long as the overlay token beside it.
const OVERLAY_TOKEN_TTL: Duration = Duration::from_hours(24);
const CHECK_TOKEN_TTL: Duration = Duration::from_mins(1);

/// For the host: publish camera, microphone, screen and its audio; see others' tracks, change nothing else. What it announces
/// is in the token, as the attribute `announces` (comma-separated), because it may not change its own attributes: the
/// composite knows it as soon as the host has joined, before anything is published.
///
/// # Errors
/// The API key or secret is empty.
pub fn host_access(
    config: &LiveKitConfig,
    session: &SessionId,
    name: &str,
    announces: &[HostPicture],
) -> Result<RoomAccess, AccessTokenError> {
    let grants = VideoGrants {
        can_publish_sources: ["camera", "microphone", "screen_share", "screen_share_audio"].map(str::to_owned).to_vec(),
        can_publish_data: Some(false),
        can_subscribe: Some(true),
        can_publish: Some(true),
        ..join(session)
    };
    let pictures = HostPicture::ALL.into_iter().filter(|picture| announces.contains(picture)).map(HostPicture::as_str);
    let token = token(config, &host_identity(session), name, grants, HOST_TOKEN_TTL);
    access(config, session, token.with_attributes([("announces", pictures.collect::<Vec<_>>().join(","))]))
}

/// For the overlay of one egress: hidden, a recorder, subscribe only.
///
/// # Errors
/// The API key or secret is empty.
pub fn overlay_access(config: &LiveKitConfig, session: &SessionId, generation: Generation) -> Result<RoomAccess, AccessTokenError> {
    let grants = VideoGrants { hidden: true, recorder: true, ..watch(session) };
    let token = token(config, &overlay_identity(session, generation), "overlay", grants, OVERLAY_TOKEN_TTL);
    Ok(RoomAccess { url: config.overlay_url.clone(), ..access(config, session, token)? })
}

/// For the owner's preview: hidden, subscribe only. Several previews of one viewer may be in the room at once, so each has an
/// identity of its own.
///
/// # Errors
/// The API key or secret is empty.
pub fn preview_access(config: &LiveKitConfig, session: &SessionId, viewer: &str) -> Result<RoomAccess, AccessTokenError> {
    let grants = VideoGrants { hidden: true, ..watch(session) };
    access(config, session, token(config, &format!("preview-{viewer}-{}", Ulid::new()), "preview", grants, HOST_TOKEN_TTL))
}

/// For a media check: join, and nothing else. Several browsers of one user may check at once.
///
/// # Errors
/// The API key or secret is empty.
pub fn check_access(config: &LiveKitConfig, room: &str) -> Result<RoomAccess, AccessTokenError> {
    let grants = VideoGrants {
        room_join: true,
        room: room.to_owned(),
        can_publish: Some(false),
        can_publish_data: Some(false),
        can_subscribe: Some(false),
        ..VideoGrants::default()
    };
    let token = token(config, &format!("check-{}", Ulid::new()), "check", grants, CHECK_TOKEN_TTL);
    Ok(RoomAccess { url: config.public_url.clone(), name: room.to_owned(), token: token.to_jwt()? })
}

fn join(session: &SessionId) -> VideoGrants {
    VideoGrants { room_join: true, room: room_name(session), ..VideoGrants::default() }
}

/// LiveKit reads a missing `canPublish` as true, so it is set explicitly.
fn watch(session: &SessionId) -> VideoGrants {
    VideoGrants { can_publish: Some(false), can_publish_data: Some(false), can_subscribe: Some(true), ..join(session) }
}

fn token(config: &LiveKitConfig, identity: &str, name: &str, grants: VideoGrants, ttl: Duration) -> AccessToken {
    AccessToken::with_api_key(&config.api_key, config.api_secret.expose())
        .with_identity(identity)
        .with_name(name)
        .with_ttl(ttl)
        .with_grants(grants)
}

fn access(config: &LiveKitConfig, session: &SessionId, token: AccessToken) -> Result<RoomAccess, AccessTokenError> {
    Ok(RoomAccess { url: config.public_url.clone(), name: room_name(session), token: token.to_jwt()? })
}
