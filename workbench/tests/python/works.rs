//! What a mapper can do.

use post_confirmation_host::{Method, Request};
use serde_json::{Value, json};
use test_support::languages::PYTHON;

use crate::support::all;

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[tokio::test]
async fn an_event_has_its_fields_and_its_attributes_by_name() {
    let Some(mapper) = all(&[]) else { return };
    assert_eq!(
        body(&mapper.request("sees the event").await),
        json!({
            "source": "confirm-sign-up",
            "region": "eu-central-1",
            "pool": "eu-central-1_Example01",
            "client": "client",
            "attributes": { "sub": "1234", "email": "ada@example.org", "custom:plan": "pro" },
            "metadata": { "campaign": "spring" },
            "json": true,
            "id": true,
        })
    );
}

#[tokio::test]
async fn what_is_imported_in_a_function_was_loaded_before() {
    let Some(mapper) = all(&[]) else { return };
    assert_eq!(
        body(&mapper.request("imports later").await),
        json!({
            "own": "good day ada",
            "standard": 0.0,
            "date": 2026,
            "codec": "ßxn--bcher-kva",
            "package": ["please", "bitte", "deep", "goodbye"],
        })
    );
    assert_eq!(body(&mapper.request("has read a file").await), json!(["ada", "bob"]));
}

#[tokio::test]
async fn variables_are_those_of_the_event_and_not_of_the_build() {
    if !PYTHON.is_there() {
        return;
    }
    for path in ["users/", "people/"] {
        let mapper = all(&[("USERS_PATH", path)]).unwrap();
        let body = body(&mapper.request("reads variables").await);
        assert_eq!(body, json!([path, null, ["USERS_PATH"]]));
    }
}

#[tokio::test]
async fn random_numbers_and_clocks_differ_from_event_to_event() {
    let Some(mapper) = all(&[]) else { return };
    let one = body(&mapper.request("is random").await);
    let other = body(&mapper.request("is random").await);
    // What is outside of functions is the same.
    assert_eq!((&one[0], &one[1]), (&other[0], &other[1]));
    assert_ne!(one[2], other[2]);
    assert!(one[1].as_str() < one[3].as_str() && one[3].as_str() < other[3].as_str());
}

#[tokio::test]
async fn every_form_of_an_answer_is_taken() {
    let Some(mapper) = all(&[]) else { return };
    let json_type = "content-type: application/json";
    for (name, body, headers) in [
        ("sends a text", "aé\u{fffd}", ""),
        ("sends bytes", "ab", ""),
        ("sends a list", r#"[1,null,{"a":["é",1.5]}]"#, json_type),
        ("sets a type", "{}", "Content-Type: application/scim+json"),
        ("lists headers", "text", "X-A: 1, X-A: 2"),
        ("leaves out nothing", "text", ""),
    ] {
        let request = mapper.request(name).await;
        let found: Vec<String> =
            request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let text = String::from_utf8(request.body).unwrap();
        assert_eq!((text.as_str(), found.join(", ").as_str()), (body, headers), "{name}");
        let is_list = name == "lists headers";
        assert_eq!(request.accept_status, if is_list { vec![409] } else { vec![] });
        assert_eq!(request.method == Method::Put, is_list);
    }
}
