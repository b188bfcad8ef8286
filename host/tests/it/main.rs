//! The host as it is deployed: the real `bootstrap` between a Runtime API and a backend on real
//! sockets, with real components built from source.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails where one of them panics"
)]

mod attempts;
mod aws_services;
mod canary;
mod contract_0_1;
mod controls;
mod delivery;
mod dry_run;
mod effects;
mod events;
mod images;
mod kept;
mod languages;
mod names;
mod network;
mod queue;
mod redelivery;
mod reports;
mod room;
mod sandbox;
mod secrets;
mod settings;
mod shadow;
mod shared_cases;
mod signing;
mod soak;
mod start;
