//! JSON read as leniently as can be: what is absent, null or of another type is not an error.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of a JSON object, unread: no value's size, depth or type can make the object
/// unreadable.
#[derive(Default)]
pub struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Object<'a> {
    /// The members of `json`; none if it is not an object.
    pub fn parse(json: &'a RawValue) -> Object<'a> {
        serde_json::from_str(json.get()).unwrap_or_default()
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        // Of members with the same name the last one counts, as for most readers of JSON.
        self.0.iter().rfind(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// The members of the object `name`; none if it is not an object.
    pub fn object(&self, name: &str) -> Object<'a> {
        self.get(name).map(Object::parse).unwrap_or_default()
    }

    /// All members, in their order.
    pub fn members(self) -> Vec<(String, &'a RawValue)> {
        self.0
    }

    /// Whether there is one member and no other.
    pub fn is_single(&self) -> bool {
        self.0.len() == 1
    }

    /// The value of `name` as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(text)
    }

    /// All members whose values are not null, as text.
    pub fn texts(self) -> Vec<(String, String)> {
        self.0.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect()
    }
}

/// A text as it is, `null` as nothing, and any other value as its JSON.
fn text(value: &RawValue) -> Option<String> {
    match value.get() {
        "null" => None,
        json if json.starts_with('"') => serde_json::from_str(json).ok().map(|Text(text)| text),
        json => Some(json.to_owned()),
    }
}

/// A JSON string in which an unpaired surrogate becomes a replacement character instead of an
/// error.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Text, E> {
                Ok(Text(String::from_utf8_lossy(bytes).into_owned()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}
