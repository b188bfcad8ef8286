//! The settings of the process, from environment variables.
//!
//! All faults are reported at once, each by its variable. A fault never repeats the value, which may be a secret. A
//! variable that is set to nothing counts as not set, as templates often leave it so.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::{backend, mapper};

/// Base of every request.
pub const BACKEND_API_URL: &str = "BACKEND_API_URL";
/// `on` allows `http` to any host.
pub const BACKEND_ALLOW_HTTP: &str = "BACKEND_ALLOW_HTTP";
/// Value of the `authorization` header.
pub const BACKEND_AUTHORIZATION: &str = "BACKEND_AUTHORIZATION";
/// File of extra roots, PEM.
pub const BACKEND_CA_FILE: &str = "BACKEND_CA_FILE";
/// Path of the mapper's image.
pub const MAPPER_IMAGE: &str = "MAPPER_IMAGE";
/// Longest time of one call of the mapper.
pub const MAPPER_TIMEOUT_MS: &str = "MAPPER_TIMEOUT_MS";
/// Memory of the mapper's sandbox.
pub const MAPPER_MEMORY_MB: &str = "MAPPER_MEMORY_MB";
/// `on` logs what the mapper says.
pub const MAPPER_LOGS: &str = "MAPPER_LOGS";
/// Beginning of the variables that the mapper sees without it.
pub const MAPPER_ENV: &str = "MAPPER_ENV_";
/// What Cognito gets where a user could not be delivered.
pub const ON_UNDELIVERED: &str = "ON_UNDELIVERED";
/// Everything is over by then.
pub const ANSWER_WITHIN_MS: &str = "ANSWER_WITHIN_MS";

/// Where a Lambda layer puts the image.
const LAYER_IMAGE: &str = "/opt/mapper.cwasm";
/// Cognito waits 5 seconds, which can't be changed; half a second of them is for the way there and back.
const ANSWER_WITHIN: (RangeInclusive<u64>, u64) = (200..=4900, 4500);
/// A mapper in Rust takes some 30 microseconds and one in Python some milliseconds; a cold and throttled function is
/// slower by a hundred times.
const MAPPER_TIMEOUT: (RangeInclusive<u64>, u64) = (10..=4900, 1000);
/// A mapper in Rust needs 2 MB, one in JavaScript or Python some 30; 4095 is the most that its memory can have.
const MAPPER_MEMORY: (RangeInclusive<u64>, u64) = (2..=4095, 64);

/// The settings of the process. It has no `Debug`: it holds secrets.
pub struct Config {
    /// The backend.
    pub backend: backend::Settings,
    /// The mapper.
    pub mapper: mapper::Settings,
    /// Whether what the mapper says is logged.
    pub mapper_logs: bool,
    /// What Cognito gets where a user could not be delivered.
    pub on_undelivered: OnUndelivered,
    /// From the start of the process, or from an event's arrival, to the answer.
    pub answer_within: Duration,
}

/// What Cognito gets where a user could not be delivered.
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
    pub fn from_vars(vars: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Config, ConfigError> {
        let vars = vars.into_iter().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let mut reader = Reader { vars: vars.collect(), faults: Vec::new() };

        let allow_http = reader.switch(BACKEND_ALLOW_HTTP);
        let api_url = reader.api_url(allow_http);
        let authorization = reader.authorization();
        let roots = reader.roots();
        let image = reader.image();
        let answer_within = reader.number(ANSWER_WITHIN_MS, ANSWER_WITHIN, "milliseconds");
        let timeout = reader.number(MAPPER_TIMEOUT_MS, MAPPER_TIMEOUT, "milliseconds");
        let memory = reader.number(MAPPER_MEMORY_MB, MAPPER_MEMORY, "megabytes");
        let variables = reader.mapper_variables();
        let mapper_logs = reader.switch(MAPPER_LOGS);
        let on_undelivered = reader.on_undelivered();
        if timeout >= answer_within {
            reader.fault(MAPPER_TIMEOUT_MS, format!("has to be less than {ANSWER_WITHIN_MS}"));
        }

        match api_url {
            Some(api_url) if reader.faults.is_empty() => Ok(Config {
                backend: backend::Settings { api_url, authorization, roots },
                mapper: mapper::Settings {
                    image,
                    timeout: Duration::from_millis(timeout),
                    memory: usize::try_from(memory << 20).unwrap_or(usize::MAX),
                    variables,
                },
                mapper_logs,
                on_undelivered,
                answer_within: Duration::from_millis(answer_within),
            }),
            _ => Err(ConfigError { faults: reader.faults }),
        }
    }
}

struct Reader {
    vars: BTreeMap<String, OsString>,
    faults: Vec<(String, String)>,
}

impl Reader {
    fn fault(&mut self, variable: &str, fault: impl Into<String>) {
        self.faults.push((variable.to_owned(), fault.into()));
    }

    fn text(&mut self, variable: &str) -> Option<String> {
        let value = self.vars.get(variable).filter(|value| !value.is_empty())?;
        match value.clone().into_string() {
            Ok(value) => Some(value),
            Err(_) => {
                self.fault(variable, "is not UTF-8");
                None
            }
        }
    }

    fn switch(&mut self, variable: &str) -> bool {
        match self.text(variable).as_deref() {
            Some("on") => true,
            Some("off") | None => false,
            Some(_) => {
                self.fault(variable, "has to be `on` or `off`");
                false
            }
        }
    }

    fn number(&mut self, variable: &str, (range, default): (RangeInclusive<u64>, u64), unit: &str) -> u64 {
        let Some(text) = self.text(variable) else { return default };
        match text.parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.fault(variable, format!("has to be a number of {unit} from {} to {}", range.start(), range.end()));
                default
            }
        }
    }

    fn api_url(&mut self, allow_http: bool) -> Option<Url> {
        let Some(text) = self.text(BACKEND_API_URL) else {
            if self.faults.iter().all(|(variable, _)| variable != BACKEND_API_URL) {
                self.fault(
                    BACKEND_API_URL,
                    "is not set; it is the base of every request, for example https://api.example.com/v1/",
                );
            }
            return None;
        };
        let url = Url::parse(&text).ok().filter(Url::has_host);
        let fault = match &url {
            None => "has to be an absolute URL, for example https://api.example.com/v1/",
            Some(url) if !matches!(url.scheme(), "https" | "http") => "has to begin with https://",
            Some(url) if url.scheme() == "http" && !allow_http && !is_loopback(url) => {
                "has to begin with https://; for http inside a private network set BACKEND_ALLOW_HTTP to on"
            }
            Some(url) if !url.username().is_empty() || url.password().is_some() => {
                "must not hold a user or a password; set BACKEND_AUTHORIZATION"
            }
            Some(url) if url.query().is_some() || url.fragment().is_some() => "must not hold a query or a fragment",
            Some(_) => return url,
        };
        self.fault(BACKEND_API_URL, fault);
        None
    }

    fn authorization(&mut self) -> Option<HeaderValue> {
        let text = self.text(BACKEND_AUTHORIZATION)?;
        match HeaderValue::from_str(&text) {
            Ok(mut value) if text.is_ascii() && !text.trim().is_empty() => {
                value.set_sensitive(true);
                Some(value)
            }
            _ => {
                self.fault(BACKEND_AUTHORIZATION, "is blank or holds a character that a header can't hold");
                None
            }
        }
    }

    fn roots(&mut self) -> Vec<CertificateDer<'static>> {
        let Some(file) = self.text(BACKEND_CA_FILE) else { return Vec::new() };
        let roots = CertificateDer::pem_file_iter(&file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let fault = match roots {
            Ok(roots) if roots.is_empty() => "names a file that holds no certificate; it has to be PEM",
            Ok(roots) if roots.iter().any(|root| RootCertStore::empty().add(root.clone()).is_err()) => {
                "names a file with a certificate that can't be a root"
            }
            Ok(roots) => return roots,
            Err(rustls::pki_types::pem::Error::Io(_)) => "names a file that can't be read",
            Err(_) => "names a file that is not PEM",
        };
        self.fault(BACKEND_CA_FILE, fault);
        Vec::new()
    }

    /// `MAPPER_IMAGE`, or the layer's image, or the one in the function's own package.
    fn image(&mut self) -> PathBuf {
        if let Some(image) = self.text(MAPPER_IMAGE) {
            return image.into();
        }
        match self.text("LAMBDA_TASK_ROOT") {
            Some(root) if !Path::new(LAYER_IMAGE).exists() => Path::new(&root).join("mapper.cwasm"),
            _ => LAYER_IMAGE.into(),
        }
    }

    fn mapper_variables(&mut self) -> Vec<(String, String)> {
        let names: Vec<String> = self.vars.keys().filter(|name| name.starts_with(MAPPER_ENV)).cloned().collect();
        let mut variables = Vec::new();
        for name in names {
            let value = self.text(&name).unwrap_or_default();
            match name.strip_prefix(MAPPER_ENV) {
                Some(own) if !own.is_empty() => variables.push((own.to_owned(), value)),
                _ => self.fault(&name, "has no name after the prefix"),
            }
        }
        variables
    }

    fn on_undelivered(&mut self) -> OnUndelivered {
        match self.text(ON_UNDELIVERED).as_deref() {
            Some("accept") | None => OnUndelivered::Accept,
            Some("reject") => OnUndelivered::Reject,
            Some(_) => {
                self.fault(ON_UNDELIVERED, "has to be `accept` or `reject`");
                OnUndelivered::Accept
            }
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
