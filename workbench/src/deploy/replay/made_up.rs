//! An event with a made-up value in place of each. What is left of the original is its form: the
//! names of Cognito and of the pool's attributes, their order, and the shape of each value.

mod shape;

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use post_confirmation_host::Object;
use serde_json::value::RawValue;

/// What nests deeper becomes null. Cognito nests three levels deep.
const DEEPEST: usize = 32;
/// How often another value is made up if one is taken.
const TRIES: usize = 64;

/// The names that Cognito gives, in events and in the attribute `identities`, and the standard
/// attributes. Any other name may be a value of the user.
const NAMES: [&str; 42] = [
    "address",
    "awsSdkVersion",
    "birthdate",
    "callerContext",
    "clientId",
    "clientMetadata",
    "cognito:email_alias",
    "cognito:phone_number_alias",
    "cognito:user_status",
    "dateCreated",
    "email",
    "email_verified",
    "family_name",
    "gender",
    "given_name",
    "identities",
    "issuer",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "phone_number_verified",
    "picture",
    "preferred_username",
    "primary",
    "profile",
    "providerName",
    "providerType",
    "region",
    "request",
    "response",
    "sub",
    "triggerSource",
    "updated_at",
    "userAttributes",
    "userId",
    "userName",
    "userPoolId",
    "version",
    "website",
    "zoneinfo",
];
/// How the names begin that the pool gives to attributes.
const CUSTOM: [&str; 2] = ["custom:", "dev:custom:"];
/// The member whose names the person chooses who signs up.
const CLIENT_METADATA: &str = "clientMetadata";
/// The attribute that is JSON of Cognito in a text.
const IDENTITIES: &str = "identities";
/// Values that stay, by name: words of Cognito, on which a mapping may depend.
const WORDS: [(&str, &[&str]); 5] = [
    ("clientId", &["CLIENT_ID_NOT_APPLICABLE"]),
    (
        "cognito:user_status",
        &[
            "CONFIRMED",
            "EXTERNAL_PROVIDER",
            "FORCE_CHANGE_PASSWORD",
            "RESET_REQUIRED",
            "UNCONFIRMED",
        ],
    ),
    ("providerType", &["Facebook", "Google", "LoginWithAmazon", "OIDC", "SAML", "SignInWithApple"]),
    (
        "triggerSource",
        &["PostConfirmation_ConfirmForgotPassword", "PostConfirmation_ConfirmSignUp"],
    ),
    ("version", &["1"]),
];
/// The same under any name.
const TRUTHS: [&str; 2] = ["false", "true"];

/// `event` with made-up values, on lines for people. The same value is replaced by the same one.
///
/// # Errors
/// The result is not JSON.
pub fn event(event: &RawValue) -> Result<Box<RawValue>> {
    let mut values = Values::default();
    let mut text = String::new();
    values.value(event, "", true, Some(0), DEEPEST, &mut text);
    Ok(RawValue::from_string(text)?)
}

/// The values that were made up so far.
#[derive(Default)]
struct Values {
    by_real: HashMap<String, String>,
    taken: HashSet<String>,
}

impl Values {
    /// Writes `json`, the value of the member `name`, with made-up values to `out`: on lines with
    /// so many levels around them, or on one line. If not `names_stay`, the names in it are made up
    /// as well.
    fn value(
        &mut self,
        json: &RawValue,
        name: &str,
        names_stay: bool,
        level: Option<usize>,
        depth: usize,
        out: &mut String,
    ) {
        let inner = level.map(|level| level + 1);
        match json.get().as_bytes().first() {
            Some(b'{' | b'[') if depth == 0 => out.push_str("null"),
            Some(b'{') => {
                out.push('{');
                let mut separator = "";
                for (key, value) in Object::parse(json).members() {
                    out.push_str(separator);
                    separator = ",";
                    new_line(inner, out);
                    let stays = names_stay && is_known(&key);
                    let shown = if stays { key.clone() } else { self.text(&key) };
                    out.push_str(&quoted(&shown));
                    out.push_str(if level.is_some() { ": " } else { ":" });
                    let names_stay = names_stay && key != CLIENT_METADATA;
                    self.value(value, &key, names_stay, inner, depth - 1, out);
                }
                if !separator.is_empty() {
                    new_line(level, out);
                }
                out.push('}');
            }
            Some(b'[') => {
                out.push('[');
                let items: Vec<&RawValue> = serde_json::from_str(json.get()).unwrap_or_default();
                for (place, item) in items.into_iter().enumerate() {
                    out.push_str(if place > 0 { "," } else { "" });
                    self.value(item, name, names_stay, None, depth - 1, out);
                }
                out.push(']');
            }
            Some(b'"') => {
                // A text that is not valid Unicode is made up like its JSON.
                let real = serde_json::from_str(json.get());
                let real = real.unwrap_or_else(|_| json.get().trim_matches('"').to_owned());
                let made = self.of_member(name, &real, names_stay, depth);
                out.push_str(&quoted(&made));
            }
            Some(b'0'..=b'9' | b'-') => out.push_str(&self.made_up(json.get(), shape::digits)),
            _ => out.push_str(json.get()),
        }
    }

    /// What stands in place of the text `real` in the member `name`. If not `names_stay`, somebody
    /// else than Cognito has chosen the name.
    fn of_member(&mut self, name: &str, real: &str, names_stay: bool, depth: usize) -> String {
        let words = WORDS.iter().find(|(of, _)| *of == name).map_or(&[][..], |(_, words)| words);
        if words.contains(&real) || TRUTHS.contains(&real) {
            return real.to_owned();
        }
        if name == "region" && shape::is_region(real) {
            return real.to_owned();
        }
        if name == "userPoolId"
            && let Some((region, id)) = real.split_once('_')
            && shape::is_region(region)
        {
            return format!("{region}_{}", self.text(id));
        }
        // JSON in a text. Cognito has chosen the names of one such text alone.
        if real.starts_with(['{', '['])
            && let Ok(json) = serde_json::from_str::<&RawValue>(real)
        {
            let mut text = String::new();
            let names_stay = names_stay && name == IDENTITIES;
            self.value(json, name, names_stay, None, depth.saturating_sub(1), &mut text);
            return text;
        }
        self.text(real)
    }

    /// What stands in place of the text `real`.
    fn text(&mut self, real: &str) -> String {
        self.made_up(real, shape::like)
    }

    /// What stands in place of `real`, of those that `like` it: always the same, and if possible
    /// unlike what stands in place of another value. If nothing else is like it, as there is
    /// neither a letter nor a digit in it, it stays.
    fn made_up(&mut self, real: &str, like: fn(&str, usize) -> String) -> String {
        if let Some(made) = self.by_real.get(real) {
            return made.clone();
        }
        let first = self.by_real.len();
        let mut made = real.to_owned();
        for number in first..first + TRIES {
            let other = like(real, number);
            if other != real {
                made = other;
                if !self.taken.contains(&made) {
                    break;
                }
            }
        }
        self.taken.insert(made.clone());
        self.by_real.insert(real.to_owned(), made.clone());
        made
    }
}

/// Whether `name` was chosen by Cognito or by the pool's owner.
fn is_known(name: &str) -> bool {
    NAMES.contains(&name) || CUSTOM.iter().any(|it| name.starts_with(it))
}

fn quoted(text: &str) -> String {
    // A text can't fail.
    serde_json::to_string(text).unwrap_or_default()
}

fn new_line(level: Option<usize>, out: &mut String) {
    if let Some(level) = level {
        out.push('\n');
        out.push_str(&"  ".repeat(level));
    }
}

#[cfg(test)]
mod tests;
