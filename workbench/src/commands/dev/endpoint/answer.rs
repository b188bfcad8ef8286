//! What Lambda's Invoke API answers.

use http_body_util::Full;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use post_confirmation_host::error::{Rejection, SENTENCE};
use serde_json::json;
use serde_json::value::RawValue;

/// The most bytes of a payload, as in Lambda.
pub const TOO_LARGE: usize = 6 * 1024 * 1024;

/// A response.
pub type Response = hyper::Response<Full<Bytes>>;

/// What comes of a request.
pub enum Answer {
    /// The function's answer.
    Answered(Box<RawValue>),
    /// The function failed.
    Failed(Rejection),
    /// It was stopped, or panicked.
    Died,
    /// The event is taken, and nobody waits for its end.
    Accepted,
    /// It could be called.
    DryRun,
    /// The payload is not JSON.
    NoJson,
    /// The payload is too large.
    TooLarge,
    /// There is no such kind of invocation.
    UnknownKind,
    /// Not an invocation.
    UnknownOperation,
    /// Not from a program on this machine, for the reason.
    Forbidden(&'static str),
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Response {
        match answer {
            Answer::Answered(payload) => executed(payload.get().to_owned(), false),
            Answer::Failed(Rejection(error_type)) => executed(failure(error_type), true),
            Answer::Died => executed(failure("Runtime.ExitError"), true),
            Answer::Accepted => response(StatusCode::ACCEPTED, String::new()),
            Answer::DryRun => response(StatusCode::NO_CONTENT, String::new()),
            Answer::NoJson => refused(
                StatusCode::BAD_REQUEST,
                "InvalidRequestContentException",
                "Could not parse request body into json",
            ),
            Answer::TooLarge => refused(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestTooLargeException",
                &format!(
                    "Request must be smaller than {TOO_LARGE} bytes for the InvokeFunction operation"
                ),
            ),
            Answer::UnknownKind => refused(
                StatusCode::BAD_REQUEST,
                "InvalidParameterValueException",
                "X-Amz-Invocation-Type has to be RequestResponse, Event or DryRun",
            ),
            Answer::UnknownOperation => refused(
                StatusCode::NOT_FOUND,
                "UnknownOperationException",
                "`mapper dev` knows POST /2015-03-31/functions/NAME/invocations alone",
            ),
            Answer::Forbidden(reason) => {
                refused(StatusCode::FORBIDDEN, "AccessDeniedException", reason)
            }
        }
    }
}

/// What the runtime of a function reports of its failure.
fn failure(error_type: &str) -> String {
    json!({ "errorType": error_type, "errorMessage": SENTENCE }).to_string()
}

/// The answer of a function that ran, and whether it `failed`.
fn executed(body: String, failed: bool) -> Response {
    let mut response = response(StatusCode::OK, body);
    let headers = response.headers_mut();
    headers.insert("x-amz-executed-version", HeaderValue::from_static("$LATEST"));
    if failed {
        headers.insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
    }
    response
}

/// An error of the API itself.
fn refused(status: StatusCode, error: &'static str, message: &str) -> Response {
    let body = json!({ "Type": "User", "Message": message });
    let mut response = response(status, body.to_string());
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(error));
    response
}

fn response(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
