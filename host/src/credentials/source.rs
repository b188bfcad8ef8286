//! The source of a secret: the setting itself, or a service of AWS.

use std::collections::BTreeMap;
use std::time::Instant;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::ValueError;
use crate::aws::{self, Aws, Service};

/// The source of a secret.
pub enum Source {
    /// The setting holds it.
    Value(SecretString),
    /// The setting names it.
    Remote(Arn),
}

/// A secret's name in AWS.
pub struct Arn {
    region: String,
    kind: Kind,
}

enum Kind {
    Secret(SecretId),
    Parameter(String),
}

/// `arn:…:secret:NAME`, or `arn:…:secret:NAME:KEY:STAGE:VERSION` as ECS and Lambda have it, each of
/// the last three of which may be empty.
struct SecretId {
    arn: String,
    key: Option<String>,
    stage: Option<String>,
    version: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue<'a> {
    secret_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_stage: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecretValue {
    secret_string: Option<SecretString>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameter<'a> {
    name: &'a str,
    with_decryption: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    parameter: Option<ParameterValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ParameterValue {
    value: Option<SecretString>,
}

impl Source {
    /// What a setting's text says. None for an ARN of anything but a secret or a parameter.
    pub fn parse(text: String) -> Option<Source> {
        if !text.starts_with("arn:") {
            return Some(Source::Value(text.into()));
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [_, _, service, region, _, resource] = parts[..] else { return None };
        if region.is_empty() {
            return None;
        }
        let kind = match service {
            "secretsmanager" => Kind::Secret(SecretId::parse(&text, resource)?),
            "ssm" if resource.starts_with("parameter/") => Kind::Parameter(text.clone()),
            _ => return None,
        };
        Some(Source::Remote(Arn { region: region.to_owned(), kind }))
    }
}

impl SecretId {
    /// The secret of `arn`, which ends with `resource`.
    fn parse(arn: &str, resource: &str) -> Option<SecretId> {
        let parts: Vec<&str> = resource.strip_prefix("secret:")?.split(':').collect();
        let selection = &parts[1..];
        if parts[0].is_empty() || selection.len() > 3 {
            return None;
        }
        let length = selection.iter().map(|part| part.len() + 1).sum::<usize>();
        Some(SecretId {
            arn: arn[..arn.len() - length].to_owned(),
            key: part(selection, 0),
            stage: part(selection, 1),
            version: part(selection, 2),
        })
    }
}

/// The part of a selection at `index`. None if it is absent or empty.
fn part(selection: &[&str], index: usize) -> Option<String> {
    selection.get(index).filter(|part| !part.is_empty()).map(ToString::to_string)
}

impl Arn {
    /// The secret's text, asked for until `until`.
    ///
    /// # Errors
    /// What AWS answered instead.
    pub(super) async fn fetch(
        &self,
        aws: &Aws,
        until: Instant,
    ) -> Result<SecretString, aws::Error> {
        let region = Some(self.region.as_str());
        let value = match &self.kind {
            Kind::Secret(id) => {
                let input = GetSecretValue {
                    secret_id: &id.arn,
                    version_stage: id.stage.as_deref(),
                    version_id: id.version.as_deref(),
                };
                let output =
                    aws.ask(Service::SecretsManager, region, "GetSecretValue", &input, until);
                output.await.map(|output: SecretValue| output.secret_string)?
            }
            Kind::Parameter(name) => {
                let input = GetParameter { name, with_decryption: true };
                let output = aws.ask(Service::Ssm, region, "GetParameter", &input, until);
                let output: Parameter = output.await?;
                output.parameter.and_then(|parameter| parameter.value)
            }
        };
        value.ok_or_else(|| aws::Error::Refused("it holds no text".to_owned()))
    }

    /// The part of a fetched text that the setting selects: all of it, or the value of a key.
    ///
    /// # Errors
    /// There is no such key.
    pub(super) fn select(&self, text: SecretString) -> Result<SecretString, ValueError> {
        let Kind::Secret(SecretId { key: Some(key), .. }) = &self.kind else { return Ok(text) };
        let members: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(text.expose_secret().trim_start_matches('\u{feff}'))
                .map_err(|_| ValueError::NotAnObject)?;
        match members.get(key) {
            Some(serde_json::Value::String(value)) => Ok(value.clone().into()),
            _ => Err(ValueError::NoSuchKey),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:backend-AbCdEf";

    fn parsed(end: &str) -> Option<[Option<String>; 4]> {
        match Source::parse(format!("{ARN}{end}"))? {
            Source::Remote(Arn { kind: Kind::Secret(id), .. }) => {
                Some([Some(id.arn), id.key, id.stage, id.version])
            }
            _ => None,
        }
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_secret_may_be_selected_by_key_stage_and_version() {
        assert_eq!(parsed(""), Some([some(ARN), None, None, None]));
        assert_eq!(parsed(":::"), Some([some(ARN), None, None, None]));
        assert_eq!(parsed(":token::"), Some([some(ARN), some("token"), None, None]));
        assert_eq!(parsed(":token"), Some([some(ARN), some("token"), None, None]));
        assert_eq!(
            parsed(":token:AWSPREVIOUS:"),
            Some([some(ARN), some("token"), some("AWSPREVIOUS"), None])
        );
        assert_eq!(
            parsed("::AWSPREVIOUS:v1"),
            Some([some(ARN), None, some("AWSPREVIOUS"), some("v1")])
        );
        assert_eq!(parsed(":a:b:c:d"), None);
    }
}
