//! What the names of attributes can be in Cognito.

/// The names that Cognito has for attributes of its own, but for those that begin with `cognito:`.
pub const STANDARD: [&str; 21] = [
    "address",
    "birthdate",
    "email",
    "email_verified",
    "family_name",
    "gender",
    "given_name",
    "identities",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "phone_number_verified",
    "picture",
    "preferred_username",
    "profile",
    "sub",
    "updated_at",
    "website",
    "zoneinfo",
];
/// Marks that no name of an attribute has and that lists have between names, besides blanks.
const SEPARATORS: [char; 8] = [';', ':', '|', '/', '+', '&', '*', '"'];

/// The name of a custom attribute without its prefix; nothing if `name` is that of another one.
/// Those that only a developer can write have `dev:` before it.
pub fn custom(name: &str) -> Option<&str> {
    let developers = name.strip_prefix("dev:");
    let own = developers.unwrap_or(name).strip_prefix("custom:");
    own.or(developers)
}

/// Whether an attribute can have this name, or `*` in it stands for all custom ones.
pub fn is_possible(name: &str) -> bool {
    match custom(name) {
        Some(own) => own == "*" || is_name(own),
        None => STANDARD.contains(&name) || name.strip_prefix("cognito:").is_some_and(is_name),
    }
}

/// Whether a name, without its prefix, holds no blank and no mark that lists have between names.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(is_between)
}

/// Whether lists can have the character `c` between names.
fn is_between(c: char) -> bool {
    c.is_whitespace() || c.is_control() || SEPARATORS.contains(&c)
}
