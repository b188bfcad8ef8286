//! What of an answer is written. These run inside wasmtime: `cargo test --target wasm32-wasip2`.

use super::*;

/// What is to be done after the answer `body` with these variables, as words.
fn done(body: &str, variables: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let answer = Answer { status: 201, headers: Vec::new(), body: body.as_bytes().to_vec() };
    let lookup = |name: &str| {
        let variable = variables.iter().find(|(variable, _)| *variable == name);
        variable.map(|(_, value)| (*value).to_owned())
    };
    let words = |effect| match effect {
        Effect::SetAttribute(Attribute { name, value }) => format!("{name}={value}"),
        Effect::AddToGroup(group) => format!("+{group}"),
    };
    let effects = effects(&answer, lookup).map_err(|error| error.code)?;
    Ok(effects.into_iter().map(words).collect())
}

const SET: (&str, &str) = (ATTRIBUTES, "custom:backend_id=/id, custom:plan=/plan");

#[test]
fn what_the_operator_names_is_written() {
    let body = r#"{ "id": 42, "plan": "gold", "group": "members" }"#;
    let expected = ["custom:backend_id=42", "custom:plan=gold", "+members"].map(str::to_owned);
    assert_eq!(done(body, &[SET, (GROUPS, "/group")]).unwrap(), expected);
    assert_eq!(done("no JSON", &[]), Ok(Vec::new()));
}

#[test]
fn what_the_answer_does_not_have_changes_nothing() {
    let expected = ["custom:backend_id=true".to_owned()];
    let body = r#"{ "id": true, "plan": null }"#;
    assert_eq!(done(body, &[SET, (GROUPS, "/group")]).unwrap(), expected);
}

#[test]
fn a_number_is_written_as_it_is_or_not_at_all() {
    for number in ["0", "-7", "18446744073709551615", "-9223372036854775808", "1.5"] {
        let written = done(&format!(r#"{{ "id": {number}, "plan": null }}"#), &[SET]);
        assert_eq!(written.unwrap(), [format!("custom:backend_id={number}")]);
    }
}

#[test]
fn groups_are_a_text_or_a_list_of_texts() {
    let groups = |body: &str| done(body, &[(GROUPS, "/user/groups")]);
    let body = r#"{ "user": { "groups": ["a", "b"] } }"#;
    assert_eq!(groups(body).unwrap(), ["+a".to_owned(), "+b".to_owned()]);
    for body in [r#"{ "user": { "groups": [1] } }"#, r#"{ "user": { "groups": {} } }"#] {
        assert_eq!(groups(body), Err("bad-answer".to_owned()), "{body}");
    }
}

#[test]
fn an_answer_or_a_setting_that_is_wrong_is_an_error() {
    let large = r#"{ "id": 12345678901234567890123 }"#;
    for body in ["", "no JSON", r#"{ "id": [] }"#, large] {
        assert_eq!(done(body, &[SET]), Err("bad-answer".to_owned()), "{body}");
    }
    for setting in ["custom:id", "custom:id=id", "=/id"] {
        let refused = done("{}", &[(ATTRIBUTES, setting)]);
        assert_eq!(refused, Err("bad-answer-settings".to_owned()), "{setting}");
    }
    assert_eq!(done("{}", &[(GROUPS, "group")]), Err("bad-answer-settings".to_owned()));
}
