//! `mapper doctor`: the faults of a deployment, and how to fix them. It changes nothing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Error, Result};
use serde::Serialize;
use serde_json::json;
use tokio::runtime::Handle;

use super::aws::AwsError;
use super::checks::deployment::Deployment;
use super::checks::{Check, Finding, Level, function, network, queue, secrets, trigger, users};
use super::names::{FunctionName, pool_id};
use super::rights::{On, PrintPolicy, Right};
use super::talk::{Usage, say};
use super::{interrupt, place};
use crate::terminal;

/// Find the faults of a deployment, and say how to fix them.
///
/// Checks the pool's trigger and its permission, both functions, the mapper, settings and secrets,
/// the queue, redelivery, the VPC, whether this machine reaches the backend, and what may be
/// written to users; both functions map an event in a dry run, which sends nothing. Faults come
/// first, each with its reason and its fix, then warnings, then every check by its name. If AWS
/// does not allow a check, one line says what it needs, and the other checks are still made. It
/// fetches and shows no value of a secret, and no user.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper doctor eu-central-1_AbCdEf123
  mapper doctor eu-central-1_AbCdEf123 --function users

Exit status: 0 if there is no fault, though there may be warnings, 1 if there is one.")]
pub struct Args {
    /// The user pool's id.
    #[arg(value_name = "POOL", value_parser = pool_id)]
    pool: String,
    /// The function, by the argument that named it once.
    #[arg(hide = true)]
    former: Option<String>,
    #[command(flatten)]
    function: FunctionName,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    policy: PrintPolicy,
}

const CHECKS: [(&str, Check); 26] = [
    ("pool", trigger::pool),
    ("trigger", trigger::trigger),
    ("permission", trigger::permission),
    ("function", function::function),
    ("timeout", function::timeout),
    ("memory", function::memory),
    ("layer", function::layer),
    ("architecture", function::architecture),
    ("dry run", function::dry_runs),
    ("backend's address", function::api_url),
    ("backend", network::backend),
    ("VPC", network::vpc),
    ("secrets", secrets::secrets),
    ("logs", function::logs),
    ("concurrency", function::concurrency),
    ("queue", queue::queue),
    ("queue's settings", queue::kept),
    ("dead-letter queue", queue::dead_letter_queue),
    ("sending to the queue", queue::may_send),
    ("taking from the queue", queue::may_receive),
    ("redelivery", queue::redelivery),
    ("event source mapping", queue::mapping),
    ("waiting users", queue::waiting),
    ("rights on users", users::rights),
    ("attributes", users::attributes),
    ("groups", users::groups),
];
/// How many checks are made at once.
const AT_ONCE: usize = 8;
/// The width of a check's name in the report.
const WIDTH: usize = 23;

/// A check that was made.
struct Made {
    name: &'static str,
    found: Vec<Finding>,
}

/// A finding as machines read it.
#[derive(Serialize)]
struct Line<'a> {
    check: &'a str,
    #[serde(flatten)]
    finding: &'a Finding,
}

/// What it needs.
const RIGHTS: [Right; 6] = [
    (On::Pool, &["cognito-idp:DescribeUserPool", "cognito-idp:GetGroup"]),
    (
        On::Functions,
        &[
            "lambda:GetFunctionConfiguration",
            "lambda:GetFunctionConcurrency",
            "lambda:GetPolicy",
            "lambda:InvokeFunction",
        ],
    ),
    (On::Queue, &["sqs:GetQueueAttributes"]),
    (On::DeadLetters, &["sqs:GetQueueAttributes"]),
    (On::Roles, &["iam:SimulatePrincipalPolicy"]),
    (
        On::Everything,
        &[
            "lambda:GetLayerVersion",
            "lambda:ListEventSourceMappings",
            "secretsmanager:DescribeSecret",
            "ssm:DescribeParameters",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeVpcEndpoints",
        ],
    ),
];

pub fn run(args: &Args) -> Result<bool> {
    if let Some(former) = &args.former {
        let said = format!("name the function with `--function {former}`, as in the other recipes");
        return Err(Usage(said).into());
    }
    let names = args.function.names();
    if args.policy.print(&RIGHTS, &names, Some(&args.pool))? {
        return Ok(true);
    }
    let place = match place::locate(Some(&args.pool)) {
        // The checks say what else AWS does not allow.
        Err(error) if lacks_a_right(&error) => format!("account unknown: {error:#}"),
        place => place?,
    };
    // JSON is one document.
    if !args.json {
        say(place);
    }
    let made = all(&Deployment::new(&args.pool, names));
    // Checks that were interrupted could not be made, but that says nothing.
    interrupt::check()?;
    let findings: Vec<Line<'_>> = made
        .iter()
        .flat_map(|made| made.found.iter().map(|finding| Line { check: made.name, finding }))
        .collect();
    let [faults, warnings, missing] = [Level::Fault, Level::Warning, Level::NotChecked]
        .map(|level| findings.iter().filter(|line| line.finding.level == level).count());
    if args.json {
        terminal::json(&json!({ "findings": findings, "faults": faults, "warnings": warnings }))?;
    } else {
        for (level, name) in [(Level::Fault, "fault"), (Level::Warning, "warning")] {
            for Line { check, finding } in &findings {
                if finding.level == level {
                    let Finding { what, why, fix, .. } = finding;
                    say(format!("{name}: {check}: {what}\n  because: {why}\n  fix: {fix}\n"));
                }
            }
        }
        made.iter().for_each(Made::line);
        say(format!("\n{faults} faults, {warnings} warnings, {missing} checks not made"));
    }
    Ok(faults == 0)
}

fn lacks_a_right(error: &Error) -> bool {
    error.downcast_ref::<AwsError>().is_some_and(|error| error.missing_right().is_some())
}

/// Makes all checks, several at once.
fn all(deployment: &Deployment) -> Vec<Made> {
    let (next, runtime) = (AtomicUsize::new(0), Handle::current());
    let mut made: Vec<Made> = thread::scope(|threads| {
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|_| threads.spawn(|| remaining(deployment, &next, &runtime)))
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    made.sort_by_key(|made| CHECKS.iter().position(|(name, _)| *name == made.name));
    made
}

/// Makes checks as long as there are some that no thread has begun: `next` is the place of the
/// first one.
fn remaining(deployment: &Deployment, next: &AtomicUsize, runtime: &Handle) -> Vec<Made> {
    let _entered = runtime.enter();
    let mut made = Vec::new();
    while let Some((name, check)) = CHECKS.get(next.fetch_add(1, Ordering::SeqCst)) {
        let mut found = Vec::new();
        if let Err(reason) = check(deployment, &mut found) {
            found.push(reason.into_finding());
        }
        made.push(Made { name, found });
    }
    made
}

impl Made {
    /// Says in one line how the check ended.
    fn line(&self) {
        let missing = self.found.iter().find(|finding| finding.level == Level::NotChecked);
        let missing = missing.map(|finding| format!("could not be checked: {}", finding.what));
        let level = match (self.has(Level::Fault), self.has(Level::Warning)) {
            (true, _) => Some("fault"),
            (false, true) => Some("warning"),
            (false, false) => None,
        };
        let said = match (level, missing) {
            (Some(level), Some(missing)) => format!("{level}; {missing}"),
            (None, Some(missing)) => missing,
            (level, None) => level.unwrap_or("ok").to_owned(),
        };
        say(format!("{:WIDTH$}{said}", self.name));
    }

    fn has(&self, level: Level) -> bool {
        self.found.iter().any(|finding| finding.level == level)
    }
}
