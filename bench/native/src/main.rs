//! The function without WebAssembly: the same settings, client, attempts, queue and log as
//! `bootstrap`, and the default mapper's own source as a part of the program. What `bootstrap`
//! takes longer than this is the price of the sandbox.

mod function;

#[path = "../../../guest/src/fields.rs"]
mod fields;
// Formatted in its own crate, beside its tests.
#[rustfmt::skip]
#[path = "../../../guest/src/mapping.rs"]
mod mapping;
#[path = "../../../guest/src/names.rs"]
mod names;
#[path = "../../../guest/src/settings.rs"]
mod settings;

#[allow(missing_docs, dead_code, unsafe_code, reason = "generated; the documentation is in `wit/`")]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "post-confirmation-mapper",
    });
}

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use function::Function;
use lambda_runtime::{Runtime, service_fn};
use post_confirmation_host::config::Config;
use post_confirmation_host::{hide_panic_messages, report_failure};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let started = Instant::now();
    hide_panic_messages();
    run(started).await.map_or_else(|error| report_failure(&error), |()| ExitCode::SUCCESS)
}

async fn run(started: Instant) -> Result<()> {
    let function = Function::new(Config::from_env()?, started)?;
    let runtime = Runtime::new(service_fn(async |event| function.invoke(event).await));
    runtime.run().await.map_err(anyhow::Error::from_boxed)
}
