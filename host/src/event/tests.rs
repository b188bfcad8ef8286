//! Reading whatever may come, and ids. `tests/it/events.rs` shows what `bootstrap` makes of it.

use super::*;

fn read(json: &str) -> Event {
    Event::read(&RawValue::from_string(json.to_owned()).unwrap(), "request-1")
}

/// A sign-up of this pool, source, `sub` and name.
fn id_of(pool: &str, source: &str, sub: &str, name: &str, request_id: &str) -> String {
    let json = format!(
        r#"{{"triggerSource":"{source}","userPoolId":"{pool}","userName":"{name}","request":{{"userAttributes":{{"sub":"{sub}"}}}}}}"#
    );
    Event::read(&RawValue::from_string(json).unwrap(), request_id).id
}

#[test]
fn attributes_keep_their_order_and_become_text() {
    let event = read(
        r#"{"request":{"userAttributes":{"z":"1","a":true,"n":null,"m":1e999,"o":{"k":[1]},"z":"2"}}}"#,
    );
    let expected = [("z", "1"), ("a", "true"), ("m", "1e999"), ("o", r#"{"k":[1]}"#), ("z", "2")];
    let read: Vec<_> =
        event.user_attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(read, expected);
}

#[test]
fn parts_of_another_type_are_absent() {
    let event = read(r#"{"request":[],"callerContext":"x","userName":null,"region":7}"#);
    assert!(
        event.user_attributes.is_empty() && event.client_id.is_none() && event.user_name.is_empty()
    );
    assert_eq!(event.region, "7");
    assert!(
        read(r#"{"request":{"userAttributes":null,"clientMetadata":null}}"#)
            .client_metadata
            .is_empty()
    );
}

#[test]
fn an_unpaired_surrogate_is_replaced() {
    assert_eq!(
        read(r#"{"userName":"a\ud800b","region":"\ud83e\udd80"}"#).user_name,
        "a\u{fffd}\u{fffd}\u{fffd}b"
    );
}

#[test]
fn a_sign_up_has_one_id_in_every_invocation() {
    let [first, second] = ["r1", "r2"].map(|id| id_of("p_1", CONFIRM_SIGN_UP, "s", "n", id));
    assert_eq!(first, second);
    assert!(first.starts_with("evt_") && first.len() == 36);
}

#[test]
fn another_pool_sub_or_source_is_another_id() {
    let id = id_of("p_1", CONFIRM_SIGN_UP, "s", "n", "r");
    assert_ne!(id, id_of("p_2", CONFIRM_SIGN_UP, "s", "n", "r"));
    assert_ne!(id, id_of("p_1", CONFIRM_SIGN_UP, "t", "n", "r"));
    assert_ne!(id, id_of("p_1", CONFIRM_FORGOT_PASSWORD, "s", "n", "r"));
    assert_ne!(
        id_of("p", CONFIRM_SIGN_UP, "qs", "n", "r"),
        id_of("pq", CONFIRM_SIGN_UP, "s", "n", "r")
    );
    assert_eq!(id, id_of("p_1", CONFIRM_SIGN_UP, "s", "another name", "r"));
}

#[test]
fn resets_and_unknown_sources_have_an_id_per_invocation() {
    for source in [CONFIRM_FORGOT_PASSWORD, "PostConfirmation_New"] {
        assert_ne!(id_of("p", source, "s", "n", "r1"), id_of("p", source, "s", "n", "r2"));
        assert_eq!(id_of("p", source, "s", "n", "r1"), id_of("p", source, "s", "n", "r1"));
    }
}

fn id_without_sub(name: &str, email: &str) -> String {
    read(&format!(
        r#"{{"triggerSource":"{CONFIRM_SIGN_UP}","userName":"{name}","request":{{"userAttributes":{{"email":"{email}"}}}}}}"#
    ))
    .id
}

#[test]
fn users_without_sub_do_not_share_an_id() {
    assert_ne!(id_without_sub("a", "x"), id_without_sub("b", "x"));
    assert_eq!(id_without_sub("a", "x"), id_without_sub("a", "y"));
    assert_ne!(id_without_sub("", "x"), id_without_sub("", "y"));
}
