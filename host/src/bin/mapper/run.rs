//! `mapper run`: one event through the very handler of `bootstrap`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use post_confirmation_host::backend::Trace;
use post_confirmation_host::config::{BACKEND_API_URL, Config, MAPPER_IMAGE, UNDELIVERED_QUEUE_URL};
use post_confirmation_host::event::Event;
use post_confirmation_host::handler::Handler;
use post_confirmation_host::mapper::THIS_TARGET;

use crate::compile;
use crate::shown::Shown;

/// The base of requests that are only shown, where none is set.
const SHOWN_API_URL: &str = "https://backend.example/";

/// Map one event and show the request; send it only with `--send`.
///
/// The settings are those of the function, from the same environment variables. What the mapper wrote and returned is
/// shown in full, user data included. Nothing is put into the queue.
///
/// Example: BACKEND_API_URL=http://localhost:8000/ mapper run event.json --mapper my_mapper.wasm --send
#[derive(clap::Args)]
pub struct Args {
    /// The event: a file of JSON as Cognito sends it.
    event: PathBuf,
    /// The mapper: an image, or a component, which is compiled first. Without it MAPPER_IMAGE says where it is.
    #[arg(short, long)]
    mapper: Option<PathBuf>,
    /// Send the request to the backend.
    #[arg(long)]
    send: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Carries the command out.
pub async fn run(args: Args) -> Result<bool> {
    let json = fs::read_to_string(&args.event).with_context(|| format!("`{}` can't be read", args.event.display()))?;
    let json = serde_json::from_str(&json).with_context(|| format!("`{}` is not JSON", args.event.display()))?;
    let event = Event::read(json, "mapper-run");

    let scratch = tempfile::tempdir()?;
    let config = config(&args, scratch.path())?;
    let answer_within = config.answer_within;
    let handler = Handler::new(config)?;
    let manifest = handler.mapper().context("there is no mapper")?.manifest();

    let until = Instant::now() + answer_within;
    let plan = handler.plan(&event, &Trace::default(), until).await;
    let mut shown = Shown::of(&event, manifest, handler.backend(), &plan);
    let mut fine = plan.step.is_ok();
    if args.send {
        let way = handler.carry_out(plan, until).await;
        fine = way.result.is_ok();
        shown.ended(&way);
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&shown)?);
    } else {
        print!("{shown}");
    }
    Ok(fine)
}

/// The settings of the environment, with what the command line says in place of it.
fn config(args: &Args, scratch: &Path) -> Result<Config> {
    let mut vars: Vec<(OsString, OsString)> = env::vars_os().collect();
    let mut set = |name: &str, value: OsString| {
        vars.retain(|(other, _)| other != name);
        vars.push((name.into(), value));
    };
    if !args.send && env::var_os(BACKEND_API_URL).is_none_or(|url| url.is_empty()) {
        eprintln!("{BACKEND_API_URL} is not set; the request is shown for {SHOWN_API_URL}");
        set(BACKEND_API_URL, SHOWN_API_URL.into());
    }
    if let Some(mapper) = &args.mapper {
        let component = mapper.extension().is_some_and(|extension| extension == "wasm");
        let image = if component { scratch.join("mapper.cwasm") } else { mapper.clone() };
        if component {
            compile::from_file(mapper, THIS_TARGET)?.write(&image)?;
        }
        set(MAPPER_IMAGE, image.into());
    }
    // This command puts nothing into the queue, and says itself what is wrong with a mapper.
    set(UNDELIVERED_QUEUE_URL, OsString::new());
    Ok(Config::from_vars(vars)?)
}
