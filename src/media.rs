//! Encoded media: RTMP, FLV, frames with their timestamps, and the timeline that joins several sources to one stream.
//! Used by the relay and the egress. Knows no session, no platform and no configuration.

pub mod aac;
pub mod flv;
pub mod gop;
pub mod rtmp;
pub mod tag;
pub mod timeline;
