//! Where a secret comes from.

use std::time::Instant;

use secrecy::SecretString;

use crate::aws;

/// Where a secret comes from.
pub enum Source {
    /// The setting holds it.
    Value(SecretString),
    /// The setting names it.
    Remote(Arn),
}

/// A secret's name in AWS.
pub struct Arn {
    service: Service,
    region: String,
    arn: String,
}

enum Service {
    SecretsManager,
    ParameterStore,
}

impl Source {
    /// What a setting's text says. `None` for an ARN of anything but a secret or a parameter.
    pub fn parse(text: String) -> Option<Source> {
        if !text.starts_with("arn:") {
            return Some(Source::Value(text.into()));
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [_, _, service, region, _, resource] = parts[..] else { return None };
        let service = match service {
            "secretsmanager" if resource.starts_with("secret:") => Service::SecretsManager,
            "ssm" if resource.starts_with("parameter/") => Service::ParameterStore,
            _ => return None,
        };
        if region.is_empty() {
            return None;
        }
        Some(Source::Remote(Arn { service, region: region.to_owned(), arn: text }))
    }
}

impl Arn {
    /// The secret's value, asked for until `until`. The client is made anew each time: that is once in minutes.
    ///
    /// # Errors
    /// What AWS said instead.
    pub(super) async fn fetch(&self, until: Instant) -> Result<SecretString, aws::Failure> {
        let config = aws::config(Some(self.region.clone())).await;
        let ask = async || {
            let value = match self.service {
                Service::SecretsManager => {
                    let asked = aws_sdk_secretsmanager::Client::new(&config).get_secret_value().secret_id(&self.arn);
                    asked.send().await?.secret_string
                }
                Service::ParameterStore => {
                    let asked = aws_sdk_ssm::Client::new(&config).get_parameter().name(&self.arn).with_decryption(true);
                    asked.send().await?.parameter.and_then(|parameter| parameter.value)
                }
            };
            value.map(SecretString::from).ok_or_else(|| aws::Failure::Refused("it holds no text".to_owned()))
        };
        // On the heap, because it is large and seldom made.
        Box::pin(aws::ask(until, ask)).await
    }
}
