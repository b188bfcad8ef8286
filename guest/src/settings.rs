//! What an operator can change about the mapping without a new mapper. The host passes on its variables that begin
//! with `MAPPER_ENV_`, without that prefix.

/// Where users are posted; `users/` unless set.
const USERS_PATH: &str = "USERS_PATH";
/// Which attributes are sent: their Cognito names, separated by commas; `custom:*` stands for all custom ones.
const USER_ATTRIBUTES: &str = "USER_ATTRIBUTES";
/// What is sent unless set: what most user tables have a column for.
const COMMON: &str = "email,email_verified,phone_number,name,given_name,family_name,identities,custom:*";

/// The settings of this mapper.
pub struct Settings {
    /// The path under the backend's base address.
    pub path: String,
    attributes: Vec<String>,
}

impl Settings {
    /// Reads the settings through `lookup`. A variable that is set to nothing counts as not set.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Settings {
        let or = |name, default: &str| lookup(name).filter(|value| !value.is_empty()).unwrap_or(default.to_owned());
        let attributes = or(USER_ATTRIBUTES, COMMON);
        Settings {
            path: or(USERS_PATH, "users/"),
            attributes: attributes.split(',').map(|name| name.trim().to_owned()).collect(),
        }
    }

    /// Whether the attribute `name` is sent.
    pub fn sends(&self, name: &str) -> bool {
        let all_custom = name.starts_with("custom:") && self.attributes.iter().any(|sent| sent == "custom:*");
        all_custom || self.attributes.iter().any(|sent| sent == name)
    }
}
