//! Everything behind the pages: use cases, ports and their adapters, both doors. Compiled for the server only.

pub mod audience;
pub mod auth;
pub mod clock;
pub mod error;
pub mod fetch;
pub mod http;
pub mod life;
pub mod limits;
pub mod livekit;
pub mod metrics;
pub mod operator;
pub mod relay;
pub mod rpc;
pub mod security;
pub mod state;
pub mod store;
pub mod studio;
pub mod vault;
