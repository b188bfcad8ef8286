//! What Lambda runs. This file owns the order of starting: settings, mapper, backend, run loop.

// The futures of the AWS SDK are nested deeply.
#![recursion_limit = "256"]

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use lambda_runtime::{Runtime, service_fn};
use post_confirmation_host::config::Config;
use post_confirmation_host::deadline::Clock;
use post_confirmation_host::handler::Handler;
use post_confirmation_host::init;
use tower::util::MapFutureLayer;

// One thread: Lambda hands over one event at a time.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let started = Instant::now();
    init::hide_panic_messages();
    run(started).await.map_or_else(init::failed, |()| ExitCode::SUCCESS)
}

async fn run(started: Instant) -> Result<()> {
    let api = std::env::var_os("AWS_LAMBDA_RUNTIME_API");
    api.context("AWS_LAMBDA_RUNTIME_API is not set: AWS Lambda starts this program; try mappers with `mapper run`")?;
    let started = start(started).await;
    if let Err(error) = &started {
        init::tell_lambda(error).await;
    }
    let (handler, clock) = started?;
    let runtime = Runtime::new(service_fn(async |event| handler.invoke(event, &clock).await));
    // A layer goes on when Lambda has the answer and before it is asked for the next event.
    let runtime = runtime.layer(MapFutureLayer::new(async |answering| {
        let answered = answering.await;
        handler.after_answer().await;
        answered
    }));
    runtime.run().await.map_err(anyhow::Error::from_boxed)
}

async fn start(started: Instant) -> Result<(Handler, Clock)> {
    let config = Config::from_env()?;
    let answer_within = config.answer_within;
    config.log.proxies(&config.proxies);
    let handler = Handler::start(config).await?;
    Ok((handler, Clock::start(answer_within, started)))
}
