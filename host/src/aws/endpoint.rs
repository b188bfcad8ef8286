//! The addresses of the services of AWS, and how each is spoken to.

use std::collections::BTreeMap;

use reqwest::Url;

/// A service that the host asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are AWS's")]
pub enum Service {
    Sqs,
    SecretsManager,
    Ssm,
    CognitoIdp,
}

/// The addresses that the environment sets.
#[derive(Default)]
pub struct Endpoints {
    /// `AWS_ENDPOINT_URL`: every service.
    pub all: Option<Url>,
    /// `AWS_ENDPOINT_URL_…`: one service, before `all`.
    pub own: BTreeMap<Service, Url>,
    /// `AWS_USE_FIPS_ENDPOINT`.
    pub fips: bool,
    /// `AWS_USE_DUALSTACK_ENDPOINT`.
    pub dual_stack: bool,
}

impl Service {
    /// Every service.
    pub const ALL: [Service; 4] =
        [Service::Sqs, Service::SecretsManager, Service::Ssm, Service::CognitoIdp];

    /// The service's own endpoint variable.
    pub fn variable(self) -> &'static str {
        match self {
            Service::Sqs => "AWS_ENDPOINT_URL_SQS",
            Service::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            Service::Ssm => "AWS_ENDPOINT_URL_SSM",
            Service::CognitoIdp => "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER",
        }
    }

    /// The service's name in signatures and in its host.
    pub(super) fn signing_name(self) -> &'static str {
        match self {
            Service::Sqs => "sqs",
            Service::SecretsManager => "secretsmanager",
            Service::Ssm => "ssm",
            Service::CognitoIdp => "cognito-idp",
        }
    }

    /// What stands before the operation in `x-amz-target`.
    pub(super) fn target(self) -> &'static str {
        match self {
            Service::Sqs => "AmazonSQS",
            Service::SecretsManager => "secretsmanager",
            Service::Ssm => "AmazonSSM",
            Service::CognitoIdp => "AWSCognitoIdentityProviderService",
        }
    }

    /// The form of requests and answers.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Service::Sqs => "application/x-amz-json-1.0",
            Service::SecretsManager | Service::Ssm | Service::CognitoIdp => {
                "application/x-amz-json-1.1"
            }
        }
    }

    /// Whether the plain endpoint of a region of GovCloud is its FIPS endpoint.
    fn is_fips_in_gov_cloud(self) -> bool {
        matches!(self, Service::Sqs | Service::Ssm)
    }
}

impl Endpoints {
    /// The address of `service` in `region`. None if `region` cannot be a part of a host's name.
    pub(super) fn url(&self, service: Service, region: &str) -> Option<Url> {
        if let Some(url) = self.own.get(&service).or(self.all.as_ref()) {
            return Some(url.clone());
        }
        let is_label = region.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if region.is_empty() || !is_label {
            return None;
        }
        let (suffix, mut dual_stack) = suffixes(region);
        if service == Service::SecretsManager && suffix.starts_with("amazonaws.com") {
            // Its plain hosts have addresses of both generations.
            dual_stack = suffix;
        }
        let name = service.signing_name();
        let gov_cloud = region.starts_with("us-gov-") && service.is_fips_in_gov_cloud();
        let host = match (self.fips, self.dual_stack) {
            (true, true) => format!("{name}-fips.{region}.{dual_stack}"),
            (true, false) if gov_cloud => format!("{name}.{region}.{suffix}"),
            (true, false) => format!("{name}-fips.{region}.{suffix}"),
            (false, true) => format!("{name}.{region}.{dual_stack}"),
            (false, false) => format!("{name}.{region}.{suffix}"),
        };
        Url::parse(&format!("https://{host}/")).ok()
    }
}

/// The ends of hosts in the partition of `region`: plain, and for both generations of IP.
fn suffixes(region: &str) -> (&'static str, &'static str) {
    let prefix = region.splitn(3, '-').take(2).collect::<Vec<_>>().join("-");
    match prefix.as_str() {
        "cn-north" | "cn-northwest" => ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
        "us-iso" => ("c2s.ic.gov", "api.aws.ic.gov"),
        "us-isob" => ("sc2s.sgov.gov", "api.aws.scloud"),
        "us-isof" => ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
        "eu-isoe" => ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
        _ if region.starts_with("eusc-") => ("amazonaws.eu", "api.amazonwebservices.eu"),
        _ => ("amazonaws.com", "api.aws"),
    }
}

#[cfg(test)]
mod tests {
    use Service::{SecretsManager, Sqs, Ssm};

    use super::*;

    /// The host of `service`, with and without FIPS and both generations of IP.
    fn host(service: Service, region: &str, fips: bool, dual_stack: bool) -> Option<String> {
        let endpoints = Endpoints { fips, dual_stack, ..Endpoints::default() };
        endpoints.url(service, region)?.host_str().map(str::to_owned)
    }

    #[test]
    fn every_partition_has_its_own_hosts() {
        // As the rules of botocore 1.44 resolve them.
        for (service, region, expected) in [
            (Sqs, "eu-central-1", "sqs.eu-central-1.amazonaws.com"),
            (Ssm, "us-gov-west-1", "ssm.us-gov-west-1.amazonaws.com"),
            (SecretsManager, "cn-northwest-1", "secretsmanager.cn-northwest-1.amazonaws.com.cn"),
            (Sqs, "us-iso-east-1", "sqs.us-iso-east-1.c2s.ic.gov"),
            (Sqs, "us-isob-east-1", "sqs.us-isob-east-1.sc2s.sgov.gov"),
            (Sqs, "us-isof-south-1", "sqs.us-isof-south-1.csp.hci.ic.gov"),
            (Sqs, "eu-isoe-west-1", "sqs.eu-isoe-west-1.cloud.adc-e.uk"),
            (Sqs, "eusc-de-east-1", "sqs.eusc-de-east-1.amazonaws.eu"),
        ] {
            assert_eq!(host(service, region, false, false).as_deref(), Some(expected));
        }
    }

    #[test]
    fn fips_and_dual_stack_have_hosts_of_their_own() {
        for (service, region, fips, dual_stack, expected) in [
            (Sqs, "us-east-1", true, false, "sqs-fips.us-east-1.amazonaws.com"),
            (Sqs, "us-east-1", false, true, "sqs.us-east-1.api.aws"),
            (Sqs, "us-east-1", true, true, "sqs-fips.us-east-1.api.aws"),
            (Sqs, "us-gov-east-1", true, false, "sqs.us-gov-east-1.amazonaws.com"),
            (Ssm, "us-gov-east-1", true, false, "ssm.us-gov-east-1.amazonaws.com"),
            (Ssm, "us-gov-east-1", true, true, "ssm-fips.us-gov-east-1.api.aws"),
            (
                SecretsManager,
                "us-gov-east-1",
                true,
                false,
                "secretsmanager-fips.us-gov-east-1.amazonaws.com",
            ),
            (
                SecretsManager,
                "eu-central-1",
                false,
                true,
                "secretsmanager.eu-central-1.amazonaws.com",
            ),
            (Ssm, "cn-north-1", false, true, "ssm.cn-north-1.api.amazonwebservices.com.cn"),
            (Ssm, "eusc-de-east-1", false, true, "ssm.eusc-de-east-1.api.amazonwebservices.eu"),
        ] {
            assert_eq!(host(service, region, fips, dual_stack).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_is_no_region_leads_nowhere() {
        for region in ["", "eu central", "evil.example/", "a@b", "EU"] {
            assert_eq!(host(Sqs, region, false, false), None, "{region}");
        }
    }
}
