//! One event: the JSON exactly as Cognito sent it, a lenient view of it, and its id.
//!
//! Reading never fails. AWS warns that stricter validation breaks functions when elements are
//! added, so unknown fields, unknown sources, nulls, absent parts and values of another type are
//! all fine.

use std::time::SystemTime;

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::hex;
use crate::lenient::Object;

/// The source of a first confirmation.
const CONFIRM_SIGN_UP: &str = "PostConfirmation_ConfirmSignUp";
/// The source of a password reset.
const CONFIRM_FORGOT_PASSWORD: &str = "PostConfirmation_ConfirmForgotPassword";

/// What Cognito writes in place of an app client if there is none.
const NO_CLIENT: &str = "CLIENT_ID_NOT_APPLICABLE";

/// One call from Cognito. It has no `Debug`: nearly all of it is about a person.
pub struct Event {
    /// The event exactly as it came.
    pub json: Box<RawValue>,
    /// Why Cognito called.
    pub trigger_source: TriggerSource,
    /// The pool's region; empty if absent.
    pub region: String,
    /// The pool's id; empty if absent.
    pub user_pool_id: String,
    /// The user's name in the pool; empty if absent.
    pub user_name: String,
    /// The app client; absent if an administrator confirmed the user.
    pub client_id: Option<String>,
    /// The user's attributes in the order of the event.
    pub user_attributes: Vec<(String, String)>,
    /// What the signing-up client passed along: attacker-controlled.
    pub client_metadata: Vec<(String, String)>,
    /// The same for every attempt and for every retry by Cognito.
    pub id: String,
    /// When the host was first called with it.
    pub received_at: SystemTime,
}

/// Why Cognito called.
#[derive(Clone, PartialEq, Eq)]
pub enum TriggerSource {
    /// A user is confirmed for the first time.
    ConfirmSignUp,
    /// A user has set a new password.
    ConfirmForgotPassword,
    /// Any other source, as it came.
    Other(String),
}

/// Whether `json` is an event of Cognito, of whatever trigger: it says why Cognito calls, and it
/// has a request. What is not an event is read like one, because reading never fails, but nothing
/// that is made of it means anything.
pub fn is_event(json: &RawValue) -> bool {
    let event = Object::parse(json);
    begins(event.get("triggerSource"), '"') && begins(event.get("request"), '{')
}

/// Whether there is a `value` whose JSON begins with `first`.
fn begins(value: Option<&RawValue>, first: char) -> bool {
    value.is_some_and(|value| value.get().starts_with(first))
}

impl Event {
    /// Reads the event of the invocation `request_id`.
    pub fn read(json: &RawValue, request_id: &str) -> Event {
        Event::from_members(&Object::parse(json), json, request_id)
    }

    /// Like `read`, for a `json` whose `members` are known already.
    pub fn from_members(members: &Object<'_>, json: &RawValue, request_id: &str) -> Event {
        let mut event = Event::view(members, json);
        event.id = event.derive_id(request_id);
        event
    }

    /// Reads an event that has its id from an earlier invocation.
    pub fn with_id(json: &RawValue, id: String) -> Event {
        Event { id, ..Event::view(&Object::parse(json), json) }
    }

    /// When the host was first called with it, as mappers get it: RFC 3339 with milliseconds, UTC.
    pub fn received_at_text(&self) -> String {
        let at = OffsetDateTime::from(self.received_at);
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.millisecond()
        )
    }

    fn view(event: &Object<'_>, json: &RawValue) -> Event {
        let caller = event.object("callerContext");
        let request = event.object("request");
        let trigger_source = match event.text("triggerSource").unwrap_or_default() {
            source if source == CONFIRM_SIGN_UP => TriggerSource::ConfirmSignUp,
            source if source == CONFIRM_FORGOT_PASSWORD => TriggerSource::ConfirmForgotPassword,
            source => TriggerSource::Other(source),
        };
        Event {
            trigger_source,
            region: event.text("region").unwrap_or_default(),
            user_pool_id: event.text("userPoolId").unwrap_or_default(),
            user_name: event.text("userName").unwrap_or_default(),
            client_id: caller.text("clientId").filter(|client| client != NO_CLIENT),
            user_attributes: request.object("userAttributes").texts(),
            client_metadata: request.object("clientMetadata").texts(),
            id: String::new(),
            received_at: SystemTime::now(),
            json: json.to_owned(),
        }
    }

    /// The user's id that never changes, if the event has one.
    pub fn sub(&self) -> Option<&str> {
        let sub = self.user_attributes.iter().find(|(name, _)| name == "sub");
        sub.map(|(_, value)| value.as_str()).filter(|sub| !sub.is_empty())
    }

    /// How much of memory it holds, in bytes: its text, and what was read of that.
    pub fn size(&self) -> usize {
        let pairs = self.user_attributes.iter().chain(&self.client_metadata);
        self.json.get().len() + pairs.map(|(name, value)| name.len() + value.len()).sum::<usize>()
    }

    /// A sign-up happens once, so pool, `sub` and source make its id. Anything else can happen
    /// again, so its id also depends on the invocation. A user without `sub` must not share an id
    /// with another one: the name stands in for it, and the whole event if there is no name either.
    fn derive_id(&self, request_id: &str) -> String {
        let (kind, user) = match self.sub() {
            Some(sub) => ("sub", sub),
            None if !self.user_name.is_empty() => ("name", self.user_name.as_str()),
            None => ("event", self.json.get()),
        };
        let invocation = match self.trigger_source {
            TriggerSource::ConfirmSignUp => "",
            TriggerSource::ConfirmForgotPassword | TriggerSource::Other(_) => request_id,
        };
        let mut hash = Sha256::new();
        for part in
            [self.user_pool_id.as_str(), kind, user, self.trigger_source.as_str(), invocation]
        {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        format!("evt_{}", hex::encode(&hash.finalize()[..16]))
    }
}

impl TriggerSource {
    /// The source as Cognito writes it.
    pub fn as_str(&self) -> &str {
        match self {
            TriggerSource::ConfirmSignUp => CONFIRM_SIGN_UP,
            TriggerSource::ConfirmForgotPassword => CONFIRM_FORGOT_PASSWORD,
            TriggerSource::Other(source) => source,
        }
    }
}

#[cfg(test)]
mod tests;
