//! `mapper reconcile`: users of a pool are queued as if they had just been confirmed, so the
//! backend gets those that it lacks.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, bail};
use post_confirmation_host::writable;
use serde_json::{Map, Value, json};

use super::answer::{self, Unexpected};
use super::aws::{self, AwsError};
use super::names::{FunctionName, pool_id, region_of};
use super::queueing::{Entry, Queueing};
use super::rights::{On, PrintPolicy, Right};
use super::talk::{self, Yes, say};
use super::{changes, place};

/// Queue users of a pool that the backend may lack: all, or those named.
///
/// Puts the event that Cognito would have sent after each user's confirmation into the queue
/// NAME-undelivered; redelivery takes it from there. The event's id is that of the confirmation, so
/// a backend that honours it gets each user once even if this runs again: after an interruption,
/// run it again.
///
/// Users of status CONFIRMED, EXTERNAL_PROVIDER (federated) and RESET_REQUIRED (confirmed, a new
/// password is due) are queued, disabled ones too: the backend should know them. Others are counted
/// and left out. With --all it says about how many users the pool has, and asks.
#[derive(clap::Args)]
#[command(
    override_usage = "mapper reconcile [OPTIONS] <POOL> <--all|USER...>",
    group = clap::ArgGroup::new("which").required(true).args(["all", "user"]),
    after_help = "Examples:
  mapper reconcile eu-central-1_AbCdEf123 --all
  mapper reconcile eu-central-1_AbCdEf123 alice bob

Exit status: 0 if all of them are queued, 1 if a USER is unknown, you did not agree, or SQS did not take a
user. The output has that user's `sub`, and all others are queued."
)]
pub struct Args {
    /// The user pool's id.
    #[arg(value_name = "POOL", value_parser = pool_id)]
    pool: String,
    /// A user's name in the pool, or its sub.
    #[arg(value_name = "USER")]
    user: Vec<String>,
    /// All users of the pool.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    function: FunctionName,
    #[command(flatten)]
    yes: Yes,
    #[command(flatten)]
    policy: PrintPolicy,
}

/// The statuses that are queued, each with the status in the event of the confirmation.
/// RESET_REQUIRED: "User is confirmed, but the user must request a code and reset their password
/// before they can sign in" (UserType in Cognito's API reference). Imported users have it.
const STATUSES: [(&str, &str); 3] = [
    ("CONFIRMED", "CONFIRMED"),
    ("EXTERNAL_PROVIDER", "EXTERNAL_PROVIDER"),
    ("RESET_REQUIRED", "CONFIRMED"),
];
/// The most that ListUsers takes.
const PAGE: u64 = 60;

/// What became of the users.
struct Report<'a> {
    queueing: Queueing<'a>,
    /// How many were left out, by status.
    left_out: BTreeMap<String, usize>,
    /// The places of unknown users among the arguments.
    unknown: Vec<usize>,
}

/// What it needs.
const RIGHTS: [Right; 2] = [
    (On::Pool, &["cognito-idp:ListUsers", "cognito-idp:DescribeUserPool"]),
    (On::Queue, &["sqs:GetQueueUrl", "sqs:SendMessage"]),
];

pub fn run(args: &Args) -> Result<bool> {
    let names = args.function.names();
    if args.policy.print(&RIGHTS, &names, Some(&args.pool))? {
        return Ok(true);
    }
    place::announce(Some(&args.pool))?;
    let queue = names.queue();
    let Some(found) = aws::find("sqs", "get-queue-url", json!({ "QueueName": queue }))? else {
        bail!("there is no queue {queue} in this account and region");
    };
    if args.all {
        confirm(&args.pool, &queue, &args.yes)?;
    }
    let mut report = Report {
        queueing: Queueing::new(answer::text(&found, "QueueUrl")?),
        left_out: BTreeMap::new(),
        unknown: Vec::new(),
    };
    // The error says how many are queued.
    changes::leave("");
    let done =
        if args.all { report.every(&args.pool) } else { report.named(&args.pool, &args.user) };
    report.tell();
    done.map_err(|error| {
        let queued = report.queueing.queued();
        anyhow!("{error:#}\n{queued} users are queued; run this again, it does no harm")
    })?;
    Ok(report.queueing.refused().is_empty() && report.unknown.is_empty())
}

/// Says how many users there are, and asks whether to queue all of them.
fn confirm(pool: &str, queue: &str, yes: &Yes) -> Result<()> {
    let asked = json!({ "UserPoolId": pool });
    let found = aws::call("cognito-idp", "describe-user-pool", asked)?;
    let described = answer::object(&found, "UserPool")?;
    let count = described["EstimatedNumberOfUsers"].as_u64();
    let count = count.map_or_else(|| "an unknown number of".to_owned(), |count| count.to_string());
    let name = answer::text(described, "Name")?;
    say(format!("user pool {pool} ({name}) has about {count} users."));
    talk::require(&format!("Put every confirmed user into {queue}?"), yes, "nothing was queued")
}

impl Report<'_> {
    /// Queues all users of the pool, page by page.
    fn every(&mut self, pool: &str) -> Result<()> {
        let mut asked = json!({ "UserPoolId": pool, "Limit": PAGE });
        loop {
            let page = list_users(&asked)?;
            self.queue(pool, answer::list(&page, "Users")?)?;
            match answer::filled(&page, "PaginationToken") {
                Some(token) => asked["PaginationToken"] = token.into(),
                None => return Ok(()),
            }
        }
    }

    /// Queues the users with these names or subs.
    fn named(&mut self, pool: &str, users: &[String]) -> Result<()> {
        for (place, user) in users.iter().enumerate() {
            match find(pool, user)? {
                Some(found) => self.queue(pool, &[found])?,
                None => self.unknown.push(place + 1),
            }
        }
        Ok(())
    }

    fn queue(&mut self, pool: &str, page: &[Value]) -> Result<()> {
        let mut entries = Vec::new();
        for user in page {
            let status = answer::text(user, "UserStatus")?;
            match STATUSES.iter().find(|(queued, _)| *queued == status) {
                Some((_, confirmed)) => entries.push(entry(pool, user, confirmed)?),
                None => *self.left_out.entry(status.to_owned()).or_default() += 1,
            }
        }
        self.queueing.put(&entries)?;
        let left_out: usize = self.left_out.values().sum();
        say(format!("{} queued, {left_out} left out", self.queueing.queued()));
        Ok(())
    }

    /// Says which users were not queued, and why.
    fn tell(&self) {
        for (status, count) in &self.left_out {
            say(format!("left out: {count} of status {status}"));
        }
        if !self.unknown.is_empty() {
            let places: Vec<String> = self.unknown.iter().map(usize::to_string).collect();
            say(format!("unknown: argument {} of the users given", places.join(", ")));
        }
        for (sub, code) in self.queueing.refused().iter() {
            say(format!("not queued: {sub} ({code})"));
        }
    }
}

fn list_users(asked: &Value) -> Result<Value, AwsError> {
    aws::call_with("cognito-idp", "list-users", asked, &["--no-paginate".as_ref()])
}

/// The user with this name or sub.
fn find(pool: &str, user: &str) -> Result<Option<Value>> {
    let quoted = user.replace('\\', "\\\\").replace('"', "\\\"");
    for attribute in ["username", "sub"] {
        let filter = format!("{attribute} = \"{quoted}\"");
        let found = list_users(&json!({ "UserPoolId": pool, "Filter": filter, "Limit": 1 }))?;
        if let Some(user) = answer::list(&found, "Users")?.first() {
            return Ok(Some(user.clone()));
        }
    }
    Ok(None)
}

/// The event of the user's confirmation with this status. The app client is not known, so it is
/// left out.
fn entry(pool: &str, user: &Value, status: &str) -> Result<Entry, Unexpected> {
    let mut attributes = Map::new();
    for attribute in answer::items(user, "Attributes") {
        let value = attribute["Value"].as_str().unwrap_or_default();
        attributes.insert(answer::text(attribute, "Name")?.to_owned(), value.into());
    }
    let sub = attributes.get("sub").and_then(Value::as_str).unwrap_or_default();
    let sub = sub.to_owned();
    attributes.insert("cognito:user_status".to_owned(), status.into());
    let event = json!({
        "version": "1",
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "region": region_of(pool),
        "userPoolId": pool,
        "userName": answer::text(user, "Username")?,
        "callerContext": {},
        "request": { "userAttributes": attributes },
        "response": {},
    });
    Ok(Entry { sub, body: writable(&event.to_string()) })
}
