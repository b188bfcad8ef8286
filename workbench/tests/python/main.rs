//! Mappers in Python: looked at, built by componentize-py, and run on the production host. If that
//! tool is missing, the tests that need it say so and pass.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails where one of them panics"
)]

mod follow_up;
#[path = "../shared/loaded.rs"]
mod loaded;
mod looked_at;
mod mistakes;
mod refused;
mod support;
mod types;
mod works;
