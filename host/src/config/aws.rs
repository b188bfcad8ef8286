//! Reading what the environment says about AWS, by the variables that its SDKs have.

use aws_credential_types::Credentials;
use reqwest::Url;

use super::reader::Reader;
use crate::aws::{self, Endpoints, Service};

impl Reader {
    /// Region, credentials and endpoints. Lambda sets the first two.
    pub(super) fn aws(&mut self) -> aws::Settings {
        let region = self.text("AWS_REGION").or_else(|| self.text("AWS_DEFAULT_REGION"));
        let id = self.text("AWS_ACCESS_KEY_ID");
        let key = self.text("AWS_SECRET_ACCESS_KEY");
        let token = self.text("AWS_SESSION_TOKEN");
        let credentials = match (id, key) {
            (Some(id), Some(key)) => Some(Credentials::new(id, key, token, None, "environment")),
            _ => None,
        };
        let ignored = self.flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
        let mut endpoints = Endpoints {
            fips: self.flag("AWS_USE_FIPS_ENDPOINT"),
            dual_stack: self.flag("AWS_USE_DUALSTACK_ENDPOINT"),
            ..Endpoints::default()
        };
        if !ignored {
            endpoints.all = self.endpoint("AWS_ENDPOINT_URL");
            for service in Service::ALL {
                if let Some(url) = self.endpoint(service.variable()) {
                    endpoints.own.insert(service, url);
                }
            }
        }
        aws::Settings { region, credentials, endpoints }
    }

    /// A switch as the SDKs of AWS write it.
    fn flag(&mut self, variable: &str) -> bool {
        self.one_of(variable, &[("false", false), ("true", true)])
    }

    fn endpoint(&mut self, variable: &str) -> Option<Url> {
        let text = self.text(variable)?;
        let url = Url::parse(&text)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if url.is_none() {
            self.fault(
                variable,
                "has to be an absolute URL, for example https://vpce-1.sqs.eu-central-1.vpce.amazonaws.com",
            );
        }
        url
    }
}
