//! The rights that each recipe needs, and printing them as a policy of IAM.

use std::env;

use anyhow::Result;
use serde_json::{Value, json};

use super::names::{Names, region_of};
use crate::terminal;

/// Printing the policy instead of doing anything.
#[derive(clap::Args)]
pub struct PrintPolicy {
    /// Print the policy of IAM that this needs, for any account, and do nothing else.
    #[arg(long)]
    print_policy: bool,
}

/// What rights are on.
#[derive(Clone, Copy)]
pub enum On {
    /// The pool.
    Pool,
    /// Both functions, with their versions and aliases.
    Functions,
    /// The roles of both functions.
    Roles,
    /// The role with which a pool sends text messages.
    SmsRole,
    /// The layer with the mapper.
    Layer,
    /// The queue.
    Queue,
    /// The dead-letter queue.
    DeadLetters,
    /// The log groups of both functions.
    LogGroups,
    /// Everything: AWS knows no narrower one, or the names are the operator's.
    Everything,
}

/// Rights on one kind of thing: `service:Operation`.
pub type Right = (On, &'static [&'static str]);

/// Operations whose rights have another name.
const CALLED_OTHERWISE: [(&str, &str); 3] = [
    ("ChangeMessageVisibilityBatch", "ChangeMessageVisibility"),
    ("Invoke", "InvokeFunction"),
    ("SendMessageBatch", "SendMessage"),
];
/// What reading the pool and changing its trigger needs.
pub const CHANGE_POOL: Right = (
    On::Pool,
    &[
        "cognito-idp:DescribeUserPool",
        "cognito-idp:GetUserPoolMfaConfig",
        "cognito-idp:UpdateUserPool",
    ],
);
/// An update of a pool hands over the role with which it sends text messages.
pub const PASS_SMS_ROLE: Right = (On::SmsRole, &["iam:PassRole"]);

/// The right that `aws SERVICE OPERATION` needs.
pub fn of_call(call: &str) -> String {
    let mut words = call.split(' ').skip(1);
    let (service, operation) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let operation: String = operation.split('-').map(capitalised).collect();
    let other = CALLED_OTHERWISE.iter().find(|(name, _)| *name == operation);
    format!("{service}:{}", other.map_or(operation.as_str(), |(_, right)| right))
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    match chars.next() {
        Some(first) => format!("{}{}", first.to_ascii_uppercase(), chars.as_str()),
        None => String::new(),
    }
}

impl PrintPolicy {
    /// Prints the policy with these rights if it is asked for, and returns whether it was.
    ///
    /// # Errors
    /// Standard output can't be written.
    pub fn print(&self, rights: &[Right], names: &Names, pool: Option<&str>) -> Result<bool> {
        if self.print_policy {
            let place = Place::new(pool);
            let statements: Vec<Value> =
                rights.iter().map(|right| place.statement(right, names, pool)).collect();
            terminal::json(&json!({ "Version": "2012-10-17", "Statement": statements }))?;
        }
        Ok(self.print_policy)
    }
}

/// The partition and the region in ARNs.
struct Place {
    partition: &'static str,
    region: String,
}

impl Place {
    /// The region of the pool, or else of the environment, or else any.
    fn new(pool: Option<&str>) -> Place {
        let of_pool = pool.map(|pool| region_of(pool).to_owned());
        let set = ["AWS_REGION", "AWS_DEFAULT_REGION"].map(|name| env::var(name).ok());
        let mut set = set.into_iter().flatten().filter(|region| !region.is_empty());
        let region = of_pool.or_else(|| set.next()).unwrap_or_else(|| "*".to_owned());
        let partition = match region.split('-').next() {
            Some("cn") => "aws-cn",
            Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        Place { partition, region }
    }

    fn statement(&self, (on, actions): &Right, names: &Names, pool: Option<&str>) -> Value {
        let mut statement = json!({
            "Effect": "Allow",
            "Action": actions,
            "Resource": self.resources(*on, names, pool),
        });
        if matches!(on, On::SmsRole) {
            statement["Condition"] =
                json!({ "StringEquals": { "iam:PassedToService": "cognito-idp.amazonaws.com" } });
        }
        statement
    }

    fn resources(&self, on: On, names: &Names, pool: Option<&str>) -> Vec<String> {
        match on {
            On::Pool => vec![self.arn("cognito-idp", "userpool/", pool.unwrap_or("*"))],
            On::Functions => {
                let both = names.functions().map(|name| self.arn("lambda", "function:", &name));
                let versions = both.each_ref().map(|function| format!("{function}:*"));
                [both, versions].concat()
            }
            // A stack's roles have its name before their own.
            On::Roles => vec![format!("arn:{}:iam::*:role/{}*", self.partition, names.function)],
            On::Layer => {
                let layer = self.arn("lambda", "layer:", &names.layer());
                vec![layer.clone(), layer + ":*"]
            }
            On::Queue => vec![self.arn("sqs", "", &names.queue())],
            On::DeadLetters => vec![self.arn("sqs", "", &names.dead_letters())],
            On::LogGroups => {
                let functions = names.functions().into_iter();
                let groups =
                    functions.map(|name| self.arn("logs", "log-group:/aws/lambda/", &name));
                groups.flat_map(|group| [group.clone(), group + ":*"]).collect()
            }
            On::SmsRole | On::Everything => vec!["*".to_owned()],
        }
    }

    /// The ARN, in any account, of what has this `name`, which comes after its `kind`.
    fn arn(&self, service: &str, kind: &str, name: &str) -> String {
        let Place { partition, region } = self;
        format!("arn:{partition}:{service}:{region}:*:{kind}{name}")
    }
}
