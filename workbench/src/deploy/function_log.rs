//! The lines of a function's log that say why it failed. They hold no user data, because its log
//! holds none.

use post_confirmation_host::printable;
use serde_json::Value;

/// The first words of the program before it ends, and of a panic.
const FATAL: [&str; 2] = ["error: ", "panicked"];
const LEVELS: [&str; 2] = ["ERROR", "FATAL"];
/// The most lines that are shown, and bytes of each.
const LINES: usize = 20;
const LENGTH: usize = 1000;

/// The lines that explain a failure, from the end of a log; none if nothing does.
///
/// A program that can't start writes lines of text, the later ones indented: the last group of
/// these counts. A running program writes JSON, or a line with its level: the last error counts.
pub fn explanation(log: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in log.lines() {
        if let Some(said) = error_of(line) {
            found = vec![said];
        } else if FATAL.iter().any(|word| line.starts_with(word)) {
            found = vec![line.strip_prefix(FATAL[0]).unwrap_or(line).to_owned()];
        } else if !found.is_empty() && line.starts_with("  ") {
            found.push(line.trim().to_owned());
        }
    }
    let shown = found.iter().take(LINES);
    shown.map(|line| printable::cut(&printable::line(line), LENGTH).to_owned()).collect()
}

/// The text of a line of the running program, if it is an error.
fn error_of(line: &str) -> Option<String> {
    let Ok(told) = serde_json::from_str::<Value>(line) else { return error_in_text(line) };
    told["level"].as_str().filter(|level| LEVELS.contains(level))?;
    let parts = ["message", "error"].into_iter().filter_map(|name| told.get(name));
    let parts = parts.map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned));
    Some(parts.collect::<Vec<_>>().join(": "))
}

/// The same of `TIME LEVEL MESSAGE`, if the log format is Text.
fn error_in_text(line: &str) -> Option<String> {
    let (time, rest) = line.split_once(' ')?;
    let (level, message) = rest.split_once(' ').unwrap_or((rest, ""));
    let dated = time.get(..4).is_some_and(|year| year.bytes().all(|byte| byte.is_ascii_digit()));
    (dated && LEVELS.contains(&level)).then(|| message.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::explanation;

    #[test]
    fn the_last_error_of_a_log_explains_it() {
        let log = "INIT_START\nerror: the settings are not valid\n  A: has to be a number\nEND\n";
        assert_eq!(explanation(log), ["the settings are not valid", "A: has to be a number"]);
        let log = r#"{"level":"ERROR","message":"no mapper","error":"gone"}"#;
        assert_eq!(explanation(log), ["no mapper: gone"]);
        assert_eq!(explanation("2026-01-01T00:00:00Z ERROR it broke\n"), ["it broke"]);
        assert_eq!(explanation("START\nEND\n"), [""; 0]);
    }
}
