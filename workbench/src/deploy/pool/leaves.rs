//! The settings of a pool, and comparing every one of them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Values that AWS counts or determines itself.
const NOT_SETTINGS: [&str; 4] = [
    "EstimatedNumberOfUsers",
    "LastModifiedDate",
    "EmailConfigurationFailure",
    "SmsConfigurationFailure",
];
/// Lists that an update refuses if they are empty.
const NEVER_EMPTY: [&str; 2] = ["AllowedFirstAuthFactors", "RecoveryMechanisms"];

/// Every setting that is set, by its dotted path: `Policies.PasswordPolicy.MinimumLength`.
pub type Leaves = BTreeMap<String, Value>;

/// The settings in the answers to `describe-user-pool` and `get-user-pool-mfa-config`.
pub fn settings(described: &Value, mfa: &Value) -> Leaves {
    let mut leaves = Leaves::new();
    for (name, value) in without_superseded(described.clone()).as_object().into_iter().flatten() {
        if !NOT_SETTINGS.contains(&name.as_str()) {
            collect(value, name, &mut leaves);
        }
    }
    collect(mfa, "(MFA configuration)", &mut leaves);
    leaves
}

/// Adds the leaves of nested objects by their paths, without empty ones; a list, whose order means
/// nothing, is a leaf.
fn collect(value: &Value, path: &str, leaves: &mut Leaves) {
    match value {
        Value::Object(members) => {
            for (name, part) in members {
                collect(part, &format!("{path}.{name}"), leaves);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let mut items = items.clone();
            items.sort_by_cached_key(Value::to_string);
            leaves.insert(path.to_owned(), items.into());
        }
        Value::Array(_) => {}
        Value::String(text) if text.is_empty() => {}
        leaf => {
            leaves.insert(path.to_owned(), leaf.clone());
        }
    }
}

/// What is not the same in both: `PATH: was VALUE, is VALUE`.
pub fn differences(before: &Leaves, after: &Leaves) -> Vec<String> {
    let mut all = before.clone();
    all.extend(after.clone());
    let changed = all.keys().filter(|path| before.get(*path) != after.get(*path));
    changed
        .map(|path| {
            format!("{path}: was {}, is {}", shown(before.get(path)), shown(after.get(path)))
        })
        .collect()
}

fn shown(leaf: Option<&Value>) -> String {
    leaf.map_or_else(|| "not set".to_owned(), Value::to_string)
}

/// Settings as an update takes them: without what it refuses.
pub fn sendable(described: &Value) -> Map<String, Value> {
    match without_empty(without_superseded(described.clone())) {
        Value::Object(settings) => settings,
        _ => Map::new(),
    }
}

/// Settings without the one that a newer one replaces.
///
/// `describe-user-pool` shows both, and `update-user-pool` refuses both together: "Please use
/// TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays"
/// (<https://github.com/aws/aws-sdk-js/issues/3817>).
fn without_superseded(mut described: Value) -> Value {
    let policy = &described["Policies"]["PasswordPolicy"];
    let newer = policy.get("TemporaryPasswordValidityDays").is_some();
    let created = described.get_mut("AdminCreateUserConfig").and_then(Value::as_object_mut);
    if let (true, Some(created)) = (newer, created) {
        created.remove("UnusedAccountValidityDays");
    }
    described
}

/// Settings without empty texts and objects, which mean "not set" and which an update refuses.
fn without_empty(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let kept = members.into_iter().map(|(name, part)| (name, without_empty(part)));
    Value::Object(kept.filter(|(name, part)| !is_not_set(name, part)).collect())
}

fn is_not_set(name: &str, value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty() && NEVER_EMPTY.contains(&name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{differences, settings};

    #[test]
    fn only_what_changed_is_a_difference() {
        let mfa = json!({ "MfaConfiguration": "OFF" });
        let pool = json!({
            "Tags": ["b", "a"], "Empty": "", "EstimatedNumberOfUsers": 1, "Deep": { "Length": 8, "Gone": true },
        });
        let same = json!({ "Tags": ["a", "b"], "None": [], "EstimatedNumberOfUsers": 2, "Deep": { "Length": 8, "Gone": true } });
        assert_eq!(differences(&settings(&pool, &mfa), &settings(&same, &mfa)), [""; 0]);
        let other = json!({ "Tags": ["a"], "Deep": { "Length": 9 } });
        assert_eq!(
            differences(&settings(&pool, &mfa), &settings(&other, &mfa)),
            [
                "Deep.Gone: was true, is not set",
                "Deep.Length: was 8, is 9",
                "Tags: was [\"a\",\"b\"], is [\"a\"]",
            ]
        );
    }
}
