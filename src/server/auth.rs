//! Who is asking: passwords, opaque tokens, overlay tokens, and the extractors that handlers name in their signatures.

pub mod caller;
pub mod overlay;
pub mod password;
pub mod token;
