//! Mappers in JavaScript and TypeScript: built from source by the engine that is built from source,
//! and run on the production host.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails where one of them panics"
)]

mod cost;
mod follow_up;
mod globals;
mod hostile;
#[path = "../shared/loaded.rs"]
mod loaded;
mod mistakes;
mod mistakes_in_source;
mod packages;
mod snapshots;
mod support;
mod types;
mod typescript;
