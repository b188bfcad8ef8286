//! The commands, each in a file of its own.

pub mod build;
pub mod check;
pub mod compile;
pub mod dev;
pub mod diff;
pub mod events;
pub mod inspect;
pub mod new;
pub mod reach;
pub mod run;
pub mod settings;
pub mod test;
pub mod unit_test;
