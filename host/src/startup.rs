//! What `bootstrap` does around the function: it hides the messages of panics, and tells the log
//! and Lambda why the function can't start.

use std::env;
use std::panic;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Method, Request};

use crate::client::Client;
use crate::config::ConfigError;
use crate::error::{MAPPER_REFUSED, SENTENCE, SETTINGS_INVALID, START_FAILED};
use crate::function::StartError;
use crate::mapper::LoadError;
use crate::printable;

/// The longest wait for Lambda to take the reason of a failed start. It is on the same machine, and
/// gives a start ten seconds.
const TELL_TIMEOUT: Duration = Duration::from_secs(8);

/// The most that is written of an error, in bytes: it may hold names that a component has chosen.
const MAX_ERROR: usize = 8 * 1024;

/// Makes panics say their place in the code and nothing else: their messages may hold parts of an
/// event.
pub fn hide_panic_messages() {
    panic::set_hook(Box::new(|panic| match panic.location() {
        Some(location) => eprintln!("panicked at {location}"),
        None => eprintln!("panicked"),
    }));
}

/// Says on standard error why the process ends.
pub fn report_failure(error: &anyhow::Error) -> ExitCode {
    let text = format!("{error:#}");
    eprintln!("error: {}", printable::shown(printable::cut(&text, MAX_ERROR)));
    ExitCode::FAILURE
}

/// Tells Lambda that the function can't start, and why by a fixed name. The message reaches the
/// caller, so it is the constant sentence; the reason is in the log. If Lambda can't be told, it
/// still notices that the process ends.
pub async fn tell_lambda(error: &anyhow::Error) {
    if let Err(untold) = post_init_error(error_type(error)).await {
        eprintln!("error: Lambda could not be told: {untold:#}");
    }
}

/// The fixed name of what kept the function from starting.
fn error_type(error: &anyhow::Error) -> &'static str {
    if error.is::<ConfigError>() {
        return SETTINGS_INVALID;
    }
    match error.downcast_ref::<StartError>() {
        Some(StartError::Mapper(LoadError::Image(_) | LoadError::Link(_))) => MAPPER_REFUSED,
        _ => START_FAILED,
    }
}

async fn post_init_error(error_type: &'static str) -> anyhow::Result<()> {
    let api = env::var("AWS_LAMBDA_RUNTIME_API")?;
    // Lambda gives a host and a port; emulators also give a URL.
    let api = if api.contains("://") { api } else { format!("http://{api}") };
    let url = format!("{api}/2018-06-01/runtime/init/error").parse()?;
    let body =
        serde_json::json!({ "errorType": error_type, "errorMessage": SENTENCE, "stackTrace": [] });
    let mut request = Request::new(Method::POST, url);
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
        .headers_mut()
        .insert("lambda-runtime-function-error-type", HeaderValue::from_static(error_type));
    *request.body_mut() = Some(Body::from(body.to_string()));
    Client::new(&[])?.send(request, Instant::now() + TELL_TIMEOUT).await?;
    Ok(())
}
