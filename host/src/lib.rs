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
//! bootstrap
//!     │
//! function ───────► shadow       an event, a batch or a dry run; afterwards the shadow mapper
//!     │  └────────► report       one line of JSON for each event
//! pipeline                       the way of one event: map, check, deliver, keep
//!     │
//! outcome                        what is to be done with an event, and how it ended
//!     │
//! error                          one fixed name for each failure
//!     │
//! mapper   backend   queue   credentials      rooms that don't know each other;
//!     │                                       only backend uses credentials
//! event   request   signing   deadline   aws   client   …   leaves
//! ```
//!
//! Every arrow goes down. [`config`] reads the settings and makes the `Settings` of the parts; only
//! [`function`] uses it.
//!
//! # Where to change what
//!
//! - a setting: [`config`] (its name, range and default), the part that uses it, and the table in
//!   `docs/reference.md`
//! - retries: `backend/retry.rs`
//! - what happens after an event: [`function`], in `process`
//! - the rules of requests: `backend/policy.rs`
//! - what a mapper may use: `mapper/sandbox.rs` and `mapper/wasi.rs`
//! - a field of the log: `report/line.rs`

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
mod hex;
mod lenient;
mod queue;
mod report;
mod request;
mod shadow;
mod signing;
mod startup;

pub use client::BuildError;
pub use lenient::Object;
pub use queue::Queue;
pub use request::{Method, Request};
pub use startup::{hide_panic_messages, report_failure, tell_lambda};
