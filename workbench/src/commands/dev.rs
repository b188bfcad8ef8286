//! `mapper dev`: the mapper in a folder is built and tried again whenever something of it changes,
//! and stands in for the function of a deployment.

mod endpoint;
mod look;
mod seen;
mod session;
mod show;
mod source;
mod watch;

use std::path::{Path, PathBuf};

use anyhow::Result;
use post_confirmation_host::config::BACKEND_API_URL;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::mapper_file::{self, COMPONENT};
use crate::terminal::{FAINT, HEADING};
use crate::toolchain::{Language, tool};
use endpoint::Endpoint;
use session::Session;

/// The port of the stand-in. SAM's stand-in of Lambda has the same one.
const PORT: u16 = 3001;

/// Build and test the mapper in this folder again whenever it changes, and show what is different.
///
/// It watches the source and the folder `cases`, builds `mapper.wasm` if it is not what its source
/// makes, and runs the cases. If the source can't be built, it shows the compiler's words and keeps
/// the last good mapper. On a terminal each run begins on an empty screen; elsewhere it prints what
/// is different since the last run. Ctrl-C ends it and leaves nothing behind.
///
/// With `--backend`, it also stands in for the deployed function: an endpoint on 127.0.0.1 answers
/// Lambda's Invoke API, for an emulator of Cognito or `aws lambda invoke --endpoint-url`. The
/// mapper that was built last maps each event, and the request goes to the backend, with the
/// settings of the environment. What the mapper made of it and how it ended is shown, user data
/// included. There is no queue, and nothing is written to Cognito.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper dev
  mapper dev --event native                        shows what becomes of a case's request, too
  mapper dev --backend http://localhost:8000/
  aws lambda invoke --endpoint-url http://127.0.0.1:3001 --function-name users \\
    --payload fileb://cases/native.event.json answer.json

Exit status: 0 if Ctrl-C ended it, 2 if it could not begin, or the folder is gone.")]
pub struct Args {
    /// The event whose request is shown: a file of JSON as Cognito sends it, or the name of a case
    /// in the folder `cases`. With `--backend`, the default is the last one that came in.
    #[arg(long, value_name = "EVENT")]
    event: Option<PathBuf>,
    /// Stand in for the function, with the backend at this address: BACKEND_API_URL.
    #[arg(long, value_name = "URL")]
    backend: Option<String>,
    /// The port of 127.0.0.1 on which the stand-in answers; 0 takes any that is free.
    #[arg(long, default_value_t = PORT, requires = "backend")]
    port: u16,
}

pub async fn run(args: Args) -> Result<bool> {
    let mut stop = Stop::watch()?;
    // Whatever is wrong with these does not become right by an edit.
    Language::require(Path::new("."))?;
    let mut environment = mapper_file::environment();
    if let Some(backend) = &args.backend {
        environment.insert(BACKEND_API_URL.into(), backend.into());
    }
    mapper_file::config(Path::new(COMPONENT), args.backend.is_some(), &environment)?;
    let endpoint = match &args.backend {
        Some(_) => Some(Endpoint::open(args.port).await?),
        None => None,
    };
    let greeting = greeting(endpoint.as_deref(), args.backend.as_deref());
    let mut session = Session::new(args.event, environment, endpoint, greeting)?;
    tool::group();
    let ended = tokio::select! {
        ended = session.run() => ended,
        () = stop.came() => Ok(true),
    };
    session.stop();
    ended
}

/// What is said at the start of each screen.
fn greeting(endpoint: Option<&Endpoint>, backend: Option<&str>) -> String {
    let mut greeting = format!("{FAINT}watching this folder; Ctrl-C ends it{FAINT:#}\n");
    if let (Some(endpoint), Some(backend)) = (endpoint, backend) {
        let url = endpoint.url();
        greeting.push_str(&format!(
            "{HEADING}{url}{HEADING:#} stands in for the function; its backend is {backend}\n"
        ));
    }
    greeting
}

/// Ctrl-C, a closed terminal and the end of a job.
struct Stop(Vec<Signal>);

impl Stop {
    fn watch() -> Result<Stop> {
        let kinds = [SignalKind::interrupt(), SignalKind::hangup(), SignalKind::terminate()];
        Ok(Stop(kinds.into_iter().map(signal).collect::<Result<_, _>>()?))
    }

    /// Waits for the first.
    async fn came(&mut self) {
        let signals = self.0.iter_mut().map(|signal| Box::pin(signal.recv()));
        futures_util::future::select_all(signals).await;
    }
}
