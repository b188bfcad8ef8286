//! Values that must never be logged, made so that a log can be searched for them.

use serde_json::{Value, json};

use crate::sign_up;

/// Every value that must not be logged contains it, in capitals or not.
pub const MARK: &str = "canary";
/// Every `sub` begins with it: it stands in the lines of undelivered events and nowhere else.
pub const SUB: &str = "5ab5ab00";

/// The settings that hold secrets. The last one is the only form that the specification has for it;
/// its base64 happens to be readable.
pub const SECRETS: [(&str, &str); 5] = [
    ("BACKEND_AUTHORIZATION", "Bearer canary-authorization"),
    ("AWS_SECRET_ACCESS_KEY", "canary-access-key"),
    ("AWS_SESSION_TOKEN", "canary-session"),
    ("MAPPER_ENV_SECRET", "canary-variable"),
    ("BACKEND_SIGNING_SECRET", "whsec_CANARYsecretCANARYsecretCANARYsecretCANA"),
];

/// A sign-up of this user, whose name contains `MARK`, with this behaviour.
pub fn event(user: &str, number: usize, behaviour: &str) -> Value {
    assert!(user.to_lowercase().contains(MARK));
    let identities =
        json!([{ "userId": "canary-identity", "providerName": "Canary", "primary": "true" }]);
    let mut event = sign_up();
    event["userName"] = user.into();
    event["callerContext"]["clientId"] = "canary-client".into();
    event["request"] = json!({
        "userAttributes": {
            "sub": format!("{SUB}-0000-4000-8000-{number:012x}"),
            "email": "canary@canary.example",
            "email_verified": "true",
            "phone_number": "+15550100-canary",
            "name": "Carla Canary",
            "identities": identities.to_string(),
            "custom:plan": "canary-plan",
            "custom:behaviour": behaviour,
        },
        "clientMetadata": { "canary-name": "canary-value" },
    });
    event
}

/// Checks that `log`, in either format, holds nothing that must not be logged.
pub fn check(log: &str) {
    for line in log.lines() {
        assert!(!line.to_lowercase().contains(MARK), "{line}");
        assert!(!line.contains("127.0.0.1"), "an address is in {line}");
        assert!(
            !line.contains(SUB) || line.contains("undelivered"),
            "a user who is not lost is in {line}"
        );
    }
}
