//! `mapper reach`: a connection to the backend with `bootstrap`'s own client.

use std::time::Instant;

use anyhow::Result;
use post_confirmation_host::backend::{Backend, Error};
use post_confirmation_host::config::Config;
use post_confirmation_host::error::Cause;
use serde::Serialize;

use crate::causes::{self, Explained};
use crate::terminal;

/// Connect to the backend as the function would, and say what stands in the way.
///
/// Nothing is sent. The settings are those of the function, from the same environment variables.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  BACKEND_API_URL=https://api.example.com/ mapper reach
  BACKEND_API_URL=https://api.internal/ BACKEND_CA_FILE=roots.pem mapper reach --json

Exit status: 0 if a connection was made, 1 if it was not, 2 if it could not be tried.")]
pub struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Why no connection to the backend is made with these settings; None if one is.
///
/// # Errors
/// It can't be tried.
pub async fn reach(config: Config) -> Result<Option<Error>> {
    let until = Instant::now() + config.answer_within;
    Ok(Backend::new(config.backend)?.reach(until).await.err())
}

#[derive(Serialize)]
struct Reached {
    reached: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
}

pub async fn run(args: Args) -> Result<bool> {
    let failure = reach(Config::from_env()?).await?;
    let cause = failure.as_ref().and_then(Error::cause);
    match &failure {
        _ if args.json => {
            let reached = failure.is_none();
            terminal::json(&Reached { reached, cause: cause.map(Cause::name) })?;
        }
        None => anstream::println!("a connection to the backend was made; nothing was sent"),
        Some(failure) => {
            anstream::println!("{failure}");
            if let Some(Explained { what, fix }) = cause.and_then(causes::explained) {
                anstream::println!("what happened: {what}");
                anstream::println!("what to change: {fix}");
            }
        }
    }
    Ok(failure.is_none())
}
