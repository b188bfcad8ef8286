//! Signing a request to a service by SigV4.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Body, Method, Request, Url};

use super::Service;

/// A request before it is signed.
pub(super) struct UnsignedRequest {
    pub(super) service: Service,
    pub(super) region: String,
    pub(super) url: Url,
    /// The service's API with the operation, `AmazonSQS.SendMessage`.
    pub(super) target: String,
    pub(super) body: Vec<u8>,
}

impl UnsignedRequest {
    /// The request, signed with `credentials` as of `time`. None if a header can't hold what they
    /// have.
    pub(super) fn signed(&self, credentials: Credentials, time: SystemTime) -> Option<Request> {
        let identity = credentials.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service.signing_name())
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .ok()?;
        let content_type = self.service.content_type();
        let headers = [("content-type", content_type), ("x-amz-target", &self.target)];
        let body = SignableBody::Bytes(&self.body);
        let signable =
            SignableRequest::new("POST", self.url.as_str(), headers.into_iter(), body).ok()?;
        let (instructions, _) = sign(signable, &params.into()).ok()?.into_parts();

        let mut request = Request::new(Method::POST, self.url.clone());
        for (name, value) in instructions.headers().chain([("x-amz-target", self.target.as_str())])
        {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            request.headers_mut().insert(name, HeaderValue::from_str(value).ok()?);
        }
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        *request.body_mut() = Some(Body::from(self.body.clone()));
        Some(request)
    }
}
