//! What the default mapper makes of events. These run inside wasmtime: `cargo test --target
//! wasm32-wasip2`.

use serde_json::json;

use super::*;
use crate::names::STANDARD;

/// A sign-up with these attributes.
fn sign_up(attributes: &[(&str, &str)]) -> Event {
    let attribute = |(name, value): &(&str, &str)| Attribute {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    };
    Event {
        trigger_source: TriggerSource::ConfirmSignUp,
        region: "eu-central-1".to_owned(),
        user_pool_id: "eu-central-1_A1b2C3d4E".to_owned(),
        user_name: "alice".to_owned(),
        client_id: Some("client".to_owned()),
        user_attributes: attributes.iter().map(attribute).collect(),
        client_metadata: vec![Attribute {
            name: "cognito_id".to_owned(),
            value: "somebody else".to_owned(),
        }],
        id: "evt_1".to_owned(),
        json: "{}".to_owned(),
        received_at: "2026-11-28T09:30:00.123Z".to_owned(),
    }
}

/// What is found with these variables.
fn settings(variables: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
    move |name| {
        variables
            .iter()
            .find(|(variable, _)| *variable == name)
            .map(|(_, value)| (*value).to_owned())
    }
}

fn request(event: &Event, settings: impl Fn(&str) -> Option<String>) -> Request {
    match map(event, settings) {
        Ok(Outcome::Deliver(request)) => request,
        other => panic!("no request: {other:?}"),
    }
}

/// The body that the backend gets for these attributes, with the fields that every user has left
/// out.
fn body(attributes: &[(&str, &str)], variables: &[(&str, &str)]) -> Value {
    let event = sign_up(&[&[("sub", "s-1")], attributes].concat());
    let mut body: Value =
        serde_json::from_slice(&request(&event, settings(variables)).body).unwrap();
    for always in ["cognito_id", "username", "trigger_source", "user_pool_id", "client_id"] {
        assert!(body.as_object_mut().unwrap().remove(always).is_some(), "{always} is missing");
    }
    body
}

#[test]
fn a_sign_up_is_posted_to_users_as_json() {
    let request =
        request(&sign_up(&[("sub", "s-1"), ("email", "alice@example.com")]), settings(&[]));
    assert_eq!((request.method, request.path.as_str()), (Method::Post, "users/"));
    assert_eq!(request.accept_status, [409]);
    assert_eq!(
        (request.headers[0].name.as_str(), request.headers[0].value.as_str()),
        ("content-type", "application/json")
    );
    assert_eq!(
        serde_json::from_slice::<Value>(&request.body).unwrap(),
        json!({
            "cognito_id": "s-1",
            "username": "alice",
            "email": "alice@example.com",
            "trigger_source": "PostConfirmation_ConfirmSignUp",
            "user_pool_id": "eu-central-1_A1b2C3d4E",
            "client_id": "client",
        })
    );
}

#[test]
fn a_user_without_an_app_client_has_no_client_id() {
    let mut event = sign_up(&[("sub", "s-1")]);
    event.client_id = None;
    let body: Value = serde_json::from_slice(&request(&event, settings(&[])).body).unwrap();
    assert_eq!(body.get("client_id"), None);
}

#[test]
fn a_user_without_an_e_mail_address_is_delivered() {
    assert_eq!(body(&[("phone_number", "+15550100")], &[]), json!({ "phone_number": "+15550100" }));
}

#[test]
fn email_verified_becomes_a_boolean() {
    for (text, value) in [("true", json!(true)), ("false", json!(false)), ("True", json!(true))] {
        assert_eq!(body(&[("email_verified", text)], &[]), json!({ "email_verified": value }));
    }
    assert_eq!(body(&[("email_verified", "perhaps")], &[]), json!({}));
}

#[test]
fn identities_of_a_federated_user_are_parsed() {
    let identities = r#"[{"userId":"42","providerName":"Google","primary":"true"}]"#;
    let parsed =
        json!({ "identities": [{ "userId": "42", "providerName": "Google", "primary": "true" }] });
    assert_eq!(body(&[("identities", identities)], &[]), parsed);
}

#[test]
fn broken_identities_are_left_out_and_the_user_stays() {
    assert_eq!(body(&[("identities", "[{"), ("name", "Alice")], &[]), json!({ "name": "Alice" }));
}

#[test]
fn custom_attributes_lose_their_prefix_and_stand_apart() {
    let attributes =
        [("custom:plan", "gold"), ("custom:email", "not the address"), ("email", "a@example.com")];
    let expected = json!({ "custom": { "plan": "gold", "email": "not the address" }, "email": "a@example.com" });
    assert_eq!(body(&attributes, &[]), expected);
}

#[test]
fn unicode_arrives_as_it_is() {
    assert_eq!(
        body(&[("name", "Zoë 🦀 \u{202e}\"\\")], &[]),
        json!({ "name": "Zoë 🦀 \u{202e}\"\\" })
    );
}

#[test]
fn attributes_that_nobody_asked_for_are_not_sent() {
    assert_eq!(
        body(&[("birthdate", "2000-01-01"), ("cognito:user_status", "CONFIRMED")], &[]),
        json!({})
    );
}

#[test]
fn the_attributes_to_send_can_be_chosen() {
    let attributes = [
        ("email", "a@example.com"),
        ("locale", "de"),
        ("custom:plan", "gold"),
        ("custom:secret", "x"),
    ];
    let chosen = [("USER_ATTRIBUTES", "locale, custom:plan")];
    assert_eq!(body(&attributes, &chosen), json!({ "locale": "de", "custom": { "plan": "gold" } }));
    assert_eq!(
        body(&attributes, &[("USER_ATTRIBUTES", "custom:*")])["custom"],
        json!({ "plan": "gold", "secret": "x" })
    );
}

#[test]
fn an_attribute_cannot_take_the_place_of_what_the_user_is() {
    let event = sign_up(&[("sub", "s-1"), ("cognito_id", "s-2"), ("username", "bob")]);
    let request = request(&event, settings(&[("USER_ATTRIBUTES", "custom:*")]));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&body["cognito_id"], &body["username"]), (&json!("s-1"), &json!("alice")));
}

#[test]
fn what_only_a_developer_can_write_is_a_custom_attribute() {
    let attributes = [
        ("dev:custom:plan", "gold"),
        ("custom:plan", "free"),
        ("dev:tier", "1"),
        ("custom:lang", "de"),
    ];
    let all = json!({ "custom": { "plan": "gold", "tier": "1", "lang": "de" } });
    for chosen in ["", "custom:*", "dev:*", "dev:custom:*"] {
        assert_eq!(body(&attributes, &[("USER_ATTRIBUTES", chosen)]), all, "{chosen}");
    }
    for chosen in ["custom:plan", "dev:plan", "dev:custom:plan"] {
        assert_eq!(
            body(&attributes, &[("USER_ATTRIBUTES", chosen)]),
            json!({ "custom": { "plan": "gold" } })
        );
    }
}

#[test]
fn names_that_no_attribute_has_are_an_error() {
    let event = sign_up(&[("sub", "s-1"), ("email", "a@example.com")]);
    for chosen in [
        "Email",
        "EMAIL",
        "e-mail",
        "email;locale",
        "email locale",
        "email\nlocale",
        "email|locale",
        "email/locale",
        "custom:plan;custom:tier",
        "custom:plan custom:tier",
        "custom:plan/email",
        "[\"email\"]",
        "*",
        "email,*",
        "**",
        "custom",
        "custom:",
        "custom:pl*",
        "Custom:plan",
        "dev:",
        "cognito:*",
        "cognito:",
        "username",
        "cognito_id",
        ",",
        " , ",
    ] {
        let error = map(&event, settings(&[("USER_ATTRIBUTES", chosen)])).unwrap_err();
        assert_eq!(error.code, "bad-user-attributes", "{chosen:?}");
        assert!(error.message.contains("separated by commas"));
    }
    for chosen in STANDARD.into_iter().chain([
        "cognito:user_status",
        "custom:a.b-c_d#é",
        "email,",
        " email , locale",
    ]) {
        assert!(map(&event, settings(&[("USER_ATTRIBUTES", chosen)])).is_ok(), "{chosen}");
    }
}

#[test]
fn bad_settings_keep_no_password_reset_from_its_skip() {
    let event = Event {
        trigger_source: TriggerSource::ConfirmForgotPassword,
        ..sign_up(&[("sub", "s-1")])
    };
    assert!(matches!(map(&event, settings(&[("USER_ATTRIBUTES", "*")])), Ok(Outcome::Skip(_))));
}

#[test]
fn the_path_can_be_chosen() {
    let event = sign_up(&[("sub", "s-1")]);
    assert_eq!(
        request(&event, settings(&[("USERS_PATH", "v2/accounts?notify=1")])).path,
        "v2/accounts?notify=1"
    );
    assert_eq!(request(&event, settings(&[("USERS_PATH", "")])).path, "users/");
}

#[test]
fn password_resets_and_unknown_sources_are_skipped() {
    for (source, code) in [
        (TriggerSource::ConfirmForgotPassword, "password-reset"),
        (TriggerSource::Other("PostConfirmation_New".to_owned()), "unknown-trigger-source"),
    ] {
        let event = Event { trigger_source: source, ..sign_up(&[("sub", "s-1")]) };
        assert!(
            matches!(map(&event, settings(&[])), Ok(Outcome::Skip(skipped)) if skipped == code)
        );
    }
}

#[test]
fn a_user_without_sub_is_an_error_and_not_a_skip() {
    for attributes in [&[("email", "a@example.com")][..], &[("sub", "")]] {
        assert_eq!(map(&sign_up(attributes), settings(&[])).unwrap_err().code, "no-sub");
    }
}

#[test]
fn the_operator_names_the_fields_of_the_body() {
    let fields = r#"id=sub, mail=email,plan=custom:plan,verified=email_verified,who=username,source:={"a":[1,2]},none=locale"#;
    let variables = [("USER_FIELDS", fields), ("USER_ATTRIBUTES", "locale")];
    let attributes =
        [("sub", "s-1"), ("email", "a@b.c"), ("email_verified", "true"), ("custom:plan", "gold")];
    let request = request(&sign_up(&attributes), settings(&variables));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let expected = json!({
        "id": "s-1", "mail": "a@b.c", "plan": "gold", "verified": true, "who": "alice", "source": { "a": [1, 2] },
    });
    assert_eq!(body, expected);
}

#[test]
fn a_list_of_fields_that_is_broken_is_an_error() {
    for fields in ["id", "=sub", "id=", "a=sub,a=email", "a:=no", "a:=1 b=sub", "a:=1,,b=sub", ","]
    {
        let refused = map(&sign_up(&[("sub", "s-1")]), settings(&[("USER_FIELDS", fields)]));
        assert_eq!(refused.unwrap_err().code, "bad-user-fields", "{fields}");
    }
}

#[test]
fn a_field_of_what_no_user_can_have_is_an_error() {
    let mapped = |source: &str| {
        let fields = format!("id=sub,a={source}");
        map(&sign_up(&[("sub", "s-1")]), settings(&[("USER_FIELDS", &fields)]))
    };
    for source in [
        "subb",
        "Email",
        "e mail",
        "custom",
        "custom:",
        "custom:*",
        "dev:*",
        "*",
        "cognito:",
        "Username",
        "user_name",
        "client",
        "\"cognito\"",
        "custom:plan;b=email",
    ] {
        let error = mapped(source).unwrap_err();
        assert_eq!(error.code, "bad-user-fields", "{source}");
        assert!(error.message.contains(&format!("holds `{source}`, which")), "{}", error.message);
    }
    for source in STANDARD.into_iter().chain([
        "custom:plan",
        "custom:a/b:c+d",
        "dev:custom:plan",
        "dev:plan",
        "cognito:user_status",
        "cognito_id",
        "username",
        "trigger_source",
        "user_pool_id",
        "client_id",
    ]) {
        assert!(mapped(source).is_ok(), "{source}");
    }
}

#[test]
fn a_field_takes_what_only_a_developer_can_write_first() {
    let plan = |source: &str, attributes: &[(&str, &str)]| {
        let fields = format!("plan={source}");
        let event = sign_up(&[&[("sub", "s-1")], attributes].concat());
        let request = request(&event, settings(&[("USER_FIELDS", &fields)]));
        serde_json::from_slice::<Value>(&request.body).unwrap()["plan"].clone()
    };
    let (free, gold) = (("custom:plan", "free"), ("dev:custom:plan", "gold"));
    for both in [[free, gold], [gold, free]] {
        assert_eq!(plan("custom:plan", &both), json!("gold"));
        assert_eq!(plan("dev:custom:plan", &both), json!("gold"));
    }
    assert_eq!(plan("custom:plan", &[free]), json!("free"));
    assert_eq!(plan("custom:plan", &[gold]), json!("gold"));
    // Nobody else can write what is asked for by a developer's name.
    assert_eq!(plan("dev:custom:plan", &[free]), Value::Null);
    assert_eq!(plan("email", &[("email", "a@b.c"), ("dev:email", "gold")]), json!("a@b.c"));
    assert_eq!(plan("custom:sub", &[]), Value::Null);
}

#[test]
fn the_path_can_name_the_user() {
    let path = |path: &str, sub: &str| {
        let mapped = map(&sign_up(&[("sub", sub)]), settings(&[("USERS_PATH", path)]));
        match mapped {
            Ok(Outcome::Deliver(request)) => request.path,
            Err(error) => error.code,
            other => panic!("no request: {other:?}"),
        }
    };
    assert_eq!(
        path("users/{sub}?by={username}", "a/b?{username}"),
        "users/a%2Fb%3F%7Busername%7D?by=alice"
    );
    assert_eq!(path("users/{id}", "s-1"), "bad-users-path");
}
