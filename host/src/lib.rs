//! The host of post-confirmation mappers.
//!
//! Amazon Cognito calls a Lambda function when it has confirmed a user. This crate is that
//! function: it hands the event to a *mapper*, a WebAssembly component that turns it into an HTTP
//! request, and sends the request to the team's backend. `bootstrap` is the program that Lambda
//! runs. The workbench `mapper` and the benchmarks use the same parts.
//!
//! # Layout
//!
//! ```text
//!              bootstrap
//!                  │
//!   config ◄── function ──► shadow ──► report
//!                  │           an event, a batch or a dry run; then a line in the log,
//!                  │           and after the answer the shadow mapper
//!               pipeline       the path of an event: map, check, deliver, keep
//!                  │
//!               outcome        what is to be done with an event, and how it ended
//!                  │
//!                error         a fixed name for each failure
//!                  │
//!    ┌─────────┬───┴───┬────────────┐
//!  mapper   backend   queue   credentials      they don't know each other, but the backend
//!    │         │       │            │          is given the credentials
//!  event  request  signing  deadline  aws  client  …          helpers
//! ```
//!
//! Modules use only what is drawn below them. [`config`] reads the settings and makes the
//! `Settings` of the parts.
//!
//! # Where to change what
//!
//! - a setting: its name, range and default in [`config`], the part that uses it, and the table in
//!   `docs/reference.md`
//! - retries: `backend/retry.rs`
//! - something more after every event: [`function`], in `conclude`; after the answer, in
//!   `after_answer`
//! - the rules of requests: `backend/policy.rs`
//! - what a mapper may use: `mapper/sandbox.rs` and `mapper/wasi.rs`
//! - a field of the log: `report/line.rs`, and what it needs to know in [`outcome::Handled`] or
//!   [`function::Invocation`]

pub mod backend;
pub mod config;
pub mod error;
pub mod event;
pub mod function;
pub mod mapper;
pub mod outcome;
pub mod pipeline;
pub mod printable;

mod aws;
mod backoff;
mod client;
mod credentials;
mod deadline;
mod effects;
mod hex;
mod lenient;
mod queue;
mod report;
mod request;
mod shadow;
mod signing;
mod startup;

// What the workbench and the benchmarks use besides.
pub use client::BuildError;
pub use deadline::BEFORE_LAMBDA;
pub use effects::{Allowed, Approved, Effect, Effects};
pub use lenient::Object;
pub use queue::{Batch, Queue, Record, writable};
pub use request::{Method, Request};
pub use shadow::compare;
pub use startup::{hide_panic_messages, report_failure, tell_lambda};
