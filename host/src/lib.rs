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
//!          bootstrap ──► startup
//!              │
//!  shadow ◄─ function ──► report   an event, a batch or a dry run; then a line in the log,
//!              │                   and after the answer the shadow mapper
//!          pipeline                the path of an event: map, check, deliver, follow up, keep
//!              │
//!           outcome                what is to be done with an event, and how it ended
//!              │
//!            error                 a fixed name for each failure
//!              │
//!    ┌─────────┼─────────┬────────┐
//!  mapper   backend   effects   queue    they do not call each other
//!    │         │         │        │
//!    │    credentials    │        │      the backend's secrets
//!    │         │         │        │
//!  event  request  signing  deadline  aws                   helpers
//!  client  backoff  hex  lenient  printable
//! ```
//!
//! Modules use only what an arrow leads to, or what is drawn below them. A mapper is given the
//! backend's `Answer` and returns `Effect`s. `shadow` writes its lines through `report`. [`config`]
//! reads the settings and makes those of every part, so it knows them all; `bootstrap`, `startup`
//! and `function` know it. The function starts in [`function::Function::start`]; `startup` tells
//! why it could not.
//!
//! # Where to change what
//!
//! - a setting: its name, range and default in [`config`] and its `NAMES`, the part that uses it,
//!   and the table in `docs/reference.md`; if stacks set it, `deploy/template.yaml`,
//!   `packaging/cdk` and `packaging/terraform`
//! - retries: `backend/retry.rs` towards the backend; `aws.rs` towards AWS, and `aws/answer.rs` for
//!   the errors that are worth one; of the queue, the template and `workbench/src/deploy/queues.rs`
//! - how long secrets are kept: `credentials.rs`
//! - a new step of an event: `handle` in [`pipeline`] and `function/redelivery.rs`; if it comes
//!   before the request is sent, `function/dry_run.rs`, too. A new failure has its name in
//!   [`error`] and in `docs/reference.md`
//! - an event that nobody took: `keep` in [`pipeline`] puts it into the queue; what Cognito gets if
//!   that fails is in [`function`]
//! - something to do after every event: `report` in [`function`]; after the answer, `after_answer`
//! - a field of the log: `report/line.rs`, and what it needs to know in [`outcome::Handled`] or
//!   `Invocation` in `report.rs`
//! - a metric, or a time in the log: `report/metrics.rs`; for a graph or an alarm
//!   `deploy/dashboard.yaml` or `alarms.yaml`, and theirs in `packaging/cdk` and
//!   `packaging/terraform`
//! - the rules of requests: `backend/policy.rs`, and their text in `wit/types.wit` and
//!   `docs/mappers.md`; those of what is written to the Cognito user: `effects.rs`
//! - what a mapper may import: `mapper/contract.rs` and `mapper/wasi.rs`; its limits while it runs:
//!   `mapper/sandbox.rs`; how large a component may be: `mapper/engine.rs`, and `size.rs` of the
//!   workbench
//! - a field of the event: `wit/types.wit`, [`event`], `mapper/bindings.rs`, then
//!   `js-engine/src/event.rs` with `js/event.js`, and the types of each language in
//!   `workbench/src/toolchain/`
//! - a field of the request: `wit/types.wit`, `request.rs`, `mapper/bindings.rs`,
//!   `backend/policy.rs`, `backend/prepared.rs`, then `js-engine/src/outcome.rs` with
//!   `js/outcome.js`, the types of each language, and `workbench/src/expectation.rs`
//! - a version of the contract, which a change of a released one needs: keep the old one in
//!   `host/wit/`, and name it in `mapper/contract.rs`

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
pub use request::{Method, Request, header_bytes};
pub use shadow::compare;
pub use startup::{hide_panic_messages, report_failure, tell_lambda};
