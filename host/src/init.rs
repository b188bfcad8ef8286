//! What happens around the run loop of `bootstrap`: panics, and failing to start.

use std::env;
use std::panic;

use reqwest::header::CONTENT_TYPE;

use crate::backend;
use crate::config::ConfigError;
use crate::error::SENTENCE;
use crate::handler::StartError;
use crate::mapper::LoadError;

/// Makes panics say where they arose and nothing else: their messages may hold parts of an event.
pub fn hide_panic_messages() {
    panic::set_hook(Box::new(|panic| match panic.location() {
        Some(location) => eprintln!("panicked at {location}"),
        None => eprintln!("panicked"),
    }));
}

/// The fixed name of what kept the function from starting.
pub fn error_type(error: &anyhow::Error) -> &'static str {
    if error.is::<ConfigError>() {
        return "Settings.Invalid";
    }
    match error.downcast_ref::<StartError>() {
        Some(StartError::Mapper(LoadError::Image(_) | LoadError::Link(_))) => "Mapper.Refused",
        Some(
            StartError::Mapper(LoadError::Engine(_) | LoadError::Thread(_))
            | StartError::Backend(_)
            | StartError::Thread(_),
        )
        | None => "Host.StartFailed",
    }
}

/// Tells Lambda that the function can't start. The message reaches the caller, so it is the constant sentence; the
/// reason is in the log.
///
/// # Errors
/// Lambda can't be told. The process ends all the same, which Lambda notices.
pub async fn tell_lambda(error_type: &str) -> anyhow::Result<()> {
    let api = env::var("AWS_LAMBDA_RUNTIME_API")?;
    // Lambda gives a host and a port; emulators also give a URL.
    let api = if api.contains("://") { api } else { format!("http://{api}") };
    let body = serde_json::json!({ "errorType": error_type, "errorMessage": SENTENCE, "stackTrace": [] });
    backend::client(&[])?
        .post(format!("{api}/2018-06-01/runtime/init/error"))
        .header(CONTENT_TYPE, "application/json")
        .header("lambda-runtime-function-error-type", error_type)
        .body(body.to_string())
        .send()
        .await?;
    Ok(())
}
