//! The mapping: an event and the settings in, a request or a skip out. Pure, but for notes on
//! standard error.

use serde_json::{Map, Value};

use crate::bindings::cognito::post_confirmation::types::{
    Attribute, Error, Event, Header, Method, Outcome, Request, TriggerSource,
};
use crate::fields;
use crate::names::custom;
use crate::settings::Settings;

/// Maps `event` by the settings that `lookup` finds. `clientMetadata` is never copied: whoever
/// signs up can write anything into it.
pub fn map(event: &Event, lookup: impl Fn(&str) -> Option<String>) -> Result<Outcome, Error> {
    match &event.trigger_source {
        TriggerSource::ConfirmSignUp => {}
        TriggerSource::ConfirmForgotPassword => {
            return Ok(Outcome::Skip("password-reset".to_owned()));
        }
        TriggerSource::Other(_) => return Ok(Outcome::Skip("unknown-trigger-source".to_owned())),
    }
    let settings = Settings::from_variables(lookup)?;
    let sub = sub(event)?;
    let path = settings.path(sub, &event.user_name)?;
    let user = user(event, sub, &settings);
    Ok(Outcome::Deliver(Request {
        method: Method::Post,
        path,
        headers: vec![Header {
            name: "content-type".to_owned(),
            value: "application/json".to_owned(),
        }],
        body: Value::Object(user).to_string().into_bytes(),
        // The backend's word for a user that it has already, from an earlier attempt.
        accept_status: vec![409],
    }))
}

/// The user's id.
fn sub(event: &Event) -> Result<&str, Error> {
    let sub = event
        .user_attributes
        .iter()
        .find(|attribute| attribute.name == "sub" && !attribute.value.is_empty());
    sub.map(|sub| sub.value.as_str()).ok_or_else(|| Error {
        code: "no-sub".to_owned(),
        message: "the event has no attribute `sub`, which is the user's id".to_owned(),
    })
}

/// The user as the backend gets it.
fn user(event: &Event, sub: &str, settings: &Settings) -> Map<String, Value> {
    let mut user = Map::new();
    let mut customs = Map::new();
    // What only a developer can write comes last, so that no user can write another value in its
    // place.
    let (developers, others): (Vec<_>, Vec<_>) =
        event.user_attributes.iter().partition(|attribute| is_developers(attribute));
    for attribute in
        others.into_iter().chain(developers).filter(|attribute| settings.sends(&attribute.name))
    {
        let Some(value) = value(attribute) else { continue };
        match custom(&attribute.name) {
            Some(name) if settings.fields.is_empty() => {
                customs.insert(name.to_owned(), value);
                continue;
            }
            // A field finds it by either name.
            Some(name) => user.insert(format!("custom:{name}"), value.clone()),
            None => None,
        };
        user.insert(attribute.name.clone(), value);
    }
    // What the user is comes last, so that no attribute of the same name can take its place.
    if !customs.is_empty() {
        user.insert("custom".to_owned(), Value::Object(customs));
    }
    if let Some(client_id) = &event.client_id {
        user.insert("client_id".to_owned(), client_id.clone().into());
    }
    user.insert("cognito_id".to_owned(), sub.into());
    user.insert("username".to_owned(), event.user_name.clone().into());
    user.insert("trigger_source".to_owned(), "PostConfirmation_ConfirmSignUp".into());
    user.insert("user_pool_id".to_owned(), event.user_pool_id.clone().into());
    if settings.fields.is_empty() { user } else { fields::chosen(&settings.fields, &user) }
}

/// Whether only a developer can write the attribute.
fn is_developers(attribute: &Attribute) -> bool {
    attribute.name.starts_with("dev:")
}

/// An attribute's value as JSON. Cognito writes every value as text, whatever it is; one that is
/// not what it has to be is left out rather than keeping the user from the backend.
fn value(attribute: &Attribute) -> Option<Value> {
    let text = attribute.value.as_str();
    match attribute.name.as_str() {
        "email_verified" | "phone_number_verified" => match text.to_ascii_lowercase().as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => left_out(attribute, "is neither `true` nor `false`"),
        },
        "identities" => match serde_json::from_str(text) {
            Ok(identities) => Some(identities),
            Err(_) => left_out(attribute, "is not JSON"),
        },
        _ => Some(text.into()),
    }
}

/// Says on standard error that an attribute is left out, without its value.
fn left_out(attribute: &Attribute, reason: &str) -> Option<Value> {
    eprintln!("the attribute `{}` {reason} and is left out", attribute.name);
    None
}

#[cfg(test)]
mod tests;
