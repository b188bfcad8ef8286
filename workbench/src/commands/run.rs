//! `mapper run`: one event through the pipeline of `bootstrap`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Result;
use post_confirmation_host::backend::{Backend, Trace};
use post_confirmation_host::config::Config;
use post_confirmation_host::error::Error;
use post_confirmation_host::event::Event;
use post_confirmation_host::mapper::{Identity, Mapper};
use post_confirmation_host::outcome::{Action, End, Handled, Plan};
use post_confirmation_host::pipeline::Pipeline;

use crate::answer::AnswerFile;
use crate::commands::build;
use crate::mapper_file::{self, Loaded, MapperFile};
use crate::render::Shown;
use crate::runner::{self, Variables};
use crate::{cases, doubtful, refused, terminal};

/// What is said of an answer that the function would not even read.
const NOTHING_IS_LISTED: &str = "the function calls `conclude` only if the operator has listed what it may write, and neither \
                                 COGNITO_ATTRIBUTES nor COGNITO_GROUPS is set here";

/// Map one event and show the request; send it only with `--send`.
///
/// The settings are those of the function, from the same environment variables. What the mapper
/// wrote and returned is shown in full, user data included. Nothing is put into the queue, and
/// nothing is written to Cognito.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper run cases/native.event.json
  mapper run native          the same: a case of the folder `cases`
  mapper run native --answer cases/native.answer.json
  BACKEND_API_URL=http://localhost:8000/ mapper run event.json --mapper mapper.wasm --send

Exit status: 0 if the event is mapped (with `--send`: and delivered), 1 if it is not, 2 if it could not be
tried.")]
pub struct Args {
    /// The event: a file of JSON as Cognito sends it, or the name of a case in the folder `cases`.
    /// It came when `NAME.received-at.json` beside it says, and the mapper has the variables of
    /// `NAME.variables.json`, as for `mapper test`.
    event: PathBuf,
    #[command(flatten)]
    mapper: MapperFile,
    /// Send the request to the backend. The event comes now.
    #[arg(long)]
    send: bool,
    /// Let the mapper's follow-up see this answer of the backend, and show what it wants to be done
    /// with the Cognito user. Nothing is sent.
    #[arg(long, value_name = "FILE", conflicts_with = "send")]
    answer: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args) -> Result<bool> {
    let (event, variables) = read(&args)?;
    // Before it could count as a source: it need not be an answer.
    let answer = args.answer.as_deref().map(AnswerFile::read).transpose()?;
    let mapper = args.mapper.file();
    if !build::ensure_fresh(&mapper)? {
        return Ok(false);
    }
    let config = mapper_file::config(&mapper, args.send, &mapper_file::environment())?;
    let (answer_within, nothing_is_listed) = (config.answer_within, config.allowed.is_empty());
    let (pipeline, identity) = load(&mapper, config, &variables)?;
    let has_follow_up = pipeline.mapper().is_some_and(Mapper::has_follow_up);

    let until = Instant::now() + answer_within;
    let plan = pipeline.plan(&event, &Trace::default(), until).await;
    let mut shown = Shown::new(&event, identity, pipeline.backend(), &plan);
    let warnings = warnings(&plan, answer.is_some() && has_follow_up && nothing_is_listed);
    let mut fine = plan.action.is_ok();
    let mut part = broken_part(&pipeline, &event, &plan, answer_within).await;
    let handled = match &answer {
        Some(answer) => Some(answer.handled(plan, has_follow_up)),
        None if args.send => Some(pipeline.deliver(plan, until).await),
        None => None,
    };
    if let Some(mut handled) = handled {
        pipeline.ask_follow_up(&event, &mut handled, until).await;
        fine = handled.end.error().is_none();
        shown.ended(&handled, args.send);
        if let (End::Delivered(_), None, Some(_)) = (&handled.end, &handled.follow_up, &answer) {
            shown.lacks_follow_up();
        }
        let failed = failed_part(&pipeline, &event, &handled, answer.as_ref(), answer_within);
        part = part.or(failed.await);
    }
    shown.names(part);
    print(&shown, args.json)?;
    warnings.iter().for_each(|warning| terminal::warn(warning));
    Ok(fine)
}

/// The event, and the variables that the mapper has besides those of the settings.
fn read(args: &Args) -> Result<(Event, Variables)> {
    let file = cases::event_file(&args.event)?;
    let (mut event, variables) = (cases::event(&file)?, cases::variables(&file)?);
    if args.send {
        event.received_at = SystemTime::now();
    }
    Ok((event, variables))
}

/// A pipeline with the mapper in `file`, and what the mapper was made of.
fn load(file: &Path, config: Config, variables: &Variables) -> Result<(Pipeline, Identity)> {
    let Loaded { component, identity } = Loaded::load(file, config.mapper.sandboxes)?;
    let settings = runner::with(&config.mapper, variables);
    let mapper = Mapper::new(&component, identity.clone(), settings)?;
    let pipeline = Pipeline::for_trying(mapper, Backend::new(config.backend)?, config.allowed);
    Ok((pipeline, identity))
}

/// What to warn of, however the event ends. `is_unread` if the function would not read the answer.
fn warnings(plan: &Plan, is_unread: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    if is_unread {
        warnings.push(NOTHING_IS_LISTED.to_owned());
    }
    if let Ok(Action::Deliver(request)) = &plan.action {
        warnings.extend(doubtful::path(request.url().path()));
    }
    warnings
}

/// The part of the request that breaks a rule, if `plan` failed because of one.
async fn broken_part(
    pipeline: &Pipeline,
    event: &Event,
    plan: &Plan,
    within: Duration,
) -> Option<String> {
    match &plan.action {
        Err(Error::Request(broken)) => {
            refused::part(pipeline, event, broken, Instant::now() + within).await
        }
        _ => None,
    }
}

/// What to change in the answer, or the effect that breaks a rule, if `handled` failed because of
/// one.
async fn failed_part(
    pipeline: &Pipeline,
    event: &Event,
    handled: &Handled,
    answer: Option<&AnswerFile>,
    within: Duration,
) -> Option<String> {
    match (&handled.end, &handled.follow_up, answer) {
        (End::Undelivered { error: Error::Backend(error), .. }, _, Some(answer)) => {
            Some(answer.remedy(error))
        }
        (End::Undelivered { error: Error::Effect(_), .. }, Some(follow_up), _) => {
            let until = Instant::now() + within;
            refused::effect_after(pipeline, event, &follow_up.answer, until).await
        }
        _ => None,
    }
}

/// Prints what was made of the event, as JSON or for people.
fn print(shown: &Shown, json: bool) -> Result<()> {
    if json {
        terminal::json(shown)?;
    } else {
        anstream::print!("{shown}");
    }
    Ok(())
}
