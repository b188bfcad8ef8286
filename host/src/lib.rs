//! The host of post-confirmation mappers.
//!
//! Amazon Cognito calls a Lambda function when it has confirmed a user. This crate is that function: it hands the
//! event to a *mapper*, a WebAssembly component that turns it into an HTTP request, and sends the request to the
//! team's backend. Two programs are made of it: `bootstrap`, which Lambda runs, and `mapper`, the workbench for the
//! authors of mappers.
//!
//! # Layout
//!
//! The way of an event is in [`handler`]. It goes through rooms that don't know each other: [`event`] reads what
//! Cognito sent, [`mapper`] runs the component in a fresh sandbox, [`backend`] checks and sends the request,
//! [`undelivered`] keeps what the backend did not take, and [`report`] logs how it ended. [`invocation`] takes an event
//! from Cognito that way and [`redelivery`] a batch from the queue; [`dry_run`] tells how one would end; [`shadow`] compares another
//! mapper's work when that is over.
//!
//! Around them are [`config`], the settings; [`secrets`], what the backend believes us by; [`aws`], what the clients of
//! AWS have in common; [`backoff`], how long to wait before trying again; [`deadline`], by when the answer has to be
//! there; [`error`], why a user was not delivered; [`lenient`], reading JSON that may be anything; and [`init`], starting
//! and failing to.

pub mod aws;
pub mod backend;
pub mod backoff;
pub mod client;
pub mod config;
pub mod deadline;
pub mod dry_run;
pub mod error;
pub mod event;
pub mod handler;
pub mod init;
pub mod invocation;
pub mod lenient;
pub mod mapper;
pub mod printable;
pub mod redelivery;
pub mod report;
pub mod secrets;
pub mod shadow;
pub mod undelivered;
