//! What Lambda runs. This file owns the order of starting: settings, function, run loop.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use lambda_runtime::{Runtime, service_fn};
use post_confirmation_host::config::Config;
use post_confirmation_host::function::Function;
use post_confirmation_host::{hide_panic_messages, report_failure, tell_lambda};
use tower::util::MapFutureLayer;

// One thread: Lambda hands over one event at a time.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let started = Instant::now();
    hide_panic_messages();
    run(started).await.unwrap_or_else(|error| report_failure(&error))
}

async fn run(started: Instant) -> Result<ExitCode> {
    let api = std::env::var_os("AWS_LAMBDA_RUNTIME_API");
    api.context("AWS_LAMBDA_RUNTIME_API is not set: AWS Lambda starts this program; try mappers with `mapper run`")?;
    let function = match start(started).await {
        Ok(function) => function,
        Err(error) => {
            // The log first: once Lambda knows, it answers with what the log has, and may end the
            // process.
            let status = report_failure(&error);
            tell_lambda(&error).await;
            return Ok(status);
        }
    };
    let runtime = Runtime::new(service_fn(async |event| function.invoke(event).await));
    // A layer goes on when Lambda has the answer and before it is asked for the next event.
    let runtime = runtime.layer(MapFutureLayer::new(async |answering| {
        let answered = answering.await;
        function.after_answer().await;
        answered
    }));
    runtime.run().await.map_err(anyhow::Error::from_boxed)?;
    Ok(ExitCode::SUCCESS)
}

async fn start(started: Instant) -> Result<Function> {
    Ok(Function::start(Config::from_env()?, started).await?)
}
