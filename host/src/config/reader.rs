//! Reading variables one by one, with everything that can be wrong with each.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use reqwest::Url;
use secrecy::SecretString;

use super::{BACKEND_API_URL, LAYER_IMAGE, LOG_LEVEL, LOG_LEVELS};
use super::{MAPPER_ENV, MAPPER_IMAGE, PROXIES, SWITCH, UNDELIVERED_QUEUE_URL, trimmed};
use crate::credentials::{Source, ValueError};
use crate::printable;
use crate::report::Log;

/// The variables and what is wrong with them so far.
pub(super) struct Reader {
    vars: BTreeMap<String, OsString>,
    pub(super) faults: Vec<(String, String)>,
}

impl Reader {
    pub(super) fn new(vars: impl IntoIterator<Item = (OsString, OsString)>) -> Reader {
        let vars =
            vars.into_iter().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Reader { vars: vars.collect(), faults: Vec::new() }
    }

    pub(super) fn fault(&mut self, variable: &str, fault: impl Into<String>) {
        self.faults.push((variable.to_owned(), fault.into()));
    }

    /// The value of `variable`, by the one rule of all settings. Whatever reads a setting reads it
    /// from here, so what is checked is what is used.
    pub(super) fn text(&mut self, variable: &str) -> Option<String> {
        let value = self.vars.get(variable)?;
        let Some(value) = value.to_str() else {
            self.fault(variable, "is not UTF-8");
            return None;
        };
        let value = trimmed(value)?.to_owned();
        if value.contains(printable::is_hidden) {
            self.fault(
                variable,
                "holds a line break, a tab or another character that cannot be seen",
            );
            return None;
        }
        Some(value)
    }

    pub(super) fn switch(&mut self, variable: &str) -> bool {
        self.one_of(variable, &SWITCH)
    }

    /// One of `values` by its name in capitals or not. The first one if nothing is set.
    pub(super) fn one_of<T: Copy>(&mut self, variable: &str, values: &[(&str, T)]) -> T {
        let (_, default) = values[0];
        let Some(text) = self.text(variable) else { return default };
        match values.iter().find(|(name, _)| name.eq_ignore_ascii_case(&text)) {
            Some((_, value)) => *value,
            None => {
                let names: Vec<String> =
                    values.iter().map(|(name, _)| format!("`{name}`")).collect();
                self.fault(variable, format!("has to be {}", names.join(" or ")));
                default
            }
        }
    }

    pub(super) fn number(
        &mut self,
        variable: &str,
        (range, default): (RangeInclusive<u64>, u64),
        unit: &str,
    ) -> u64 {
        let Some(text) = self.text(variable) else { return default };
        match text.parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.fault(
                    variable,
                    format!(
                        "has to be a number of {unit} from {} to {}",
                        range.start(),
                        range.end()
                    ),
                );
                default
            }
        }
    }

    pub(super) fn api_url(&mut self, allow_http: bool) -> Option<Url> {
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
            Some(url) if url.query().is_some() || url.fragment().is_some() => {
                "must not hold a query or a fragment"
            }
            Some(_) => return url,
        };
        self.fault(BACKEND_API_URL, fault);
        None
    }

    /// A secret or its ARN. A value is checked here, so that a fault shows at the start.
    pub(super) fn secret(
        &mut self,
        variable: &'static str,
        check: impl FnOnce(&SecretString) -> Result<(), ValueError>,
    ) -> Option<(&'static str, Source)> {
        let source = Source::parse(self.text(variable)?);
        let fault = match &source {
            None => Some(
                "is an ARN, but not that of a secret of Secrets Manager or of a parameter of SSM"
                    .to_owned(),
            ),
            Some(Source::Value(value)) => check(value).err().map(|error| error.to_string()),
            Some(Source::Remote(_)) => None,
        };
        if let Some(fault) = fault {
            self.fault(variable, fault);
        }
        source.map(|source| (variable, source))
    }

    /// `MAPPER_IMAGE`, or the layer's image, or the one in the function's own package.
    pub(super) fn image(&mut self) -> PathBuf {
        if let Some(image) = self.text(MAPPER_IMAGE) {
            return image.into();
        }
        match self.text("LAMBDA_TASK_ROOT") {
            Some(root) if !Path::new(LAYER_IMAGE).exists() => Path::new(&root).join("mapper.cwasm"),
            _ => LAYER_IMAGE.into(),
        }
    }

    pub(super) fn mapper_variables(&mut self) -> Vec<(String, String)> {
        let names: Vec<String> =
            self.vars.keys().filter(|name| name.starts_with(MAPPER_ENV)).cloned().collect();
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

    /// The proxies that are set for other programs.
    pub(super) fn proxies(&self) -> Vec<&'static str> {
        PROXIES.into_iter().filter(|name| self.is_set(name)).collect()
    }

    fn is_set(&self, variable: &str) -> bool {
        let value = self.vars.get(variable).and_then(|value| value.to_str());
        value.and_then(trimmed).is_some()
    }

    pub(super) fn log(&mut self) -> Log {
        Log {
            level: self.one_of(LOG_LEVEL, &LOG_LEVELS),
            function: self.text("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(),
        }
    }

    pub(super) fn queue_url(&mut self) -> Option<String> {
        let text = self.text(UNDELIVERED_QUEUE_URL)?;
        let fault = match Url::parse(&text) {
            Ok(url) if url.path().ends_with(".fifo") => {
                "must not be a FIFO queue: one user would wait for another"
            }
            Ok(url) if is_queue(&url) => return Some(url.into()),
            Ok(_) => {
                "has to be the URL of a queue, for example https://sqs.eu-central-1.amazonaws.com/123456789012/undelivered"
            }
            Err(_) => "has to be the URL of a queue; it is not its name or ARN",
        };
        self.fault(UNDELIVERED_QUEUE_URL, fault);
        None
    }
}

/// Whether `url` has the form of a standard queue's, of SQS or of a stand-in. Any other would fail
/// when it is needed.
fn is_queue(url: &Url) -> bool {
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let name = url.path().rsplit('/').next().unwrap_or_default();
    let named =
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    bare && named && matches!(url.scheme(), "https" | "http") && (1..=80).contains(&name.len())
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
