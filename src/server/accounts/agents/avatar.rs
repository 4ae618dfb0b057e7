//! Agents' avatars, served from our own origin: an address is fetched once, through the address guard, when it is saved, and
//! never by the overlay.

use super::Agents;
use crate::{
    api::error::{ApiError, ErrorCode},
    domain::{agent::Agent, ids::AgentId},
    net::guarded_http::client_for,
    server::{
        accounts::ownership::agent_of,
        auth::caller::Caller,
        error::{StudioError, StudioResult},
        store::Avatar,
    },
};
use futures::StreamExt;
use std::time::Duration;
use url::Url;

const LARGEST: usize = 512 * 1024;
const FETCH_TIMEOUT: Duration = Duration::from_secs(8);

impl Agents {
    /// An agent's picture.
    ///
    /// # Errors
    /// There is none.
    pub async fn avatar(&self, id: &AgentId) -> StudioResult<Avatar> {
        self.ports.store.avatar(id).await?.ok_or_else(|| StudioError::not_found("picture"))
    }

    /// Replaces the picture of one of the caller's agents by a file; an empty one takes it away.
    ///
    /// # Errors
    /// The agent is not theirs, or the file is no picture.
    pub async fn set_avatar(&self, caller: &Caller, id: &AgentId, bytes: Vec<u8>) -> StudioResult<Agent> {
        let agent = agent_of(&*self.ports.store, &caller.user.id, id).await?;
        let avatar = if bytes.is_empty() { None } else { Some(picture(bytes)?) };
        self.ports.store.set_avatar(id, avatar.as_ref()).await?;
        let number = u64::try_from(self.ports.now().as_millis()).unwrap_or_default();
        let agent = Agent { avatar: avatar.map(|_| number), ..agent };
        self.replace(&agent).await?;
        self.keys.forget_callers();
        Ok(agent)
    }

    /// The same by an address on the web, fetched here and now.
    ///
    /// # Errors
    /// The agent is not theirs, the address may not be reached or does not answer, or there is no picture.
    pub async fn fetch_avatar(&self, caller: &Caller, id: &AgentId, address: &str) -> StudioResult<Agent> {
        agent_of(&*self.ports.store, &caller.user.id, id).await?;
        let _permit = self.fetches.enter().await?;
        let bytes = match tokio::time::timeout(FETCH_TIMEOUT, self.fetch(address)).await {
            Ok(fetched) => fetched?,
            Err(_) => return Err(refused("The server does not answer in time.")),
        };
        self.set_avatar(caller, id, bytes).await
    }

    async fn fetch(&self, address: &str) -> StudioResult<Vec<u8>> {
        let url = Url::parse(address.trim()).map_err(|_| refused("The picture's address must look like https://host/picture.png."))?;
        if url.scheme() != "https" || !url.username().is_empty() || url.password().is_some() {
            return Err(refused("The picture's address must begin with https:// and carry no user name."));
        }
        let client = client_for(&url, &self.ports.allow).await.map_err(|error| refused(&error.to_string()))?;
        let answer = client.get(url).send().await.map_err(|_| refused("The server does not answer."))?;
        if !answer.status().is_success() {
            return Err(refused(&format!("The server answers {}.", answer.status().as_u16())));
        }
        let mut bytes = Vec::new();
        let mut parts = answer.bytes_stream();
        while let Some(part) = parts.next().await {
            bytes.extend_from_slice(&part.map_err(|_| refused("The picture ends before its end."))?);
            if bytes.len() > LARGEST {
                return Err(too_large());
            }
        }
        Ok(bytes)
    }
}

/// An image file, recognised by its first bytes and not by its declared type.
fn picture(bytes: Vec<u8>) -> StudioResult<Avatar> {
    if bytes.len() > LARGEST {
        return Err(too_large());
    }
    let media_type = match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        _ => return Err(refused("A picture must be PNG, JPEG or WebP.")),
    };
    Ok(Avatar { media_type: media_type.to_owned(), bytes })
}

fn refused(message: &str) -> StudioError {
    ApiError::invalid("avatar", message).into()
}

fn too_large() -> StudioError {
    StudioError::refused(ErrorCode::TooLarge, "A picture is at most 512 kB.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_recognised_by_their_bytes() {
        let kind = |bytes: &[u8]| picture(bytes.to_vec()).map(|avatar| avatar.media_type).ok();
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n...").as_deref(), Some("image/png"));
        assert_eq!(kind(b"\xff\xd8\xff\xe0").as_deref(), Some("image/jpeg"));
        assert_eq!(kind(b"RIFF\x01\x02\x03\x04WEBPVP8 ").as_deref(), Some("image/webp"));
        for bad in [b"<svg xmlns='http://www.w3.org/2000/svg'/>".as_slice(), b"GIF89a", b"<html>", b""] {
            assert_eq!(kind(bad), None);
        }
        assert!(picture(vec![0xff; LARGEST + 1]).is_err());
    }
}
