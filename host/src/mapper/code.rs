//! The codes by which mappers say why they skip an event or fail.

use std::fmt;

use serde::Serialize;

/// A code that can be logged: 1 to 64 lower-case letters, digits and hyphens, beginning with a
/// letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Code(String);

impl Code {
    /// The longest code, in bytes.
    const MAX: usize = 64;

    /// The code `text`. None if it is not a code.
    pub fn parse(text: String) -> Option<Code> {
        let begins = text.starts_with(|first: char| first.is_ascii_lowercase());
        let rest = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        (begins && rest && text.len() <= Code::MAX).then_some(Code(text))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_short_and_of_lower_case_letters() {
        for text in ["a", "no-user", "a1-", &"x".repeat(64)] {
            assert_eq!(Code::parse(text.to_owned()).unwrap().as_str(), text);
        }
        for text in ["", "A", "1a", "-a", "a b", "a_b", "é", "a\n", &"x".repeat(65)] {
            assert_eq!(Code::parse(text.to_owned()), None, "{text:?}");
        }
    }
}
