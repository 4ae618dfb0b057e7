//! Authentication: passwords, opaque tokens, API keys, overlay tokens, and the extractors that handlers use.

pub mod caller;
pub mod origin;
pub mod overlay;
pub mod password;
pub mod scoped;
pub mod throttle;
pub mod token;
