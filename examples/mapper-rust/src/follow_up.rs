//! What of the backend's answer is written to the Cognito user: its id of the user, and the group
//! that it names. The operator lists what may be, in `COGNITO_ATTRIBUTES` and `COGNITO_GROUPS`.

use serde_json::Value;

use crate::Mapper;
use crate::bindings::cognito::post_confirmation::types::Attribute;
use crate::bindings::exports::cognito::post_confirmation::follow_up::{
    Answer, Effect, Error, Event, Guest,
};

impl Guest for Mapper {
    fn conclude(_: Event, answer: Answer) -> Result<Vec<Effect>, Error> {
        effects(answer.status, &answer.body)
    }
}

/// What is to be done after an answer with this status and body.
fn effects(status: u16, body: &[u8]) -> Result<Vec<Effect>, Error> {
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| error("bad-answer", "the backend's answer is not JSON"))?;
    let id = match &body["id"] {
        Value::String(id) if !id.is_empty() => id.clone(),
        Value::Number(id) => id.to_string(),
        // The backend knows the user, but does not say by which id: an error would come again with
        // each delivery.
        _ if status == 409 => return Ok(Vec::new()),
        _ => return Err(error("no-id", "the backend's answer has no `id`")),
    };
    let id = Attribute { name: "custom:backend_id".to_owned(), value: id };
    let group = body["group"].as_str().map(|group| Effect::AddToGroup(group.to_owned()));
    Ok([Effect::SetAttribute(id)].into_iter().chain(group).collect())
}

fn error(code: &str, message: &str) -> Error {
    Error { code: code.to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backends_id_is_stored_and_the_user_joins_the_group() {
        let effects = effects(201, br#"{ "id": 42, "group": "members" }"#).unwrap();
        let [Effect::SetAttribute(id), Effect::AddToGroup(group)] = &effects[..] else { panic!() };
        assert_eq!((id.name.as_str(), id.value.as_str()), ("custom:backend_id", "42"));
        assert_eq!(group, "members");
    }

    #[test]
    fn an_answer_without_a_group_adds_to_none() {
        assert_eq!(effects(201, br#"{ "id": "u-42" }"#).unwrap().len(), 1);
    }

    #[test]
    fn an_answer_without_an_id_is_an_error() {
        for (body, code) in [("{}", "no-id"), (r#"{ "id": null }"#, "no-id"), ("a", "bad-answer")] {
            assert_eq!(effects(201, body.as_bytes()).unwrap_err().code, code, "{body}");
        }
    }

    #[test]
    fn an_answer_that_says_nothing_changes_nothing() {
        for (status, body) in [(204, ""), (409, ""), (409, "{}")] {
            assert_eq!(effects(status, body.as_bytes()).unwrap().len(), 0, "{status}");
        }
    }
}
