//! One module per route: what it loads and how that looks. Pages know `rpc` and `browser`; components do not.

pub mod account_deletion;
pub mod admin_sessions;
pub mod analytics;
pub mod api_docs;
pub mod deliveries;
pub mod gallery;
pub mod go_live;
pub mod help;
pub mod home;
mod labels;
pub mod layout;
pub mod not_found;
mod polling;
pub mod session;
pub mod session_deletion;
pub mod settings;
pub mod sign_in;
pub mod sign_out;
pub mod sign_up;
