//! What came of a test: libtest's word, and the end of the program where it has none.

use super::frames;
use super::output::Stream;
use super::program::{End, Finished, LIMITS};

/// What came of a test.
pub enum Verdict {
    /// With what it wrote.
    Passed(String),
    /// With the reason, where there is one.
    Ignored(Option<String>),
    Failed(Failure),
}

/// What an author has to know of a failure.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// What the test wrote before.
    pub output: String,
    pub panic: Option<Panic>,
    /// What else is wrong.
    pub why: Option<String>,
    /// The functions, innermost first.
    pub frames: Vec<String>,
}

/// A panic as std reports it.
#[derive(Debug, PartialEq, Eq)]
pub struct Panic {
    /// File, line and column.
    pub place: String,
    pub message: String,
}

/// Judges the run of the test `name` alone. `should_panic` is what it has to end with, if it is a panic.
pub fn judge(name: &str, should_panic: Option<&Option<String>>, finished: &Finished) -> Verdict {
    let stdout = finished.output.end(Stream::Out);
    let returned = finished.end == End::Returned(true);
    if returned && stdout.contains("\ntest result: ok. 0 passed; 0 failed; 1 ignored;") {
        return Verdict::Ignored(reason(name, &stdout));
    }
    let passed = returned && stdout.contains("\ntest result: ok. 1 passed;");
    let both = own_output(name, &finished.output.both());
    let stderr = finished.output.end(Stream::Error);
    let (panicked, frames) = match &finished.end {
        // A program without names has no frames. Where it has, they tell a panic from a test that only speaks of one.
        End::Trapped { frames, .. } if frames.is_empty() => (Panic::last(&stderr).is_some(), [].as_slice()),
        End::Trapped { frames, .. } => (frames::is_panic(frames), frames.as_slice()),
        _ => (false, [].as_slice()),
    };
    let panic = if panicked { Panic::last(&stderr) } else { None };

    let why = match (should_panic, &finished.end) {
        (None, _) if passed => return Verdict::Passed(both),
        (Some(None), _) if panicked => return Verdict::Passed(both),
        (Some(Some(expected)), _) if panicked => {
            if panic.as_ref().is_some_and(|panic| panic.message.contains(expected)) {
                return Verdict::Passed(both);
            }
            Some(format!("the panic's text does not hold what `#[should_panic]` expects: {expected:?}"))
        }
        (Some(_), End::Returned(_)) => Some("it did not panic, as `#[should_panic]` says it does".to_owned()),
        (_, End::Returned(_)) => Some("it ended without libtest's word for it".to_owned()),
        // libtest exits after a test that has returned an error.
        (_, End::Exited) if stdout.contains("\ntest result: FAILED. 0 passed; 1 failed;") => {
            both.is_empty().then(|| "it returned an error".to_owned())
        }
        (_, End::Exited) => Some("it called `exit`".to_owned()),
        (_, End::TimedOut) => Some(format!("it was stopped after {} s", LIMITS.time.as_secs())),
        (_, End::OutOfMemory) => Some(format!("it ran out of memory: a test has {} MB", LIMITS.memory >> 20)),
        (_, End::Trapped { words, .. }) => (!panicked).then(|| words.clone()),
    };
    let output = match &panic {
        Some(_) => both.rfind("\nthread '").map_or("", |end| &both[..end]).trim().to_owned(),
        None => both,
    };
    Verdict::Failed(Failure { output, panic, why, frames: frames::own(frames) })
}

/// The reason that libtest gives for not running a test.
fn reason(name: &str, stdout: &str) -> Option<String> {
    if stdout.contains(&format!("test {name} - should panic ... ignored")) {
        let why = "this `mapper` does not know how the Rust that built it marks `#[should_panic]`";
        return Some(why.to_owned());
    }
    let reason = stdout.split_once(&format!("test {name} ... ignored, "))?.1;
    Some(reason.split("\n\ntest result: ").next()?.to_owned())
}

/// What the test itself wrote, without libtest's words around it.
fn own_output(name: &str, both: &str) -> String {
    let start = format!("test {name} ... ");
    let own = both.split_once(&start).map_or(both, |(_, own)| own);
    let end = ["ok\n\ntest result: ok. 1 passed;", "FAILED\n\nfailures:\n"].into_iter().find_map(|end| own.rfind(end));
    // A panic begins with an empty line, by which it is found.
    own[..end.unwrap_or(own.len())].trim_end().to_owned()
}

impl Panic {
    /// The last panic in what a program wrote to standard error.
    fn last(stderr: &str) -> Option<Panic> {
        const NOTE: &str = "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";
        let (_, report) = stderr.rsplit_once("\nthread '")?;
        let (first, message) = report.split_once('\n')?;
        let (_, place) = first.split_once(" panicked at ")?;
        let message = message.trim_end();
        let message = message.strip_suffix(NOTE).unwrap_or(message).trim_end();
        Some(Panic { place: place.trim_end_matches(':').to_owned(), message: message.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use wasmtime_wasi::p2::OutputStream;

    use super::*;
    use crate::commands::unit_test::output::Output;

    /// A run that wrote this to standard output and to standard error.
    fn finished(stdout: &str, stderr: &str, end: End) -> Finished {
        let output = Output::default();
        for (stream, text) in [(Stream::Out, stdout), (Stream::Error, stderr)] {
            output.stream(stream).write(Bytes::copy_from_slice(text.as_bytes())).unwrap();
        }
        Finished { end, output, took: Duration::ZERO }
    }

    fn trapped() -> End {
        End::Trapped { words: "trapped".to_owned(), frames: Vec::new() }
    }

    #[test]
    fn a_test_that_should_panic_and_that_libtest_does_not_run_is_ignored_with_the_reason() {
        let stdout = "\nrunning 1 test\ntest a - should panic ... ignored\n\ntest result: ok. 0 passed; 0 failed; \
                      1 ignored; 0 measured; 7 filtered out; finished in 0.00s\n";
        let Verdict::Ignored(Some(reason)) = judge("a", None, &finished(stdout, "", End::Returned(true))) else {
            panic!("not ignored");
        };
        assert!(reason.contains("`#[should_panic]`"), "{reason}");
    }

    #[test]
    fn a_panic_is_known_by_its_text_where_the_program_has_no_names() {
        let text = "\nthread 'main' panicked at src/lib.rs:1:2:\nsome words\nnote: run with `RUST_BACKTRACE=1` \
                    environment variable to display a backtrace\n";
        let some = Some("some words".to_owned());
        assert!(matches!(judge("a", Some(&some), &finished("", text, trapped())), Verdict::Passed(_)));
        let other = Some("backtrace".to_owned());
        let Verdict::Failed(failure) = judge("a", Some(&other), &finished("", text, trapped())) else {
            panic!("passed");
        };
        let panic = Panic { place: "src/lib.rs:1:2".to_owned(), message: "some words".to_owned() };
        assert_eq!(failure.panic, Some(panic));
        assert!(matches!(judge("a", Some(&None), &finished("", "", trapped())), Verdict::Failed(_)));
    }

    #[test]
    fn a_test_that_has_run_too_long_has_failed_also_where_it_should_panic() {
        for should_panic in [None, Some(&None)] {
            let Verdict::Failed(failure) = judge("a", should_panic, &finished("", "", End::TimedOut)) else {
                panic!("passed");
            };
            assert_eq!(failure.why.as_deref(), Some("it was stopped after 60 s"));
        }
    }
}
