//! Text that a mapper, a component or a person chose, made fit to be logged or shown: of bounded
//! length, and without characters that steer a terminal or break a line.

use std::borrow::Cow;

/// The beginning of `text` that fits into `most` bytes.
pub fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// `line`, which is JSON, with every character written as an escape that a reader of logs may take
/// for a line break or a command. They can only stand in strings.
pub fn json(line: String) -> String {
    if !line.contains(is_escaped_in_json) {
        return line;
    }
    line.chars().fold(String::with_capacity(line.len()), |mut line, c| {
        if is_escaped_in_json(c) {
            line.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            line.push(c);
        }
        line
    })
}

/// A line break between the parts of JSON is a line break; in a string it is an escape already.
fn is_escaped_in_json(c: char) -> bool {
    is_hidden(c) && c != '\n'
}

/// `text` as a terminal may show it: lines and tabs stay, every other control is written as an
/// escape.
pub fn shown(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_hidden(c) && !matches!(c, '\n' | '\t'))
}

/// `text` in one line: every control is written as an escape.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden)
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return text.into();
    }
    let escaped = text
        .chars()
        .map(|c| if is_escaped(c) { c.escape_unicode().to_string() } else { c.to_string() });
    escaped.collect::<String>().into()
}

/// Controls of ASCII and of Latin-1, the separators of lines and paragraphs, what turns the
/// direction of text, and what has no width.
pub fn is_hidden(c: char) -> bool {
    let no_width = matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{61c}');
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || no_width || turns || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIDDEN: &str = "\u{1b}\u{7}\u{7f}\u{80}\u{9f}\u{2028}\u{2029}\u{202e}\u{2066}";

    #[test]
    fn json_keeps_its_meaning_and_loses_its_controls() {
        let value = serde_json::json!({ HIDDEN: format!("é🦀{HIDDEN}\n") });
        let line = json(value.to_string());
        assert!(!line.contains(is_hidden), "{line}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), value);
        assert_eq!(json("{\"a\":\"é🦀\"}".to_owned()), "{\"a\":\"é🦀\"}");
    }

    #[test]
    fn a_terminal_gets_lines_and_tabs_and_no_other_control() {
        let text = shown(HIDDEN);
        assert!(!text.contains(is_hidden), "{text}");
        assert!(text.starts_with("\\u{1b}\\u{7}\\u{7f}"), "{text}");
        assert_eq!(shown("a\tb\né🦀"), "a\tb\né🦀");
        assert_eq!(shown("a\rb"), "a\\u{d}b");
        assert_eq!((line("a\tb\né"), line("a é🦀")), ("a\\u{9}b\\u{a}é".into(), "a é🦀".into()));
    }
}
