//! Configuration from the environment, one struct for each role, read once at start.
//! A malformed value stops the start with its name and what was expected; secrets are never printed.

pub mod egress;
pub mod env;
pub mod folder;
pub mod installed;
pub mod machine;
pub mod origin;
pub mod proxy;
pub mod public_address;
pub mod relay;
pub mod restore;
pub mod serve;
pub mod telemetry;
pub mod up;
pub mod variables;
