//! `mapper create`: both functions with everything around them, without CloudFormation.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow, bail, ensure};
use post_confirmation_host::config::{BACKEND_API_URL, UNDELIVERED_QUEUE_URL};
use serde_json::{Value, json};

use super::answer::{self, Unexpected};
use super::dry_run::{Sample, TryError, ready};
use super::functions::{self, ROLE_TRIES, ROLE_WAIT, RUNTIME, Wanted, configuration, pause};
use super::live::{Move, Tried};
use super::names::{self, ALIAS, FunctionName, Names, last};
use super::permission::attached;
use super::queues::{Queue, ensure_log_group, ensure_queues};
use super::rights::{On, PrintPolicy, Right};
use super::role::{Needs, RECEIVE, SEND, ensure_role, tidy_role};
use super::settings::{self, Variables, differing, merged, settings_of};
use super::talk::{Yes, agreed, say};
use super::versions::{self, mapper_of};
use super::{aws, changes, package, place, user_rights};
use crate::compile::ARCHITECTURES;
use crate::installed;

/// Make the functions and everything around them, or change settings.
///
/// Makes the dead-letter queue, the queue, the log groups, the roles, the layer with the mapper, the
/// function with its alias `live`, the redelivery function with its alias, and the event source
/// mapping from the queue to that. It keeps and updates what exists: run it again after a failure,
/// or to change a setting. Settings that are not given stay, and so do more memory, a longer timeout
/// and other layers. Code, mapper and role of existing functions stay too: `swap` changes the first
/// two. The function's own code checks the settings before anything is made. A version goes live
/// only after it has mapped an event in a dry run. If $LATEST has settings that are not live, which
/// `rollback` leaves there, it lists them and asks. No pool calls the function before `attach`,
/// which also gives the right to write to the pool's users; a change of COGNITO_ATTRIBUTES or
/// COGNITO_GROUPS changes that right on the pools that are attached. Change what a stack has made
/// through its stack.
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

/// In seconds. Cognito waits 5; a redelivery has a batch of ten.
const TIMEOUT: u64 = 6;
const REDELIVERY_TIMEOUT: u64 = 30;

/// One of the two functions as it is to be.
struct Part {
    /// Its name, and that of its role.
    name: String,
    /// The settings of the version that is live.
    live: Variables,
    wanted: Variables,
    /// What it does with the queue.
    actions: &'static [&'static str],
    /// In seconds.
    timeout: u64,
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
    let [trigger, redelivery] = names.functions();
    let before = [configuration(&trigger, "$LATEST")?, configuration(&redelivery, "$LATEST")?];
    for (name, there) in [(&trigger, &before[0]), (&redelivery, &before[1])] {
        if let Some(there) = there {
            check_is_ours(name, there, &names)?;
        }
    }
    let has = before.each_ref().map(|there| there.as_ref().map(settings_of));
    let variables = merged(has[0].as_ref().unwrap_or(&Variables::new()), &given);
    ensure!(
        variables.contains_key(BACKEND_API_URL),
        "the function needs --set BACKEND_API_URL=https://..., the base of every request"
    );
    let arch = architecture(&trigger, before[0].as_ref(), args.arch.as_deref())?;
    let code = installed::function(&arch)?;
    let mapper = installed::default_mapper()?;
    let of_redelivery = match &has[1] {
        Some(has) => merged(has, &given),
        None => {
            let mut variables = variables.clone();
            // Only the trigger has it, because it fills the queue.
            variables.remove(UNDELIVERED_QUEUE_URL);
            variables
        }
    };
    check_settings(&[&variables, &of_redelivery])?;
    let mut parts = [
        Part {
            live: live_settings(&trigger)?,
            name: trigger,
            wanted: variables,
            actions: &SEND,
            timeout: TIMEOUT,
        },
        Part {
            live: live_settings(&redelivery)?,
            name: redelivery,
            wanted: of_redelivery,
            actions: &RECEIVE,
            timeout: REDELIVERY_TIMEOUT,
        },
    ];
    confirm_unpublished(&parts, &given, &args.yes)?;

    changes::leave("What is made stays, and nothing is live untried. Run this again to finish.");
    let timeout = before[1].as_ref().and_then(|there| there["Timeout"].as_u64()).unwrap_or(0);
    let queue = ensure_queues(&names, timeout.max(REDELIVERY_TIMEOUT))?;
    parts[0].wanted.insert(UNDELIVERED_QUEUE_URL.to_owned(), queue.url.clone());
    let pools = written_pools(&parts, &names)?;
    let mut roles = Vec::new();
    for part in &parts {
        let role = part.ensure_role(&queue)?;
        user_rights::ensure(&part.name, &user_rights::needed(&[&part.wanted, &part.live]), &pools)?;
        roles.push(role);
    }
    let layer =
        match before[0].as_ref().map(|there| mapper_of(there, &names)).transpose()?.flatten() {
            Some(layer) => {
                say(format!("layer {}: exists, version {}", names.layer(), last(&layer, ':')));
                layer
            }
            None => {
                let folder = tempfile::tempdir()?;
                let zipped = package::layer(&mapper, &arch, folder.path())?;
                versions::ensure_layer(&names.layer(), &zipped, &arch)?
            }
        };
    let mut moves = Vec::new();
    for (part, role) in parts.iter().zip(&roles) {
        let version = functions::ensure_function(&Wanted {
            name: &part.name,
            role,
            layer: &layer,
            code: &code,
            arch: &arch,
            variables: &part.wanted,
            timeout: part.timeout,
        })?;
        moves.push(Move { function: part.name.clone(), version });
    }
    // Redelivery first: if this fails, no sign-up does.
    moves.reverse();
    let sign_up = Sample::sign_up()?;
    let tried = Tried::by(moves, |each| check_is_ready(each, &sign_up))?;
    let aliases = tried.make_live(|_| Ok(()))?;
    for part in &parts {
        // What only the former settings needed is not needed any more.
        tidy_role(&part.name, &part.needs(&queue).policy(&Variables::new()))?;
    }
    for part in &parts {
        user_rights::ensure(&part.name, &user_rights::needed(&[&part.wanted]), &pools)?;
    }
    functions::ensure_mapping(&queue.arn, &aliases[0], &roles[1], args.max_concurrency)?;
    if parts[0].live.is_empty() {
        say(format!(
            "Next: `mapper attach POOL`, so that the pool calls {} after a confirmation.",
            names.function
        ));
    }
    Ok(true)
}

impl Part {
    fn log_group(&self) -> String {
        format!("/aws/lambda/{}", self.name)
    }

    fn needs<'a>(&'a self, queue: &'a Queue) -> Needs<'a> {
        Needs {
            log_group: names::arn(&queue.arn, "logs", &format!("log-group:{}", self.log_group())),
            queue: &queue.arn,
            queue_actions: self.actions,
            variables: &self.wanted,
        }
    }

    /// Makes the log group and the role, which may do what the live version needs until another one
    /// is live. Returns the role's ARN.
    fn ensure_role(&self, queue: &Queue) -> Result<String> {
        ensure_log_group(&self.log_group())?;
        ensure_role(&self.name, &self.needs(queue).policy(&self.live))
    }
}

/// The settings of the version of a function that is live.
fn live_settings(function: &str) -> Result<Variables> {
    Ok(configuration(function, ALIAS)?.as_ref().map(settings_of).unwrap_or_default())
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

/// The architecture of the function, which never changes.
fn architecture(function: &str, there: Option<&Value>, asked: Option<&str>) -> Result<String> {
    let Some(there) = there else { return Ok(asked.unwrap_or(ARCHITECTURES[0]).to_owned()) };
    let has = answer::list(there, "Architectures")?.first().and_then(Value::as_str);
    let has = has.ok_or_else(|| Unexpected::new("Architectures"))?;
    if let Some(asked) = asked.filter(|asked| *asked != has) {
        bail!(
            "{function} is for {has}, which can't be changed; choose another --function for {asked}"
        );
    }
    Ok(has.to_owned())
}

/// Stops if this may not change a function, or if `$LATEST` has code that was not tried.
fn check_is_ours(name: &str, there: &Value, names: &Names) -> Result<()> {
    let runtime = there["Runtime"].as_str().unwrap_or("of an image");
    ensure!(
        runtime == RUNTIME,
        "{name} is already another function, with the runtime {runtime}; choose another --function"
    );
    let function = aws::call("lambda", "get-function", json!({ "FunctionName": name }))?;
    if let Some(stack) = function["Tags"]["aws:cloudformation:stack-name"].as_str() {
        bail!(
            "{name} belongs to the stack {stack}: change the stack's parameters or its template, and deploy it"
        );
    }
    let Some(live) = configuration(name, ALIAS)? else { return Ok(()) };
    let same = live["CodeSha256"] == there["CodeSha256"]
        && mapper_of(&live, names)? == mapper_of(there, names)?;
    ensure!(
        same,
        "{name}: $LATEST has another program or mapper than the live version, left there by an interrupted swap; \
         finish it with `mapper swap MAPPER --with-host`, or undo it with `mapper rollback VERSION`"
    );
    Ok(())
}

/// Stops if the program would refuse the wanted settings.
fn check_settings(wanted: &[&Variables]) -> Result<()> {
    let mut found: Vec<String> = Vec::new();
    for fault in wanted.iter().flat_map(|variables| settings::faults(variables)) {
        if !found.contains(&fault) {
            found.push(fault);
        }
    }
    ensure!(
        found.is_empty(),
        "the function would refuse these settings; nothing was changed\n  {}",
        found.join("\n  ")
    );
    Ok(())
}

/// Asks if settings would go live that were not given now, those from before a rollback for example.
fn confirm_unpublished(parts: &[Part], given: &Variables, yes: &Yes) -> Result<()> {
    let mut asked = false;
    // Without a live version there is nothing to compare with.
    for part in parts.iter().filter(|part| !part.live.is_empty()) {
        let mut others = differing(&part.live, &part.wanted);
        others.retain(|name| !given.contains_key(name) && name != UNDELIVERED_QUEUE_URL);
        if !others.is_empty() {
            say(format!(
                "{}: in $LATEST but not live, left there by a rollback or a failure: {}.",
                part.name,
                others.join(", ")
            ));
            asked = true;
        }
    }
    if asked && !agreed("Make these settings live too?", yes)? {
        bail!(
            "not agreed; nothing was changed. To keep what is live, --set each of them to its live value"
        );
    }
    Ok(())
}

/// Stops if a version can't handle events, before the live version is changed.
///
/// A new role's rights are not known everywhere at once, so a failed fetch of a secret is tried
/// again.
fn check_is_ready(Move { function, version }: &Move, sign_up: &Sample) -> Result<()> {
    for attempt in 1.. {
        match ready(function, version, sign_up) {
            Err(TryError::Failed(failed)) => ensure!(
                failed.error_type == "Secret.Unavailable" && attempt < ROLE_TRIES,
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
