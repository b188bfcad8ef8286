//! Why there is no answer of AWS, read from what the CLI writes.

use std::io;

use thiserror::Error;

use crate::deploy::interrupt::Interrupted;
use crate::deploy::rights;

/// The codes by which AWS says that something does not exist.
const NOT_FOUND: [&str; 5] = [
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchEntity",
    "ParameterNotFound",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
];
/// The codes by which AWS says that a right is missing, and what stands before the right then.
const DENIED: [&str; 3] = ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"];
const NOT_ALLOWED: &str = "is not authorized to perform: ";
/// What stands before the code in what the CLI writes about a refusal, and before AWS's words.
const REFUSED: (&str, &str) = ("An error occurred (", ") when calling the ");
/// What new releases write before every error.
const PREFIX: &str = "aws: [ERROR]: ";

/// Why there is no answer of AWS.
#[derive(Debug, Error)]
pub enum AwsError {
    /// AWS refuses.
    #[error("{call}: {code}: {message}{}", ask_for(missing_right(.call, .code, .message)))]
    Refused {
        /// `aws SERVICE OPERATION`.
        call: String,
        /// AWS's name for the reason.
        code: String,
        /// AWS's words.
        message: String,
    },
    /// The CLI itself failed.
    #[error("{call}: {message}")]
    Failed {
        /// `aws SERVICE OPERATION`.
        call: String,
        /// The CLI's words.
        message: String,
    },
    /// The CLI did not answer with JSON.
    #[error("{0}: the CLI did not answer with JSON")]
    NoJson(String),
    /// There is no CLI.
    #[error("the AWS CLI, `aws`, is not on the PATH: https://aws.amazon.com/cli")]
    NoCli,
    /// The CLI does not know what recipes send.
    #[error(
        "the AWS CLI, `aws`, is {has}, which is too old: install the newest version 2 ({two} or later; {one} or later \
         of version 1): https://aws.amazon.com/cli"
    )]
    Old {
        /// Its version.
        has: String,
        /// The oldest release of version 1 that will do.
        one: String,
        /// The same of version 2.
        two: String,
    },
    /// The CLI can't be started.
    #[error("the AWS CLI, `aws`, can't be run")]
    Run(#[from] io::Error),
    /// The person has interrupted the recipe.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl AwsError {
    /// From what the CLI said about `call`.
    pub fn new(call: String, said: &str) -> AwsError {
        let refusal = said.split_once(REFUSED.0).and_then(|(_, rest)| rest.split_once(REFUSED.1));
        let refusal = refusal.filter(|(code, _)| is_code(code));
        match refusal.and_then(|(code, rest)| Some((code, words(rest)?))) {
            Some((code, message)) => AwsError::Refused {
                call,
                code: code.to_owned(),
                message: message.trim().to_owned(),
            },
            None => {
                let said = said.trim();
                let message = said.strip_prefix(PREFIX).unwrap_or(said).to_owned();
                AwsError::Failed { call, message }
            }
        }
    }

    /// AWS's name for the reason; empty if AWS did not refuse.
    pub fn code(&self) -> &str {
        match self {
            AwsError::Refused { code, .. } => code,
            _ => "",
        }
    }

    /// Whether AWS says that something does not exist.
    pub fn is_not_found(&self) -> bool {
        NOT_FOUND.contains(&self.code())
    }

    /// The right, `service:Operation`, if AWS refuses because it is missing.
    pub fn missing_right(&self) -> Option<String> {
        match self {
            AwsError::Refused { call, code, message } => missing_right(call, code, message),
            _ => None,
        }
    }
}

/// The right that AWS's words name, or else that of the call; None if the code says something else.
fn missing_right(call: &str, code: &str, message: &str) -> Option<String> {
    if !DENIED.contains(&code) {
        return None;
    }
    let named = message.split_once(NOT_ALLOWED).and_then(|(_, rest)| rest.split(' ').next());
    let named = named.map(|right| right.trim_end_matches(['.', ',']));
    let named = named.filter(|right| is_right(right));
    Some(named.map_or_else(|| rights::of_call(call), str::to_owned))
}

/// Whether `text` is `service:Operation`.
fn is_right(text: &str) -> bool {
    text.contains(':') && text.chars().all(|c| c.is_ascii_alphanumeric() || "-:".contains(c))
}

fn ask_for(right: Option<String>) -> String {
    let Some(right) = right else { return String::new() };
    format!("\nAsk for the right {right}; `--print-policy` prints every right that a recipe needs")
}

/// AWS's words in `OPERATION operation: WORDS`. The CLI may say after `operation` how often it has
/// tried.
fn words(rest: &str) -> Option<&str> {
    let (_, rest) = rest.split_once(" operation")?;
    let rest = match rest.strip_prefix(" (reached max retries") {
        Some(tries) => tries.split_once(')')?.1,
        None => rest,
    };
    rest.strip_prefix(": ")
}

fn is_code(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')
}

#[cfg(test)]
mod tests {
    use super::AwsError;

    /// The right that is missing if AWS refuses with these words.
    fn missing(words: &str) -> String {
        let said =
            format!("An error occurred (AccessDenied) when calling the X operation: {words}");
        let error = AwsError::new("aws cognito-idp update-user-pool".to_owned(), &said);
        error.missing_right().unwrap()
    }

    #[test]
    fn a_refusal_is_told_by_its_code() {
        let said = "\nAn error occurred (QueueDoesNotExist) when calling the GetQueueUrl operation \
                    (reached max retries: 2): it is: gone\n";
        let error = AwsError::new("aws sqs get-queue-url".to_owned(), said);
        assert_eq!(error.code(), "QueueDoesNotExist");
        assert!(error.is_not_found());
        assert_eq!(error.to_string(), "aws sqs get-queue-url: QueueDoesNotExist: it is: gone");
    }

    #[test]
    fn the_missing_right_is_the_one_that_aws_names() {
        let words = "User: me is not authorized to perform: iam:PassRole on resource: role/x";
        assert_eq!(missing(words), "iam:PassRole");
        for words in ["no", "me is not authorized to perform: \u{1b}[31m:x on resource: y"] {
            assert_eq!(missing(words), "cognito-idp:UpdateUserPool");
        }
    }

    #[test]
    fn what_new_releases_write_first_is_left_out() {
        let said = "\naws: [ERROR]: Unable to locate credentials.\n";
        let error = AwsError::new("aws sts get-caller-identity".to_owned(), said);
        assert_eq!(error.to_string(), "aws sts get-caller-identity: Unable to locate credentials.");
    }
}
