//! The settings of the process, from environment variables. This file owns names, ranges and
//! defaults; `config/` reads values of each kind.
//!
//! All faults are reported at once, each by its variable. A fault never repeats the value, which
//! may be a secret.
//!
//! One rule holds for every variable, those of the mapper included: blanks, tabs and line breaks
//! around a value are cut off, and what is then empty counts as not set, as templates often leave
//! it so. A control character inside is a fault.

mod aws;
mod effects;
mod reader;
mod roots;

use std::ffi::OsString;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crate::aws::Aws;
use crate::credentials::{self, CredentialStore, Sources};
use crate::effects::Allowed;
use crate::report::{Level, Log};
use crate::{backend, mapper};
use reader::Reader;

/// Base of every request.
pub const BACKEND_API_URL: &str = "BACKEND_API_URL";
/// `on` allows `http` to any host.
pub const BACKEND_ALLOW_HTTP: &str = "BACKEND_ALLOW_HTTP";
/// Value of the `authorization` header, or the ARN of a secret that holds it.
pub const BACKEND_AUTHORIZATION: &str = "BACKEND_AUTHORIZATION";
/// Secrets that sign every request, or the ARN of a secret that holds them.
pub const BACKEND_SIGNING_SECRET: &str = "BACKEND_SIGNING_SECRET";
/// File of extra roots, PEM.
pub const BACKEND_CA_FILE: &str = "BACKEND_CA_FILE";
/// Path of the mapper's image.
pub const MAPPER_IMAGE: &str = "MAPPER_IMAGE";
/// Time limit of one call of the mapper.
pub const MAPPER_TIMEOUT_MS: &str = "MAPPER_TIMEOUT_MS";
/// Memory of the mapper's sandbox.
pub const MAPPER_MEMORY_MB: &str = "MAPPER_MEMORY_MB";
/// `on` logs what the mapper says.
pub const MAPPER_LOGS: &str = "MAPPER_LOGS";
/// Beginning of the variables that the mapper sees without it.
pub const MAPPER_ENV: &str = "MAPPER_ENV_";
/// Time limit of one attempt.
pub const ATTEMPT_TIMEOUT_MS: &str = "ATTEMPT_TIMEOUT_MS";
/// Most attempts.
pub const MAX_ATTEMPTS: &str = "MAX_ATTEMPTS";
/// Path of the shadow mapper's image.
pub const SHADOW_MAPPER_IMAGE: &str = "SHADOW_MAPPER_IMAGE";
/// SQS queue for what could not be delivered.
pub const UNDELIVERED_QUEUE_URL: &str = "UNDELIVERED_QUEUE_URL";
/// Attributes of the Cognito user that mappers may set.
pub const COGNITO_ATTRIBUTES: &str = "COGNITO_ATTRIBUTES";
/// Groups to which mappers may add the Cognito user.
pub const COGNITO_GROUPS: &str = "COGNITO_GROUPS";
/// What Cognito gets if a user could not be delivered.
pub const ON_UNDELIVERED: &str = "ON_UNDELIVERED";
/// The time of a whole event.
pub const ANSWER_WITHIN_MS: &str = "ANSWER_WITHIN_MS";

/// How detailed the log is; Lambda sets it from the function's logging configuration.
pub const LOG_LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";

/// Every setting, besides those of the mapper, which begin with [`MAPPER_ENV`].
pub const NAMES: [&str; 18] = [
    ANSWER_WITHIN_MS,
    ATTEMPT_TIMEOUT_MS,
    LOG_LEVEL,
    BACKEND_ALLOW_HTTP,
    BACKEND_API_URL,
    BACKEND_AUTHORIZATION,
    BACKEND_CA_FILE,
    BACKEND_SIGNING_SECRET,
    COGNITO_ATTRIBUTES,
    COGNITO_GROUPS,
    MAPPER_IMAGE,
    MAPPER_LOGS,
    MAPPER_MEMORY_MB,
    MAPPER_TIMEOUT_MS,
    MAX_ATTEMPTS,
    ON_UNDELIVERED,
    SHADOW_MAPPER_IMAGE,
    UNDELIVERED_QUEUE_URL,
];

/// The image's path in a Lambda layer.
const LAYER_IMAGE: &str = "/opt/mapper.cwasm";
/// Cognito waits 5 seconds, which can't be changed; half a second of them is for the way there and
/// back. The values that are possible, and the default.
pub const ANSWER_WITHIN: (RangeInclusive<u64>, u64) = (200..=4900, 4500);
/// A backend behind a load balancer answers in some 100 milliseconds, a cold one of its instances
/// in a second.
const ATTEMPT_TIMEOUT: (RangeInclusive<u64>, u64) = (50..=60_000, 2000);
/// Three fit into the time for an answer unless the backend hangs; more help only if a batch is
/// redelivered.
const ATTEMPTS: (RangeInclusive<u64>, u64) = (1..=20, 3);
/// A mapper in Rust takes some 30 microseconds and one in Python some milliseconds; a cold and
/// throttled function is slower by a hundred times.
const MAPPER_TIMEOUT: (RangeInclusive<u64>, u64) = (10..=4900, 1000);
/// A mapper in Rust or JavaScript needs some 2 MB, one in Python some 13; 4095 is the most that its
/// memory can have. The values that are possible, and the default.
pub const MAPPER_MEMORY: (RangeInclusive<u64>, u64) = (2..=4095, 64);

/// The first one is the default.
const ON_UNDELIVERED_VALUES: [(&str, OnUndelivered); 2] =
    [("accept", OnUndelivered::Accept), ("reject", OnUndelivered::Reject)];
/// The first one is the default.
const LOG_LEVELS: [(&str, Level); 6] = [
    ("INFO", Level::Info),
    ("TRACE", Level::Trace),
    ("DEBUG", Level::Debug),
    ("WARN", Level::Warn),
    ("ERROR", Level::Error),
    ("FATAL", Level::Fatal),
];
/// Variables by which other programs are told to use a proxy.
const PROXIES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
const SWITCH: [(&str, bool); 2] = [("off", false), ("on", true)];

/// The settings of the process. It has no `Debug`: it holds secrets.
pub struct Config {
    /// The backend.
    pub backend: backend::Settings,
    /// The mapper.
    pub mapper: mapper::Settings,
    /// The shadow mapper.
    pub shadow: Option<mapper::Settings>,
    /// Whether what the mapper says is logged.
    pub mapper_logs: bool,
    /// The log.
    pub log: Log,
    /// The queue for what could not be delivered.
    pub queue_url: Option<String>,
    /// The services of AWS.
    pub aws: Arc<Aws>,
    /// What mappers may write to the Cognito user.
    pub allowed: Allowed,
    /// What Cognito gets if a user could not be delivered.
    pub on_undelivered: OnUndelivered,
    /// From the start of the process, or from an event's arrival, to the answer.
    pub answer_within: Duration,
    /// Variables that name a proxy, which nothing here uses.
    pub proxies: Vec<&'static str>,
}

/// What Cognito gets if a user could not be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUndelivered {
    /// Its event, as if all were well.
    Accept,
    /// An error with one constant sentence, which it shows to the user.
    Reject,
}

/// Everything that is wrong with the settings.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    faults: Vec<(String, String)>,
}

impl ConfigError {
    /// Each variable that is at fault, with what is wrong.
    pub fn faults(&self) -> impl Iterator<Item = (&str, &str)> {
        self.faults.iter().map(|(variable, fault)| (variable.as_str(), fault.as_str()))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings are not complete or not valid")?;
        self.faults.iter().try_for_each(|(variable, fault)| write!(f, "\n  {variable}: {fault}"))
    }
}

impl Config {
    /// Reads the settings from the environment.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn from_env() -> Result<Config, ConfigError> {
        Config::from_vars(std::env::vars_os())
    }

    /// Reads the settings from `vars`, names with values.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn from_vars(
        vars: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Config, ConfigError> {
        let mut reader = Reader::new(vars);

        let (backend, aws) = backend(&mut reader);
        let (mapper, answer_within) = mapper(&mut reader);
        let mapper_logs = mapper.backtraces;
        let shadow = reader.text(SHADOW_MAPPER_IMAGE);
        let log = reader.log();
        let queue_url = reader.queue_url();
        let on_undelivered = reader.one_of(ON_UNDELIVERED, &ON_UNDELIVERED_VALUES);
        let proxies = reader.proxies();
        let allowed =
            Allowed { attributes: reader.cognito_attributes(), groups: reader.cognito_groups() };
        // Everything is read by now, so that all faults are reported at once.
        let backend = match backend {
            Some(backend) if reader.faults.is_empty() => backend,
            _ => return Err(ConfigError { faults: reader.faults }),
        };
        Ok(Config {
            shadow: shadow.map(|image| mapper::Settings { image: image.into(), ..mapper.clone() }),
            mapper,
            mapper_logs,
            log,
            queue_url,
            aws,
            allowed,
            on_undelivered,
            answer_within,
            proxies,
            backend,
        })
    }
}

/// The backend, if it has an address, and the services of AWS, which may hold its secrets.
fn backend(reader: &mut Reader) -> (Option<backend::Settings>, Arc<Aws>) {
    let allow_http = reader.switch(BACKEND_ALLOW_HTTP);
    let api_url = reader.api_url(allow_http);
    let aws = Arc::new(Aws::new(reader.aws()));
    let sources = Sources {
        authorization: reader
            .secret(BACKEND_AUTHORIZATION, |value| credentials::header(value).map(drop)),
        signing: reader.secret(BACKEND_SIGNING_SECRET, |value| credentials::keys(value).map(drop)),
    };
    let credentials = CredentialStore::new(sources, aws.clone());
    let roots = reader.roots();
    let attempt_timeout = reader.number(ATTEMPT_TIMEOUT_MS, ATTEMPT_TIMEOUT, "milliseconds");
    let attempt_timeout = Duration::from_millis(attempt_timeout);
    let max_attempts = reader.number(MAX_ATTEMPTS, ATTEMPTS, "attempts");
    let max_attempts = usize::try_from(max_attempts).unwrap_or(usize::MAX);
    let backend = api_url.map(|api_url| backend::Settings {
        api_url,
        credentials,
        roots,
        attempt_timeout,
        max_attempts,
    });
    (backend, aws)
}

/// The mapper, and how long an event may take, which is longer than the mapper may.
fn mapper(reader: &mut Reader) -> (mapper::Settings, Duration) {
    let image = reader.image();
    let answer_within = reader.number(ANSWER_WITHIN_MS, ANSWER_WITHIN, "milliseconds");
    let timeout = reader.number(MAPPER_TIMEOUT_MS, MAPPER_TIMEOUT, "milliseconds");
    let memory = reader.number(MAPPER_MEMORY_MB, MAPPER_MEMORY, "megabytes");
    if timeout >= answer_within {
        reader.fault(MAPPER_TIMEOUT_MS, format!("has to be less than {ANSWER_WITHIN_MS}"));
    }
    let settings = mapper::Settings {
        image,
        timeout: Duration::from_millis(timeout),
        memory: usize::try_from(memory << 20).unwrap_or(usize::MAX),
        // Lambda hands over one event at a time, and the records of a batch are mapped one after
        // the other.
        sandboxes: 1,
        backtraces: reader.switch(MAPPER_LOGS),
        variables: reader.mapper_variables(),
        deterministic: false,
    };
    (settings, Duration::from_millis(answer_within))
}

/// `value` as every setting is read: without the blanks, tabs and line breaks around it, as files
/// and `$(…)` leave them. None if nothing is left.
pub fn trimmed(value: &str) -> Option<&str> {
    Some(value.trim()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
