//! A mapper to start from: a confirmed user becomes `PUT v2/accounts/{sub}` with a small nested
//! body. This file owns the whole mapping; change [`request`] for your backend.

mod follow_up;

use serde_json::json;

#[allow(missing_docs, unsafe_code, reason = "generated; the documentation is in `wit/`")]
mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "post-confirmation-mapper-with-follow-up",
    });
    export!(Mapper with_types_in self);

    use super::Mapper;
}

use bindings::cognito::post_confirmation::types::{Header, Method, Request, TriggerSource};
use bindings::exports::cognito::post_confirmation::mapper::{Error, Event, Guest, Outcome};

struct Mapper;

impl Guest for Mapper {
    fn transform(event: Event) -> Result<Outcome, Error> {
        match event.trigger_source {
            TriggerSource::ConfirmSignUp => request(&event).map(Outcome::Deliver),
            TriggerSource::ConfirmForgotPassword => Ok(Outcome::Skip("password-reset".to_owned())),
            TriggerSource::Other(_) => Ok(Outcome::Skip("unknown-trigger-source".to_owned())),
        }
    }
}

/// The request that makes the user's account. Only `sub` is required; other missing attributes are
/// `null`.
fn request(event: &Event) -> Result<Request, Error> {
    let sub = attribute(event, "sub").ok_or_else(|| Error {
        code: "no-sub".to_owned(),
        message: "the event has no attribute `sub`, which is the user's id".to_owned(),
    })?;
    let body = json!({
        "account": {
            "id": sub,
            "contact": { "email": attribute(event, "email"), "phone": attribute(event, "phone_number") },
            "displayName": attribute(event, "name").or_else(|| attribute(event, "given_name")),
        },
        "source": "cognito",
    });
    Ok(Request {
        method: Method::Put,
        path: format!("v2/accounts/{}", percent_encoded(sub)),
        headers: vec![Header {
            name: "content-type".to_owned(),
            value: "application/json".to_owned(),
        }],
        body: body.to_string().into_bytes(),
        // The backend has the account already, from an earlier attempt.
        accept_status: vec![409],
    })
}

/// The value of the user's attribute `name`, if it is not empty.
fn attribute<'a>(event: &'a Event, name: &str) -> Option<&'a str> {
    let found = event.user_attributes.iter().find(|attribute| attribute.name == name);
    found.map(|attribute| attribute.value.as_str()).filter(|value| !value.is_empty())
}

/// `text` as one segment of a path: the host refuses a path with characters that don't belong
/// there.
fn percent_encoded(text: &str) -> String {
    text.bytes().map(encoded).collect()
}

/// A byte of a path's segment, as `%` and two hexadecimal digits unless it can stay as it is.
fn encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bindings::cognito::post_confirmation::types::Attribute;

    /// The outcome for a user with these attributes.
    fn outcome(
        trigger_source: TriggerSource,
        attributes: &[(&str, &str)],
    ) -> Result<Outcome, Error> {
        let attribute = |&(name, value): &(&str, &str)| Attribute {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        Mapper::transform(Event {
            trigger_source,
            region: "eu-central-1".to_owned(),
            user_pool_id: "eu-central-1_Example01".to_owned(),
            user_name: "alice".to_owned(),
            client_id: None,
            user_attributes: attributes.iter().map(attribute).collect(),
            client_metadata: Vec::new(),
            id: "evt_1".to_owned(),
            json: "{}".to_owned(),
            received_at: "2026-01-01T00:00:00.000Z".to_owned(),
        })
    }

    #[test]
    fn a_sign_up_is_put_to_its_account() {
        let attributes = [("sub", "s-1"), ("email", "alice@example.com"), ("name", "Alice")];
        let Ok(Outcome::Deliver(request)) = outcome(TriggerSource::ConfirmSignUp, &attributes)
        else {
            panic!()
        };
        assert_eq!((request.method, request.path.as_str()), (Method::Put, "v2/accounts/s-1"));
        let contact = json!({ "email": "alice@example.com", "phone": null });
        let account = json!({ "id": "s-1", "contact": contact, "displayName": "Alice" });
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body, json!({ "account": account, "source": "cognito" }));
    }

    #[test]
    fn a_sub_stays_one_segment_of_the_path() {
        assert_eq!(percent_encoded("a/b?ü"), "a%2Fb%3F%C3%BC");
    }

    #[test]
    fn password_resets_and_unknown_sources_are_skipped() {
        let reset = outcome(TriggerSource::ConfirmForgotPassword, &[("sub", "s-1")]);
        assert!(matches!(reset, Ok(Outcome::Skip(code)) if code == "password-reset"));
        let unknown =
            outcome(TriggerSource::Other("PostConfirmation_New".to_owned()), &[("sub", "s-1")]);
        assert!(matches!(unknown, Ok(Outcome::Skip(code)) if code == "unknown-trigger-source"));
    }

    #[test]
    fn a_user_without_sub_is_an_error_and_not_a_skip() {
        assert_eq!(
            outcome(TriggerSource::ConfirmSignUp, &[("sub", "")]).unwrap_err().code,
            "no-sub"
        );
    }
}
