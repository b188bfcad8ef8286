//! `mapper run`: one event through the very handler of `bootstrap`.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use post_confirmation_host::backend::Trace;
use post_confirmation_host::error::Error;
use post_confirmation_host::handler::Handler;
use post_confirmation_host::mapper::cache::Cache;

use crate::load::{self, Which};
use crate::shown::Shown;
use crate::{build, cases, refused, style};

/// Map one event and show the request; send it only with `--send`.
///
/// The settings are those of the function, from the same environment variables. What the mapper wrote and returned is
/// shown in full, user data included. Nothing is put into the queue.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper run cases/native.event.json
  BACKEND_API_URL=http://localhost:8000/ mapper run event.json --mapper mapper.wasm --send

Exit status: 0 where the event is mapped (with `--send`: and delivered), 1 where it is not, 2 where it could not be
tried.")]
pub struct Args {
    /// The event: a file of JSON as Cognito sends it.
    event: PathBuf,
    #[command(flatten)]
    mapper: Which,
    /// Send the request to the backend.
    #[arg(long)]
    send: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Carries the command out.
pub async fn run(args: Args) -> Result<bool> {
    let event = cases::event(&args.event)?;
    let mapper = args.mapper.file();
    if !build::is_fresh(&mapper)? {
        return Ok(false);
    }
    let cache = Cache::from_env();
    let config = load::config(load::image(&cache, &mapper)?, args.send)?;
    let answer_within = config.answer_within;
    let handler = Handler::new(config)?;
    let manifest = handler.mapper().context("there is no mapper")?.manifest();

    let until = Instant::now() + answer_within;
    let plan = handler.plan(&event, &Trace::default(), until).await;
    let mut shown = Shown::of(&event, manifest, handler.backend(), &plan);
    let mut fine = plan.step.is_ok();
    let part = match &plan.step {
        Err(Error::Request(broken)) => refused::part(&handler, &event, broken, Instant::now() + answer_within).await,
        _ => None,
    };
    if args.send {
        let way = handler.carry_out(plan, until).await;
        fine = way.result.is_ok();
        shown.ended(&way);
    }
    shown.names(part);
    if args.json {
        style::json(&shown)?;
    } else {
        anstream::print!("{shown}");
    }
    Ok(fine)
}
