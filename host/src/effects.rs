//! What a mapper's follow-up does to the Cognito user of the event: what of it is allowed, and
//! doing it. The user is always the event's own, in the event's own pool.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::IgnoredAny;
use thiserror::Error;

use crate::aws::{self, Aws, Service};
use crate::event::Event;

/// The most effects of one event.
const MAX_EFFECTS: usize = 16;
/// Attributes that say who a user is.
const IDENTITY: [&str; 4] = ["sub", "email", "phone_number", "identities"];
/// The ends and beginnings of other such attributes.
const VERIFIED: &str = "_verified";
const COGNITO: &str = "cognito:";
/// The longest value of an attribute in Cognito, in characters.
const MAX_VALUE: usize = 2048;

/// What a mapper wants to be done with the user of the event, not yet checked.
#[derive(Clone, PartialEq, Eq)]
pub enum Effect {
    /// Set an attribute.
    SetAttribute {
        /// The attribute.
        name: String,
        /// Its new value.
        value: String,
    },
    /// Add the user to a group.
    AddToGroup(String),
}

/// It shows no value and no name: they may be user data.
impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Effect::SetAttribute { .. } => "SetAttribute",
            Effect::AddToGroup(_) => "AddToGroup",
        })
    }
}

/// What the operator lets mappers write: exact names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Attributes.
    pub attributes: BTreeSet<String>,
    /// Groups.
    pub groups: BTreeSet<String>,
}

/// The rule that effects break. It names nothing of what the mapper asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum Rule {
    #[error("there are more than {MAX_EFFECTS} effects")]
    TooMany,
    #[error("an attribute is not in COGNITO_ATTRIBUTES")]
    Attribute,
    #[error("an attribute says who a user is: it can't be listed in COGNITO_ATTRIBUTES")]
    Identity,
    #[error("a group is not in COGNITO_GROUPS")]
    Group,
    #[error("an attribute is set twice")]
    Twice,
    #[error("a value is longer than {MAX_VALUE} characters")]
    ValueTooLong,
    #[error("a value holds a control character")]
    ControlCharacter,
}

/// Why effects are not done, or not all of them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// None is done, because one breaks a rule.
    #[error("the mapper's effects were refused: {0}")]
    NotAllowed(#[from] Rule),
    /// Cognito did not do one.
    #[error("Cognito did not do what the mapper asked for: {0}")]
    Aws(#[from] aws::Error),
}

/// Effects that are allowed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Approved {
    /// Attributes with their values, all of which are set in one call.
    pub attributes: Vec<(String, String)>,
    /// Groups.
    pub groups: Vec<String>,
}

/// It shows no value and no name.
impl fmt::Debug for Approved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Approved { attributes, groups } = self;
        write!(f, "Approved({} attributes, {} groups)", attributes.len(), groups.len())
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Done {
    /// How many attributes were set.
    pub attributes: usize,
    /// To how many groups the user was added.
    pub groups: usize,
    /// How long it took, with the mapper's call.
    #[serde(skip)]
    pub took: Duration,
}

/// The effects of this process.
pub struct Effects {
    allowed: Allowed,
    /// None if they are only shown.
    aws: Option<Arc<Aws>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateUserAttributes<'a> {
    user_pool_id: &'a str,
    username: &'a str,
    user_attributes: Vec<Attribute<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AddUserToGroup<'a> {
    user_pool_id: &'a str,
    username: &'a str,
    group_name: &'a str,
}

/// Whether the attribute `name` says who a user is. No mapper may write it.
pub fn is_identity(name: &str) -> bool {
    // Cognito tells names apart by case, and what reads a token may not.
    let name = name.to_ascii_lowercase();
    IDENTITY.contains(&name.as_str()) || name.ends_with(VERIFIED) || name.starts_with(COGNITO)
}

impl Allowed {
    /// Whether nothing may be written.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty() && self.groups.is_empty()
    }

    /// All that `effects` name.
    fn naming(effects: &[Effect]) -> Allowed {
        let mut allowed = Allowed::default();
        for effect in effects {
            match effect {
                Effect::SetAttribute { name, .. } => _ = allowed.attributes.insert(name.clone()),
                Effect::AddToGroup(group) => _ = allowed.groups.insert(group.clone()),
            }
        }
        allowed
    }

    /// Checks all `effects`. A group that is named twice is one group.
    ///
    /// # Errors
    /// The rule that one of them breaks.
    pub fn approve(&self, effects: Vec<Effect>) -> Result<Approved, Rule> {
        if effects.len() > MAX_EFFECTS {
            return Err(Rule::TooMany);
        }
        let mut approved = Approved::default();
        for effect in effects {
            match effect {
                Effect::SetAttribute { name, value } => {
                    self.check(&name, &value)?;
                    if approved.attributes.iter().any(|(other, _)| *other == name) {
                        return Err(Rule::Twice);
                    }
                    approved.attributes.push((name, value));
                }
                Effect::AddToGroup(group) if !self.groups.contains(&group) => {
                    return Err(Rule::Group);
                }
                Effect::AddToGroup(group) if approved.groups.contains(&group) => {}
                Effect::AddToGroup(group) => approved.groups.push(group),
            }
        }
        Ok(approved)
    }

    fn check(&self, name: &str, value: &str) -> Result<(), Rule> {
        if is_identity(name) {
            return Err(Rule::Identity);
        }
        if !self.attributes.contains(name) {
            return Err(Rule::Attribute);
        }
        if value.chars().count() > MAX_VALUE {
            return Err(Rule::ValueTooLong);
        }
        if value.contains(char::is_control) {
            return Err(Rule::ControlCharacter);
        }
        Ok(())
    }
}

impl Effects {
    /// Effects within what is `allowed`, done through `aws`.
    pub fn new(allowed: Allowed, aws: Arc<Aws>) -> Effects {
        Effects { allowed, aws: Some(aws) }
    }

    /// Effects within what is `allowed`, none of which is done.
    pub fn only_shown(allowed: Allowed) -> Effects {
        Effects { allowed, aws: None }
    }

    /// Whether anything may come of a follow-up.
    pub fn are_wanted(&self) -> bool {
        self.aws.is_none() || !self.allowed.is_empty()
    }

    /// Checks what a mapper wants to be done. If effects are only shown and the operator's lists
    /// are not known, every name may be in them.
    ///
    /// # Errors
    /// The rule that one of them breaks.
    pub fn approve(&self, effects: Vec<Effect>) -> Result<Approved, Error> {
        if self.aws.is_none() && self.allowed.is_empty() {
            return Ok(Allowed::naming(&effects).approve(effects)?);
        }
        Ok(self.allowed.approve(effects)?)
    }

    /// Does what is `approved` with the user of `event` before `until`, and counts in `done` what
    /// was done. All of it may be done again.
    ///
    /// # Errors
    /// What Cognito did not do.
    pub async fn carry_out(
        &self,
        event: &Event,
        approved: &Approved,
        until: Instant,
        done: &mut Done,
    ) -> Result<(), Error> {
        let (user_pool_id, username) = (event.user_pool_id.as_str(), event.user_name.as_str());
        let attributes = approved.attributes.iter();
        let user_attributes: Vec<_> =
            attributes.map(|(name, value)| Attribute { name, value }).collect();
        let number = user_attributes.len();
        if number > 0 {
            let input = UpdateUserAttributes { user_pool_id, username, user_attributes };
            self.ask(event, "AdminUpdateUserAttributes", &input, until).await?;
            done.attributes = number;
        }
        for group_name in &approved.groups {
            let input = AddUserToGroup { user_pool_id, username, group_name };
            self.ask(event, "AdminAddUserToGroup", &input, until).await?;
            done.groups += 1;
        }
        Ok(())
    }

    async fn ask(
        &self,
        event: &Event,
        operation: &str,
        input: &impl Serialize,
        until: Instant,
    ) -> Result<(), Error> {
        let Some(aws) = &self.aws else { return Ok(()) };
        // The pool's own region, which begins its id.
        let region = event.user_pool_id.split_once('_').map(|(region, _)| region);
        let asked = aws.ask(Service::CognitoIdp, region, operation, input, until);
        // On the heap, because it is large and seldom made.
        let IgnoredAny = Box::pin(asked).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
