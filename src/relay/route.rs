//! Where and how a server is asked to take a stream. Its first refusal may only say what it wants instead: that the stream is sent to
//! another address, or a user name and a password.

use super::{connect::Connector, connection_error::ConnectionError};
use crate::{
    domain::{address::IngestTarget, destination::StreamKey},
    media::rtmp::{
        client::{Refusal, authmod},
        text::split_app_and_key,
    },
};

/// How often a server may send to another address before the stream is accepted.
const MAX_REDIRECTS: usize = 3;
/// How often a server may ask for user name and password: once for the name, once for the answer to its challenge.
const MAX_CHALLENGES: usize = 2;

/// The server, and what is added for it to the query of the application.
pub struct Route {
    target: IngestTarget,
    parameters: Option<String>,
    redirects: usize,
    challenges: usize,
}

/// What `connect` and `publish` name.
pub struct Names {
    pub application: String,
    /// The address with the application: `tcUrl`.
    pub url: String,
    pub stream: String,
}

impl Route {
    /// As somebody typed it.
    pub fn new(target: &IngestTarget) -> Self {
        Self { target: target.clone(), parameters: None, redirects: 0, challenges: 0 }
    }

    /// The server to be asked next.
    pub const fn target(&self) -> &IngestTarget {
        &self.target
    }

    pub fn names(&self, key: &StreamKey) -> Names {
        let (mut application, stream) = split_app_and_key(&self.target, key);
        if let Some(parameters) = &self.parameters {
            application.push(if application.contains('?') { '&' } else { '?' });
            application.push_str(parameters);
        }
        let url = IngestTarget { application: application.clone(), ..self.target.clone() }.url();
        Names { application, url, stream }
    }

    /// Does what the server wants instead.
    ///
    /// # Errors
    /// The refusal is final. Its text may contain the key.
    pub fn follow(&mut self, refusal: &Refusal, connector: &Connector, key: &StreamKey) -> Result<(), ConnectionError> {
        if let Some(address) = &refusal.redirect {
            if self.redirects == MAX_REDIRECTS {
                return Err(ConnectionError::too_many_redirects(MAX_REDIRECTS));
            }
            let target = connector.redirect(&self.target, address)?;
            tracing::info!(from = %self.target.host, to = %target.host, "the server sends to another address");
            *self = Self { redirects: self.redirects + 1, ..Self::new(&target) };
            return Ok(());
        }
        let Some(method) = &refusal.password else { return Err(ConnectionError::of_connect(refusal)) };
        let nonce = format!("{:08x}", rand::random::<u32>());
        let answer = match authmod::answer(method, refusal, key.credentials(), &nonce) {
            Ok(_) if self.challenges == MAX_CHALLENGES => Err(authmod::PasswordRefused::Wrong),
            answer => answer,
        };
        self.parameters = Some(answer.map_err(|why| ConnectionError::Permanent(why.to_string()))?);
        self.challenges += 1;
        Ok(())
    }
}
