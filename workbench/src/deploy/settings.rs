//! The function's settings: as a deployed function has them, and on a command line.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use post_confirmation_host::config::{self, Config, ConfigError};
use serde_json::Value;

use super::talk::Usage;

/// Settings, or other variables, by name. None is empty.
pub type Variables = BTreeMap<String, String>;

/// The settings that name secrets.
pub const SECRETS: [&str; 2] = [config::BACKEND_AUTHORIZATION, config::BACKEND_SIGNING_SECRET];
/// Settings of docs/reference.md that can't be given, and why. The function's own code checks the
/// values of the others.
const NOT_GIVEN: [(&str, &str); 3] = [
    (config::LOG_LEVEL, "Lambda sets it from the function's logging configuration"),
    (config::MAPPER_IMAGE, "the mapper is in the layer"),
    (config::UNDELIVERED_QUEUE_URL, "`create` makes the queue and sets it"),
];
/// Settings whose values the deploying machine can't check: a queue that is not made yet, a file
/// beside the function's program.
const ELSEWHERE: [&str; 2] = [config::BACKEND_CA_FILE, config::UNDELIVERED_QUEUE_URL];

/// Whether the function reads a variable of this name.
pub fn is_setting(name: &str) -> bool {
    config::NAMES.contains(&name) || name.starts_with(config::MAPPER_ENV)
}

/// The settings in a function's configuration that are not empty.
pub fn settings_of(configuration: &Value) -> Variables {
    let variables = configuration["Environment"]["Variables"].as_object();
    let texts = variables.into_iter().flatten().filter_map(|(name, value)| {
        Some((name.clone(), value.as_str().filter(|value| !value.is_empty())?.to_owned()))
    });
    texts.collect()
}

/// The variables `before` with the settings `given` in place of those of the same name. An empty
/// value removes one.
pub fn merged(before: &Variables, given: &Variables) -> Variables {
    let mut all = before.clone();
    all.extend(given.clone());
    all.retain(|_, value| !value.is_empty());
    all
}

/// The names of settings that are not the same in both.
pub fn differing(one: &Variables, other: &Variables) -> Vec<String> {
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    names.into_iter().filter(|name| one.get(*name) != other.get(*name)).cloned().collect()
}

/// The faults that the function itself finds in its settings: each variable with what is wrong,
/// without values.
pub fn faults(variables: &Variables) -> Vec<(String, String)> {
    let known = variables.iter().filter(|(name, _)| !ELSEWHERE.contains(&name.as_str()));
    let checked = Config::from_vars(known.map(|(name, value)| (name.into(), value.into())));
    let error = checked.err();
    let found = error.iter().flat_map(ConfigError::faults);
    found.map(|(variable, fault)| (variable.to_owned(), fault.to_owned())).collect()
}

/// The settings in the arguments `NAME=VALUE`. An empty value removes a setting.
///
/// # Errors
/// An argument is not a setting, or holds a secret. The message has no value.
pub fn given(arguments: &[String]) -> Result<Variables, Usage> {
    let settings = arguments.iter().map(|argument| {
        let found = setting(argument).map_err(|said| Usage(format!("argument --set: {said}")))?;
        Ok((found.0.to_owned(), found.1.to_owned()))
    });
    settings.collect()
}

/// The name and the value in `NAME=VALUE`.
fn setting(text: &str) -> Result<(&str, &str), String> {
    let (name, value) = text.split_once('=').ok_or("write a setting as NAME=VALUE")?;
    if let Some(why) = why_not_given(name) {
        return Err(format!("{name} can't be set here: {why}"));
    }
    let own = name.strip_prefix(config::MAPPER_ENV).is_some_and(is_word);
    if !own && !config::NAMES.contains(&name) {
        let known = config::NAMES.into_iter().filter(|name| why_not_given(name).is_none());
        let known: Vec<&str> = known.collect();
        return Err(format!(
            "there is no such setting; the settings are {}, {}*",
            known.join(", "),
            config::MAPPER_ENV
        ));
    }
    if SECRETS.contains(&name) && !value.is_empty() && !is_arn_of_secret(value) {
        return Err(format!(
            "{name} takes the ARN of a secret here, not the secret: a command ends up in the shell's history and in \
             the list of processes. Store it with `aws secretsmanager create-secret` and give the ARN that this \
             prints; for an existing one, see `aws secretsmanager describe-secret --secret-id NAME`"
        ));
    }
    Ok((name, value))
}

/// Why the setting `name` can't be given, if that is so.
fn why_not_given(name: &str) -> Option<&'static str> {
    NOT_GIVEN.iter().find(|(other, _)| *other == name).map(|(_, why)| *why)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether `text` is `arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME`, or a parameter's.
fn is_arn_of_secret(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, resource] = parts[..] else { return false };
    let named = [partition, region].iter().all(|text| is_word(&text.replace('-', "_")));
    let digits = !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit());
    let kind = match service {
        "secretsmanager" => "secret:",
        "ssm" => "parameter/",
        _ => return false,
    };
    let name = resource.strip_prefix(kind).unwrap_or_default();
    let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
    named && digits && is_name
}
