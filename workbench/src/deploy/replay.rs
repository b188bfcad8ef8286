//! `mapper replay`: what a mapper makes of the messages that wait in the queue and of the dead
//! letters. It takes no message away and sends nothing.

mod dry;
mod keep;
mod made_up;
mod message;
mod outcome;
mod peek;
mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::former::Former;
use super::functions::configuration;
use super::named::{self, Named};
use super::names::{ALIAS, FunctionName, Names};
use super::rights::{On, PrintPolicy, Right};
use super::settings::{Variables, settings_of};
use super::versions::mapper_of;
use super::{interrupt, place};
use crate::commands::build;
use crate::{cases, terminal};
use dry::DryMapper;
use outcome::Replayed;
use peek::Seen;
use report::Report;

/// Map the messages in the queue and the dead letters with a mapper, and say what would become of
/// them.
///
/// Run it between mending a mapper and `mapper swap`. It builds the mapper, reads the dead letters
/// and then the queue, and maps each message as the deployed function would, with its settings and
/// without a backend. It counts what would be delivered, what would be skipped, and what would
/// still fail, and what is not as the deployed mapper makes it. No value of a user is shown without
/// --show.
///
/// No message is taken away: each is hidden while the others are read, and visible again after
/// that. But SQS counts every look at the queue as one of the five attempts after which a message
/// becomes a dead letter. It does not count for dead letters, and `mapper redrive` begins to count
/// anew.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper replay
  mapper replay accounts --at-most 1000 --dead-letters
  mapper replay accounts --keep 3        then `mapper test` in the folder
  mapper replay --function joined --json

Exit status: 0 if all messages would be delivered or skipped, 1 if one would still fail, 2 if they could not be
tried.")]
pub struct Args {
    /// The mapper's folder, its component (.wasm), or `default-mapper`.
    #[arg(value_name = "MAPPER", value_parser = named::mapper, default_value = ".")]
    mapper: Named,
    #[command(flatten)]
    function: FunctionName,
    /// The most messages that are read.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    at_most: u32,
    /// Leave the queue alone, and read the dead letters only.
    #[arg(long)]
    dead_letters: bool,
    /// Show each event, and the request that comes of it, user data included.
    #[arg(long)]
    show: bool,
    /// Write so many of them into the folder `cases` of the mapper (of this folder, if it is
    /// `default-mapper`), one of each kind first, with
    /// every value replaced by a made-up one of the same shape.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    keep: Option<u32>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    policy: PrintPolicy,
}

/// What looking at a queue needs.
const LOOK: &[&str] = &[
    "sqs:GetQueueUrl",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "sqs:ChangeMessageVisibility",
];
/// What it needs.
const RIGHTS: [Right; 4] = [
    (On::Functions, &["lambda:GetFunctionConfiguration"]),
    (On::Layer, &["lambda:GetLayerVersion"]),
    (On::Queue, LOOK),
    (On::DeadLetters, LOOK),
];

pub fn run(args: &Args) -> Result<bool> {
    let names = args.function.names();
    if args.policy.print(&RIGHTS, &names, None)? {
        return Ok(true);
    }
    // JSON is one document.
    if args.json {
        place::locate(None)?;
    } else {
        place::announce(None)?;
    }
    let live = live_redelivery(&names)?;
    let variables = settings_of(&live);
    let file = built(&args.mapper)?;
    let candidate = DryMapper::load(&file, &variables)?;
    let scratch = tempfile::tempdir()?;
    let deployed = deployed(&live, &names, &variables, scratch.path());
    interrupt::check()?;

    let mut queues = vec![names.dead_letters()];
    if !args.dead_letters {
        queues.push(names.queue());
    }
    let seen = looked_at(&queues, args.at_most as usize)?;
    let replayed = replayed(&seen, &candidate, deployed.as_ref().ok(), args.show)?;
    let cases = cases_of(&args.mapper, &file);
    let kept = match args.keep {
        Some(most) => keep::keep(&replayed, most as usize, &cases, &candidate)?,
        None => Vec::new(),
    };
    let unread = queues.len() - seen.len();
    let not_compared = deployed.err().map(|error| format!("{error:#}"));
    let report = Report::new(&file, &seen, unread, &replayed, not_compared, kept);
    if args.json {
        terminal::json(&report)?;
    } else {
        report.say();
    }
    Ok(report.is_good())
}

/// The configuration of the function that maps what waits in the queue.
fn live_redelivery(names: &Names) -> Result<Value> {
    let redelivery = names.redelivery();
    configuration(&redelivery, ALIAS)?.with_context(|| {
        format!("there is no function {redelivery}:{ALIAS} in this account and region")
    })
}

/// The component of `mapper`, built anew if its source is newer.
fn built(mapper: &Named) -> Result<PathBuf> {
    let file = mapper.component();
    let built = interrupt::after(|| build::ensure_fresh(&file))??;
    ensure!(built, "the mapper can't be built, so no message was read");
    Ok(file)
}

/// The deployed mapper of the function with the configuration `live`, in `folder`.
///
/// # Errors
/// Why the new one can't be compared with it.
fn deployed(
    live: &Value,
    names: &Names,
    variables: &Variables,
    folder: &Path,
) -> Result<DryMapper> {
    let layer = mapper_of(live, names)?.context("no mapper is deployed")?;
    let former = Former::download(&layer, &folder.join("deployed"))
        .context("the deployed mapper can't be read")?;
    if let Some(target) = former.other_target() {
        anyhow::bail!("the deployed mapper is native code for {target}, and not for this machine");
    }
    DryMapper::load(&former.image, variables).context("the deployed mapper can't be loaded")
}

/// Looks at the `queues` in this order, until `at_most` messages are read.
fn looked_at(queues: &[String], at_most: usize) -> Result<Vec<Seen>> {
    let (mut seen, mut left) = (Vec::new(), at_most);
    for queue in queues {
        if left > 0 {
            let looked_at = peek::peek(queue, left)?;
            left -= looked_at.messages.len();
            seen.push(looked_at);
        }
    }
    Ok(seen)
}

/// Maps the messages of the queues `seen`. They are kept in full if they are to be shown.
fn replayed(
    seen: &[Seen],
    candidate: &DryMapper,
    deployed: Option<&DryMapper>,
    show: bool,
) -> Result<Vec<Replayed>> {
    let mut replayed = Vec::new();
    for queue in seen {
        for message in message::read(&queue.messages)? {
            replayed.push(Replayed::new(message, candidate, deployed, show));
        }
    }
    Ok(replayed)
}

/// The folder for cases of `mapper`: beside its `component`, but in this one for the default
/// mapper, which is among installed files.
fn cases_of(mapper: &Named, component: &Path) -> PathBuf {
    let folder = component.parent().filter(|_| !mapper.is_default);
    folder.unwrap_or(Path::new("")).join(cases::FOLDER)
}
