//! The recipes of operators, each in a file of its own, and what they share. They call AWS through
//! its CLI, and take everything else from the host and the workbench.

mod access;
mod answer;
pub mod attach;
mod aws;
pub mod changes;
mod checks;
pub mod create;
pub mod detach;
pub mod doctor;
mod dry_run;
mod function_log;
mod functions;
pub mod interrupt;
mod live;
mod names;
pub mod package;
mod permission;
mod place;
mod pool;
mod queueing;
mod queues;
pub mod reconcile;
pub mod redrive;
mod rights;
mod role;
pub mod rollback;
mod settings;
mod simulation;
mod state;
pub mod swap;
pub mod talk;
mod trial;
mod unpublished;
mod user_rights;
mod versions;
mod zips;
