//! `mapper create`: both functions with everything around them, without CloudFormation.

mod before;
mod part;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use post_confirmation_host::config::UNDELIVERED_QUEUE_URL;
use post_confirmation_host::error::SECRET_UNAVAILABLE;
use serde_json::Value;

use super::dry_run::{Sample, TryError, ready};
use super::functions::{ROLE_TRIES, ROLE_WAIT, at_least, ensure_mapping, pause};
use super::live::{Move, Tried};
use super::names::{ALIAS, FunctionName, Names, last};
use super::permission::attached;
use super::queues::{Queue, ensure_queues};
use super::rights::{On, PrintPolicy, Right};
use super::role::tidy_role;
use super::settings::{self, Variables};
use super::talk::{Yes, say};
use super::versions::{self, mapper_of};
use super::{changes, package, place, user_rights};
use crate::compile::ARCHITECTURES;
use crate::installed;
use part::{Part, REDELIVERY_TIMEOUT};

/// Make the functions and everything around them, or change settings.
///
/// Makes the dead-letter queue, the queue, the log groups, the roles, the layer with the mapper,
/// the function with its alias `live`, the redelivery function with its alias, and the event source
/// mapping from the queue to that. It keeps and updates what exists: run it again after a failure,
/// or to change a setting. Settings that are not given stay, and so do more memory, a longer
/// timeout and other layers. Code, mapper and role of existing functions stay too: `swap` changes
/// the first two. The function's own code checks the settings before anything is made. A version
/// goes live only after it has mapped an event in a dry run. If $LATEST has settings that are not
/// live, which `rollback` leaves there, it lists them and asks. No pool calls the function before
/// `attach`, which also gives the right to write to the pool's users; a change of
/// COGNITO_ATTRIBUTES or COGNITO_GROUPS changes that right on the pools that are attached. Change
/// what a stack has made through its stack.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper create --set BACKEND_API_URL=https://api.example.com/
  mapper create --set MAX_ATTEMPTS=4 --set MAPPER_ENV_USERS_PATH=

Exit status: 0 if everything is there and live, 1 if it is not.")]
pub struct Args {
    /// A setting of the function; BACKEND_API_URL is required at first, an empty VALUE removes a
    /// setting, and an unknown NAME gets the list of all. Can be given several times.
    // Parsed later: a message about a wrong one must not hold its value.
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    function: FunctionName,
    /// The architecture of a new function [default: x86_64].
    #[arg(long, value_parser = ARCHITECTURES)]
    arch: Option<String>,
    /// Redeliveries at once; 5 at first.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=1000))]
    max_concurrency: Option<u64>,
    #[command(flatten)]
    yes: Yes,
    #[command(flatten)]
    policy: PrintPolicy,
}

/// What it needs.
const RIGHTS: [Right; 7] = [
    (
        On::Queue,
        &["sqs:CreateQueue", "sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:SetQueueAttributes"],
    ),
    (
        On::DeadLetters,
        &["sqs:CreateQueue", "sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:SetQueueAttributes"],
    ),
    (On::LogGroups, &["logs:CreateLogGroup", "logs:PutRetentionPolicy"]),
    (
        On::Roles,
        &[
            "iam:GetRole",
            "iam:CreateRole",
            "iam:GetRolePolicy",
            "iam:PutRolePolicy",
            "iam:DeleteRolePolicy",
            "iam:PassRole",
        ],
    ),
    (
        On::Layer,
        &["lambda:ListLayerVersions", "lambda:GetLayerVersion", "lambda:PublishLayerVersion"],
    ),
    (
        On::Functions,
        &[
            "lambda:GetFunction",
            "lambda:GetFunctionConfiguration",
            "lambda:CreateFunction",
            "lambda:InvokeFunction",
            "lambda:UpdateFunctionConfiguration",
            "lambda:PublishVersion",
            "lambda:GetAlias",
            "lambda:CreateAlias",
            "lambda:UpdateAlias",
            "lambda:GetPolicy",
        ],
    ),
    (
        On::Everything,
        &[
            "logs:DescribeLogGroups",
            "lambda:ListEventSourceMappings",
            "lambda:CreateEventSourceMapping",
            "lambda:UpdateEventSourceMapping",
        ],
    ),
];

pub fn run(args: &Args) -> Result<bool> {
    let given = settings::given(&args.set)?;
    let names = args.function.names();
    if args.policy.print(&RIGHTS, &names, None)? {
        return Ok(true);
    }
    place::announce(None)?;
    let there = before::existing(&names)?;
    let [trigger, redelivery] = there.each_ref().map(Option::as_ref);
    let wanted = before::wanted_settings([trigger, redelivery], &given)?;
    let arch = before::architecture(&names.function, trigger, args.arch.as_deref())?;
    let (code, mapper) = (installed::function(&arch)?, installed::default_mapper()?);
    before::check_settings(&wanted)?;
    let mut parts = Part::both(&names, wanted)?;
    before::confirm_unpublished(&parts, &given, &args.yes)?;

    changes::leave("What is made stays, and nothing is live untried. Run this again to finish.");
    let timeout = at_least(REDELIVERY_TIMEOUT, redelivery, "Timeout");
    let queue = ensure_queues(&names, timeout)?;
    parts[0].wanted.insert(UNDELIVERED_QUEUE_URL.to_owned(), queue.url.clone());
    let pools = written_pools(&parts, &names)?;
    let roles = ensure_roles(&parts, &queue, &pools)?;
    let layer = ensure_layer(trigger, &names, &mapper, &arch)?;
    let mut moves = Vec::new();
    for (part, role) in parts.iter().zip(&roles) {
        moves.push(part.publish(role, &layer, &code, &arch)?);
    }
    let aliases = make_live(moves)?;
    tidy_roles(&parts, &queue, &pools)?;
    ensure_mapping(&queue.arn, &aliases[0], &roles[1], args.max_concurrency)?;
    if parts[0].live.is_empty() {
        say(format!(
            "Next: `mapper attach POOL`, so that the pool calls {} after a confirmation.",
            names.function
        ));
    }
    Ok(true)
}

/// The ARNs of the pools to whose users the functions write, or wrote.
fn written_pools(parts: &[Part], names: &Names) -> Result<BTreeSet<String>> {
    let settings: Vec<&Variables> =
        parts.iter().flat_map(|part| [&part.wanted, &part.live]).collect();
    if user_rights::needed(&settings).is_empty() {
        return Ok(BTreeSet::new());
    }
    attached(&format!("{}:{ALIAS}", names.function))
}

/// Makes log groups and roles, which may do what the live versions need until others are live.
/// Returns the roles' ARNs.
fn ensure_roles(parts: &[Part], queue: &Queue, pools: &BTreeSet<String>) -> Result<Vec<String>> {
    let mut roles = Vec::new();
    for part in parts {
        roles.push(part.ensure_role(queue)?);
        let rights = user_rights::needed(&[&part.wanted, &part.live]);
        user_rights::ensure(&part.name, &rights, pools)?;
    }
    Ok(roles)
}

/// The ARN of the mapper's layer: the one that the function has, else a new one with `mapper`.
fn ensure_layer(
    function: Option<&Value>,
    names: &Names,
    mapper: &Path,
    arch: &str,
) -> Result<String> {
    let there = function.map(|there| mapper_of(there, names)).transpose()?;
    if let Some(layer) = there.flatten() {
        say(format!("layer {}: exists, version {}", names.layer(), last(&layer, ':')));
        return Ok(layer);
    }
    let folder = tempfile::tempdir()?;
    let zipped = package::layer(mapper, arch, folder.path())?;
    versions::ensure_layer(&names.layer(), &zipped, arch)
}

/// Tries the versions of the trigger's function and of redelivery's, and makes them live. Returns
/// the ARNs of the aliases, that of redelivery first.
fn make_live(mut moves: Vec<Move>) -> Result<Vec<String>> {
    // Redelivery first: if this fails, no sign-up does.
    moves.reverse();
    let sign_up = Sample::sign_up()?;
    let tried = Tried::by(moves, |each| check_is_ready(each, &sign_up))?;
    tried.make_live(|_| Ok(()))
}

/// Stops if a version can't handle events, before the live version is changed.
///
/// A new role's rights are not known everywhere at once, so a failed fetch of a secret is tried
/// again.
fn check_is_ready(Move { function, version }: &Move, sign_up: &Sample) -> Result<()> {
    for attempt in 1.. {
        match ready(function, version, sign_up) {
            Err(TryError::Failed(failed)) => ensure!(
                failed.error_type == SECRET_UNAVAILABLE && attempt < ROLE_TRIES,
                "{failed}\nThe live version stays; fix the cause, with --set for example"
            ),
            answer => return Ok(answer?),
        }
        say(format!(
            "{function} can't fetch its secrets yet; trying again ({attempt} of {})",
            ROLE_TRIES - 1
        ));
        pause(ROLE_WAIT)?;
    }
    Err(anyhow!("{function} can't fetch its secrets"))
}

/// Takes from the roles what only the former settings needed.
fn tidy_roles(parts: &[Part], queue: &Queue, pools: &BTreeSet<String>) -> Result<()> {
    for part in parts {
        tidy_role(&part.name, &part.needs(queue).policy(&Variables::new()))?;
    }
    for part in parts {
        user_rights::ensure(&part.name, &user_rights::needed(&[&part.wanted]), pools)?;
    }
    Ok(())
}
