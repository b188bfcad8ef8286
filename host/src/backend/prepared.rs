//! A request that is ready to be sent, apart from what each attempt adds.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{StatusCode, Url};

use super::{WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP};
use crate::credentials::Credentials;
use crate::signing::signatures;

/// A checked request with everything that the host adds, except what is secret or new in each
/// attempt.
pub struct PreparedRequest {
    pub(super) event_id: String,
    pub(super) method: reqwest::Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    /// Attempts share it: there are many at once in a batch.
    pub(super) body: Bytes,
    pub(super) accept_status: Vec<StatusCode>,
}

impl PreparedRequest {
    /// The request of one attempt, with what `credentials` add.
    pub(super) fn with_credentials(&self, credentials: &Credentials) -> reqwest::Request {
        let mut request = reqwest::Request::new(self.method.clone(), self.url.clone());
        let mut headers = self.headers.clone();
        if let Some(authorization) = &credentials.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        if !credentials.signing.is_empty() {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            let signatures = signatures(&credentials.signing, &self.event_id, now, &self.body);
            headers.insert(WEBHOOK_TIMESTAMP, HeaderValue::from(now));
            // A signature is base64, which every header can hold.
            if let Ok(signatures) = HeaderValue::from_str(&signatures) {
                headers.insert(WEBHOOK_SIGNATURE, signatures);
            }
        }
        *request.headers_mut() = headers;
        *request.body_mut() = Some(self.body.clone().into());
        request
    }

    /// The method.
    pub fn method(&self) -> &str {
        self.method.as_str()
    }

    /// The whole address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The headers in the order in which they are sent, without those that each attempt adds.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The statuses besides 2xx that count as delivered.
    pub fn accept_status(&self) -> &[StatusCode] {
        &self.accept_status
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// How much memory it holds, in bytes: what a mapper can make large.
    pub fn size(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        self.body.len() + self.url.as_str().len() + headers.sum::<usize>()
    }
}

impl fmt::Debug for PreparedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedRequest")
            .field("method", &self.method)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
