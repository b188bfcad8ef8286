//! The path of a request: it stays under the base for everyone who reads it on the way, however
//! leniently.

use std::borrow::Cow;

use reqwest::Url;

use super::{MAX_ENCODINGS, MAX_PATH, Violation};

/// The URL of `path` under `base`.
pub(super) fn resolve(base: &Url, path: &str) -> Result<Url, Violation> {
    if path.len() > MAX_PATH {
        return Err(Violation::PathTooLong);
    }
    check_characters(path)?;
    if path.starts_with("//") {
        return Err(Violation::PathHost);
    }
    let relative = path.strip_prefix('/').unwrap_or(path);
    let only_path = relative.split_once('?').map_or(relative, |(path, _)| path);
    // RFC 3986, 4.2: what stands before a colon in the first segment of a relative reference is a
    // scheme.
    let first = only_path.split_once('/').map_or(only_path, |(first, _)| first);
    if !path.starts_with('/') && first.contains(':') {
        return Err(Violation::PathAbsolute);
    }
    check_segments(only_path)?;

    // The base alone is requested as the operator wrote it; below it, it is a folder with or
    // without its slash.
    let url = match only_path {
        "" => format!("{base}{relative}"),
        _ => format!("{}/{relative}", base.as_str().trim_end_matches('/')),
    };
    let url = Url::parse(&url).map_err(|_| Violation::PathCharacter)?;
    // The checks above make this true; it stands here so that no later change to them can send a
    // user elsewhere.
    let stays = url.origin() == base.origin()
        && url.username().is_empty()
        && url.password().is_none()
        && url.path().starts_with(base.path().trim_end_matches('/'));
    if stays { Ok(url) } else { Err(Violation::PathAbsolute) }
}

/// Only what RFC 3986 allows in a path and a query may stand there, so that nothing is rewritten on
/// the way.
fn check_characters(path: &str) -> Result<(), Violation> {
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {}
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => {}
            b':' | b'@' | b'/' | b'?' => {}
            b'%' => {
                let hex = [bytes.next(), bytes.next()];
                if !hex.iter().all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit())) {
                    return Err(Violation::PathEscape);
                }
            }
            b'\\' => return Err(Violation::PathBackslash),
            b'#' => return Err(Violation::PathFragment),
            byte if byte.is_ascii_control() => return Err(Violation::PathControl),
            _ => return Err(Violation::PathCharacter),
        }
    }
    Ok(())
}

/// No segment may be `.` or `..` for anyone on the way, and none may hold a control character:
/// however often it is percent-encoded, with an encoded slash or backslash as a border, with blanks
/// around it, and with anything behind it that ends a name: a parameter (`..;x`), or a query or a
/// fragment that was encoded (`..%3fx`).
fn check_segments(path: &str) -> Result<(), Violation> {
    let mut decoded = path.as_bytes().to_vec();
    for _ in 0..=MAX_ENCODINGS {
        // An overlong form of a dot or a slash is one to a lenient decoder.
        let text = str::from_utf8(&decoded).map_err(|_| Violation::PathUtf8)?;
        if plain(text).split('/').any(is_dots) {
            return Err(Violation::PathDots);
        }
        // These end a text for a program in C, or a line of HTTP for a proxy that decodes.
        if text.contains(char::is_control) {
            return Err(Violation::PathControl);
        }
        if holds_unicode_escape(&decoded) {
            return Err(Violation::PathEscape);
        }
        let next: Vec<u8> = percent_encoding::percent_decode(&decoded).collect();
        if next == decoded {
            return Ok(());
        }
        decoded = next;
    }
    Err(Violation::PathEncodings)
}

/// `text` with `/` for all that separates segments and `;` for all that ends a name, in the forms
/// that become them if a server normalises Unicode (NFKC, and the best fit of Windows).
fn plain(text: &str) -> Cow<'_, str> {
    if text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_'))
    {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '\u{2044}' | '\u{2215}' | '\u{2216}' | '\u{fe68}' | '\u{ff0f}' | '\u{ff3c}' => {
                plain.push('/')
            }
            '?' | '#' | '\0' | '\u{37e}' | '\u{fe54}' | '\u{ff1b}' => plain.push(';'),
            '\u{fe14}' | '\u{fe16}' | '\u{fe56}' | '\u{ff1f}' | '\u{fe5f}' | '\u{ff03}' => {
                plain.push(';')
            }
            '\u{2024}' | '\u{fe52}' | '\u{ff0e}' => plain.push('.'),
            '\u{2025}' | '\u{fe30}' => plain.push_str(".."),
            other => plain.push(other),
        }
    }
    plain.into()
}

fn is_dots(segment: &str) -> bool {
    let name = segment.split(';').next().unwrap_or_default();
    let mut name = name.chars().filter(|character| !is_blank(*character));
    let name = [name.next(), name.next(), name.next()];
    name == [Some('.'), None, None] || name == [Some('.'), Some('.'), None]
}

/// Whether `character` can't be seen: some file systems and consoles leave it out.
fn is_blank(character: char) -> bool {
    let no_width = matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}');
    no_width || character.is_whitespace() || character.is_control()
}

/// Whether `text` holds `%u` with four digits behind it, which some servers read as a character of
/// UTF-16.
fn holds_unicode_escape(text: &[u8]) -> bool {
    text.windows(6)
        .any(|six| matches!(six, [b'%', b'u' | b'U', digits @ ..] if digits.iter().all(u8::is_ascii_hexdigit)))
}
