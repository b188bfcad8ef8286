//! The options of libtest, which other programs rely on.

use super::*;

#[test]
fn a_runner_of_tests_is_spoken_to_as_nextest_does() {
    let (all, status) = run(&TESTS_PROGRAM, &["--list", "--format", "terse"]);
    assert_eq!(status, Some(0));
    // Nothing but the tests, or nextest refuses the list.
    assert_eq!(
        (all.lines().count(), all.lines().all(|line| line.ends_with(": test"))),
        (12, true),
        "{all}"
    );
    let (ignored, _) = run(&TESTS_PROGRAM, &["--list", "--format", "terse", "--ignored"]);
    assert_eq!(ignored, "waits: test\nwaits_and_fails: test\n");
    for (name, more, status) in [
        ("inner::passes", None, 0),
        ("inner::fails_below", None, 1),
        ("waits", Some("--ignored"), 0),
        ("waits_and_fails", Some("--ignored"), 1),
    ] {
        let args: Vec<&str> = ["--exact", name, "--nocapture"].into_iter().chain(more).collect();
        let (text, ended) = run(&TESTS_PROGRAM, &args);
        assert_eq!(ended, Some(status), "{text}");
        assert!(text.contains(" 11 filtered out; "), "{text}");
    }
}

#[test]
fn every_option_of_libtest_is_understood_or_refused() {
    let terse = run(&TESTS_PROGRAM, &["--format", "terse", "passes"]).0;
    assert!(terse.starts_with("\nrunning 1 test\n.\n\ntest result: ok."), "{terse}");
    assert_eq!(run(&TESTS_PROGRAM, &["-q", "passes"]).0.lines().nth(2), Some("."));
    // A format that is named counts before `--quiet`.
    let pretty = run(&TESTS_PROGRAM, &["--quiet", "--format=pretty", "--test", "passes"]).0;
    assert!(pretty.contains("\ntest inner::passes ... ok "), "{pretty}");
    for (args, saying) in [
        (&["--bench"][..], "`--bench` is not understood: benchmarks can't be run here"),
        (&["--logfile", "tests.log"], "`--logfile` is not understood: redirect standard output"),
        (&["--logfile=tests.log"], "`--logfile` is not understood"),
        (
            &["--report-time"],
            "`--report-time` is not understood: the time of each test is shown anyway",
        ),
        (&["--ensure-time"], "`--ensure-time` is not understood: it is an unstable option"),
        (&["--shuffle", "-Z", "unstable-options"], " is not understood: "),
        (&["--shuffle-seed", "7"], "`--shuffle-seed` is not understood: it is an unstable option"),
        (&["--exclude-should-panic"], "`--exclude-should-panic` is not understood"),
        (&["--force-run-in-process"], "`--force-run-in-process` is not understood"),
        (
            &["-Zunstable-options"],
            "`-Z` is not understood: unstable options of libtest can't be used here",
        ),
        (
            &["--format", "json"],
            "`--format junit` are not understood: they are unstable formats of libtest",
        ),
        (&["--format", "junit"], "`cargo nextest run` can write a report"),
        (
            &["--show-output"],
            "`--show-output` is not understood: `--nocapture` shows what each test writes",
        ),
        (&["--color", "always"], "`--color` is not understood: CLICOLOR_FORCE and NO_COLOR set it"),
        (
            &["--include-ignored"],
            "`--include-ignored` is not understood: `--ignored` runs the tests with `#[ignore]`",
        ),
        (&["--format", "other"], "[possible values: pretty, terse]"),
    ] {
        let output = unit_test(&TESTS_PROGRAM, args).output().unwrap();
        assert_eq!(
            (output.status.code(), output.stdout.as_slice()),
            (Some(2), &b""[..]),
            "{output:?}"
        );
        assert!(String::from_utf8_lossy(&output.stderr).contains(saying), "{args:?}: {output:?}");
    }
}
