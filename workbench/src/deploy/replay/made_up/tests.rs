use serde_json::Value;

use super::*;

/// What becomes of an event with these members.
fn made(members: &str) -> Value {
    let json = RawValue::from_string(format!("{{{members}}}")).unwrap();
    serde_json::from_str(event(&json).unwrap().get()).unwrap()
}

/// What becomes of an attribute.
fn attribute(value: &str) -> String {
    let value = serde_json::to_string(value).unwrap();
    made(&format!("\"custom:any\":{value}"))["custom:any"].as_str().unwrap().to_owned()
}

/// The shape of a text: one letter stands for all, and one digit.
fn form(text: &str) -> String {
    let kinds = text.chars().map(|c| match c {
        'a'..='z' => 'a',
        'A'..='Z' => 'A',
        '0'..='9' => '0',
        other => other,
    });
    kinds.collect()
}

#[test]
fn a_value_keeps_its_shape() {
    for text in
        ["Alice O'Hara-2", "a", "x_Y z", "1548900000", "-12.50", "12,5 %", "google_1234", "+49"]
    {
        let other = attribute(text);
        assert_eq!(form(&other), form(text), "{text} became {other}");
        assert_ne!(other, text);
    }
    let other = attribute("+491701234567");
    assert!(other.starts_with("+1555010") && other.len() == 13, "{other}");
    let other = attribute("11111111-AAAA-4aaa-8aaa-111111111111");
    assert!(
        shape::is_region("eu-central-1") && &other[13..15] == "-4" && other.len() == 36,
        "{other}"
    );
    let other = attribute("alice.b+c@mail.example.org");
    assert!(
        form(&other) == "aaaaa.a+a@aaaa.aaaaaaa.aaaaaaa" && other.ends_with(".example"),
        "{other}"
    );
    let other = attribute("https://cdn.corp.com/Alice%20B?v=1#x");
    assert!(
        other.starts_with("https://") && other.contains(".example/") && !other.contains("Alice"),
        "{other}"
    );
}

#[test]
fn dates_and_numbers_stay_valid() {
    for text in ["1990-12-31", "2026-11-29T09:30:00.123Z", "2026-11-29 23:59:59+05:30"] {
        let other = attribute(text);
        let (month, day) = (&other[5..7], &other[8..10]);
        assert!(("01"..="12").contains(&month) && ("01"..="28").contains(&day), "{other}");
        assert_eq!((other.len(), &other[..2]), (text.len(), "19"));
    }
    let it = made(r#""custom:a": 120, "custom:b": -0.5e10, "custom:c": [true, null]"#);
    assert!((100..=999).contains(&it["custom:a"].as_u64().unwrap()), "{it}");
}

#[test]
fn letters_of_other_alphabets_take_as_many_bytes() {
    for text in ["Ärger ñandú", "Ελένη", "שלום", "山田太郎", "🎉 a", "\u{200b}é\u{301}"]
    {
        let other = attribute(text);
        assert_eq!(other.len(), text.len(), "{text} became {other}");
        assert_ne!(other, text);
    }
}

#[test]
fn the_same_value_becomes_the_same_one() {
    let sub = "11111111-aaaa-4aaa-8aaa-111111111111";
    let it = made(&format!(
        r#""userName": "{sub}", "request": {{ "userAttributes": {{ "sub": "{sub}", "name": "b", "nickname": "c" }} }}"#
    ));
    let attributes = &it["request"]["userAttributes"];
    assert_eq!(it["userName"], attributes["sub"]);
    assert_ne!(it["userName"], sub);
    assert_ne!(attributes["name"], attributes["nickname"]);
}

#[test]
fn names_stay_unless_a_user_may_have_chosen_them() {
    let it = made(
        r#""request": { "userAttributes": { "custom:plan": "gold", "alice@example.com": "1" },
           "clientMetadata": { "email": "x", "custom:campaign": "spring", "canary": "y" } }, "canary": 1"#,
    );
    let text = it.to_string();
    assert!(it["request"]["userAttributes"]["custom:plan"].is_string(), "{it}");
    assert_eq!(it["request"]["clientMetadata"].as_object().unwrap().len(), 3);
    for gone in ["gold", "alice", "\"email\"", "campaign", "spring", "canary"] {
        assert!(!text.contains(gone), "{gone} is in {text}");
    }
}

#[test]
fn names_in_json_of_a_user_are_made_up() {
    let it = made(
        r#""request": { "userAttributes": { "custom:prefs": "{\"custom:maiden-Smith\":1,\"email\":\"x\"}" },
        "clientMetadata": { "data": "{\"custom:alice\":1}", "identities": "[{\"userId\":\"alice\"}]" } }"#,
    );
    let text = it.to_string();
    for gone in ["Smith", "alice", "email", "userId"] {
        assert!(!text.contains(gone), "{gone} is in {text}");
    }
    assert!(it["request"]["userAttributes"]["custom:prefs"].as_str().unwrap().starts_with('{'));
}

#[test]
fn words_of_cognito_stay() {
    let members = r#""version": "1", "region": "eu-central-1", "userPoolId": "eu-central-1_AbCdEf123",
        "triggerSource": "PostConfirmation_ConfirmSignUp", "callerContext": { "clientId": "CLIENT_ID_NOT_APPLICABLE" },
        "request": { "userAttributes": { "email_verified": "true", "cognito:user_status": "CONFIRMED",
        "identities": "[{\"userId\":\"g-1\",\"providerType\":\"Google\",\"primary\":\"true\"}]" } }"#;
    let it = made(members);
    assert_eq!((&it["version"], &it["region"]), (&"1".into(), &"eu-central-1".into()));
    assert_eq!(it["triggerSource"], "PostConfirmation_ConfirmSignUp");
    assert_eq!(it["callerContext"]["clientId"], "CLIENT_ID_NOT_APPLICABLE");
    let pool = it["userPoolId"].as_str().unwrap();
    assert!(pool.starts_with("eu-central-1_") && !pool.contains("AbCdEf123"), "{pool}");
    let attributes = &it["request"]["userAttributes"];
    assert_eq!(
        (&attributes["email_verified"], &attributes["cognito:user_status"]),
        (&"true".into(), &"CONFIRMED".into())
    );
    let identities: Value =
        serde_json::from_str(attributes["identities"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&identities[0]["providerType"], &identities[0]["primary"]),
        (&"Google".into(), &"true".into())
    );
    assert_ne!(identities[0]["userId"], "g-1");
    let other = made(
        r#""region": "alice", "version": "alice", "triggerSource": "alice", "userPoolId": "alice_b""#,
    );
    assert!(!other.to_string().contains("alice"), "{other}");
}

#[test]
fn order_and_repeated_names_stay() {
    let json =
        RawValue::from_string(r#"{"sub":"s","email":"a@b.c","sub":"t"}"#.to_owned()).unwrap();
    let text = event(&json).unwrap().to_string();
    let names: Vec<&str> = text.lines().filter_map(|line| line.trim().split('"').nth(1)).collect();
    assert_eq!(names, ["sub", "email", "sub"]);
}

#[test]
fn hostile_events_are_no_trouble() {
    let deep = format!(r#""response": {}1{}"#, "[".repeat(100_000), "]".repeat(100_000));
    // The reader of JSON itself stops before that.
    let json = RawValue::from_string(format!("{{{deep}}}"));
    assert!(json.is_err() || event(&json.unwrap()).is_ok());
    let surrogate = made(r#""userName": "a\ud800b""#);
    assert!(!surrogate.to_string().contains("ud800"), "{surrogate}");
    let nested = format!("{}1{}", r#"{"a":"#.repeat(40), "}".repeat(40));
    let nested = made(&format!("\"response\": {nested}"));
    assert!(nested.to_string().contains("null"));
}
