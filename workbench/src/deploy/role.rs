//! The roles of the two functions: only the rights that their settings need.

use anyhow::Result;
use serde_json::{Value, json};

use super::answer;
use super::aws;
use super::settings::{SECRETS, Variables};
use super::talk::say;

/// The rights that the trigger's function needs on the queue.
pub const SEND: [&str; 1] = ["sqs:SendMessage"];
/// The rights that an event source mapping needs:
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
pub const RECEIVE: [&str; 3] =
    ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];
/// The policy inside each role that these recipes own; others beside it are left alone.
const POLICY: &str = "post-confirmation";

/// What a function's policy depends on.
pub struct Needs<'a> {
    /// The ARN of its log group.
    pub log_group: String,
    /// The ARN of the queue.
    pub queue: &'a str,
    /// What it does with the queue.
    pub queue_actions: &'a [&'a str],
    /// Its settings.
    pub variables: &'a Variables,
}

impl Needs<'_> {
    /// The policy. `former` are the settings of the version that is live until the new one is.
    pub fn policy(&self, former: &Variables) -> Value {
        let mut statements = vec![
            statement(
                "Log",
                &["logs:CreateLogStream", "logs:PutLogEvents"],
                &format!("{}:*", self.log_group),
            ),
            statement("Queue", self.queue_actions, self.queue),
        ];
        for (number, name) in SECRETS.iter().enumerate() {
            let value = self.variables.get(*name);
            let before = former.get(*name).filter(|before| Some(*before) != value);
            let named =
                [(format!("Secret{number}"), value), (format!("Secret{number}Former"), before)];
            for (sid, arn) in named {
                if let Some((action, arn)) = arn.and_then(|arn| Some((reading(arn)?, whole(arn)))) {
                    statements.push(statement(&sid, &[action], &arn));
                }
            }
        }
        json!({ "Version": "2012-10-17", "Statement": statements })
    }
}

fn statement(sid: &str, actions: &[&str], resource: &str) -> Value {
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource })
}

/// The right to read the secret with this ARN. None if it is not the ARN of one.
pub fn reading(arn: &str) -> Option<&'static str> {
    match arn.strip_prefix("arn:")?.split(':').nth(1)? {
        "secretsmanager" => Some("secretsmanager:GetSecretValue"),
        "ssm" => Some("ssm:GetParameter"),
        _ => None,
    }
}

/// The ARN of the secret in `arn`, without `:KEY:STAGE:VERSION`, which selects a part of it.
pub fn whole(arn: &str) -> String {
    arn.split(':').take(7).collect::<Vec<_>>().join(":")
}

/// Makes or updates the role `name` with the policy `document`. Returns its ARN.
///
/// # Errors
/// What AWS refuses.
pub fn ensure_role(name: &str, document: &Value) -> Result<String> {
    let found = aws::find("iam", "get-role", json!({ "RoleName": name }))?;
    let there = match &found {
        Some(_) => aws::find("iam", "get-role-policy", named(name))?,
        None => None,
    };
    let mut state = if found.is_some() { "updated" } else { "created" };
    let role = match found {
        Some(role) => role,
        None => {
            let trust = json!({
                "Version": "2012-10-17",
                "Statement": [
                    { "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" },
                ],
            });
            let given = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust.to_string() });
            aws::call("iam", "create-role", given)?
        }
    };
    if there.is_some_and(|there| there["PolicyDocument"] == *document) {
        state = "exists";
    } else {
        put_policy(name, document)?;
    }
    say(format!("role {name}: {state}"));
    Ok(answer::text(&role["Role"], "Arn")?.to_owned())
}

/// Reduces the role `name` to the rights of `document`.
///
/// # Errors
/// What AWS refuses.
pub fn tidy_role(name: &str, document: &Value) -> Result<()> {
    let there = aws::call("iam", "get-role-policy", named(name))?;
    if there["PolicyDocument"] != *document {
        put_policy(name, document)?;
        say(format!("role {name}: no longer needs the former secrets"));
    }
    Ok(())
}

fn put_policy(name: &str, document: &Value) -> Result<()> {
    let document = json!({ "PolicyDocument": document.to_string() });
    aws::call("iam", "put-role-policy", answer::merged(named(name), &document))?;
    Ok(())
}

fn named(role: &str) -> Value {
    json!({ "RoleName": role, "PolicyName": POLICY })
}
