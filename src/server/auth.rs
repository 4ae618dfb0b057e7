//! Authentication: callers, passwords, opaque tokens, overlay tokens, the origin of a request. Pure: `http::extract` reads requests.

pub mod caller;
pub mod origin;
pub mod overlay;
pub mod password;
pub mod throttle;
pub mod token;
