//! JSON that means the same to everyone who reads it. Cases keep only such a body as JSON, and any other one as text, in
//! which nothing is lost.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The value of `bytes`, where they are JSON without repeated names in an object and without integers that are larger
/// than 64 bits: readers differ about those.
pub fn json(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice::<Exact>(bytes).ok()?;
    serde_json::from_slice(bytes).ok()
}

/// A value that has been looked through.
struct Exact;

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Exact, D::Error> {
        value.deserialize_any(Look)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = Exact;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON that everyone reads alike")
    }

    fn visit_unit<E>(self) -> Result<Exact, E> {
        Ok(Exact)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Exact, E> {
        Ok(Exact)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Exact, E> {
        Ok(Exact)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Exact, E> {
        Ok(Exact)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Exact, E> {
        // Beyond 64 bits, an integer comes as a float, too.
        const BITS_63: f64 = 9_223_372_036_854_775_808.0;
        if number.abs() < BITS_63 { Ok(Exact) } else { Err(E::custom("a number that is rounded")) }
    }

    fn visit_str<E>(self, _: &str) -> Result<Exact, E> {
        Ok(Exact)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Exact, A::Error> {
        while items.next_element::<Exact>()?.is_some() {}
        Ok(Exact)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Exact, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, Exact)) = fields.next_entry::<String, Exact>()? {
            if !names.insert(name) {
                return Err(de::Error::custom("a name that is repeated"));
            }
        }
        Ok(Exact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_that_everyone_reads_alike_is_kept_as_json() {
        for text in [r#"{"a":[1,-2,0.5,18446744073709551615,"a",null,true],"b":{"a":1}}"#, "null", "1e3"] {
            assert!(json(text.as_bytes()).is_some(), "{text}");
        }
    }

    #[test]
    fn repeated_names_and_rounded_integers_are_not() {
        for text in [r#"{"a":1,"a":2}"#, r#"[{"b":{"a":1,"a":1}}]"#, "123456789012345678901", "[-1e30]", "no", ""] {
            assert!(json(text.as_bytes()).is_none(), "{text}");
        }
    }
}
