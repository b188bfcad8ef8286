//! `mapper unit-test` on test programs as `cargo test` builds them.

mod options;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use test_support::{AMPLE, program, scratch};

/// Tests that end in every way.
const TESTS: &str = r#"
    fn half(number: u32) -> u32 {
        assert!(number % 2 == 0, "{number} is odd");
        number / 2
    }

    mod inner {
        #[test] fn passes() { println!("a word of the passing test") }
        #[test] fn fails_below() {
            eprintln!("a word before");
            (3..4).for_each(|number| assert_eq!(super::half(number), 1));
        }
    }

    #[test] fn fails_in_two_lines() { panic!("the first line\nthe second line") }
    #[test] fn returns_an_error() -> Result<(), String> { Err("the returned text".to_owned()) }
    #[test] fn leaves_without_a_word() { std::process::exit(0) }
    #[test] fn leaves_with_a_status() { std::process::exit(1) }
    #[test] fn aborts() { std::process::abort() }
    #[test] fn goes_down() {
        fn down(depth: u64) -> u64 { if depth == u64::MAX { 0 } else { std::hint::black_box(down(depth + 1)) + 1 } }
        println!("{}", down(0));
    }
    #[test] fn eats() {
        let mut all = Vec::new();
        loop { all.push(std::hint::black_box(vec![1_u8; 1 << 24])) }
    }
    #[test] fn talks_a_lot() { for _ in 0..300 { println!("{}", "a long word ".repeat(6_000)) } }
    #[test] #[ignore = "it takes its time"] fn waits() {}
    #[test] #[ignore] fn waits_and_fails() { panic!("not ready") }
"#;

/// Tests that see what a mapper sees.
const SANDBOXED: &str = r#"
    #[test] fn sees_the_variables_of_mappers() {
        assert_eq!(std::env::var("WORD").as_deref(), Ok("two words"));
        assert!(std::env::var("HOME").is_err());
    }
    #[test] fn has_no_file() { assert!(std::fs::read_dir("/").is_err()) }
    #[test] fn loops() { loop { std::hint::black_box(()) } }
    #[test] fn takes_3_megabytes() { std::hint::black_box(vec![1_u8; 3 << 20]); }
    #[test] #[should_panic] fn should_panic() { panic!("words") }
"#;

/// A folder for the test programs, with a cache.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = scratch().join("unit-test");
    fs::create_dir_all(&folder).unwrap();
    folder
});
static TESTS_PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| test_program("tests", TESTS));
static SANDBOXED_PROGRAM: LazyLock<PathBuf> =
    LazyLock::new(|| test_program("sandboxed", SANDBOXED));

/// The test program of `source`.
fn test_program(name: &str, source: &str) -> PathBuf {
    let file = FOLDER.join(name).with_extension("rs");
    let program = FOLDER.join(name).with_extension("wasm");
    fs::write(&file, source).unwrap();
    let compile = ["--test", "--edition", "2024", "--target", "wasm32-wasip2", "-o"];
    let compiled = Command::new("rustc").args(compile).args([&program, &file]).output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    program
}

fn unit_test(program_file: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program("mapper"));
    command
        .arg("unit-test")
        .arg(program_file)
        .args(args)
        .env("MAPPER_CACHE_DIR", FOLDER.join("cache"))
        .envs(AMPLE);
    command
}

/// What a run of the tests wrote, and its exit status.
fn run(program: &Path, args: &[&str]) -> (String, Option<i32>) {
    let output = unit_test(program, args).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

/// Like `run`, with these variables.
fn run_with(program: &Path, variables: &[(&str, &str)]) -> (String, Option<i32>) {
    let output = unit_test(program, &[]).envs(variables.iter().copied()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

/// The word behind the test `name`.
fn word<'a>(text: &'a str, name: &str) -> &'a str {
    let line = |line: &&str| line.starts_with(&format!("test {name} "));
    let line = text.lines().find(line).unwrap_or_else(|| panic!("`{name}` is not in: {text}"));
    line.split_once(" ... ").unwrap().1.split_whitespace().next().unwrap()
}

/// What is told of the failure of `name`.
fn failure<'a>(text: &'a str, name: &str) -> &'a str {
    let (_, rest) =
        text.split_once(&format!("\n---- {name} ----\n")).unwrap_or_else(|| panic!("{text}"));
    let end = ["\n\n---- ", "\n\nfailures:\n"].iter().filter_map(|end| rest.find(end)).min();
    &rest[..end.unwrap()]
}

#[test]
fn every_test_is_run_and_every_failure_is_told_at_the_end() {
    let (text, status) = run(&TESTS_PROGRAM, &[]);
    assert_eq!(status, Some(1));
    for (name, expected) in [
        ("inner::passes", "ok"),
        ("talks_a_lot", "ok"),
        ("waits", "ignored"),
        ("fails_in_two_lines", "FAILED"),
        ("leaves_without_a_word", "FAILED"),
        ("leaves_with_a_status", "FAILED"),
    ] {
        assert_eq!(word(&text, name), expected, "{name}: {text}");
    }
    assert!(text.starts_with("\nrunning 12 tests\n"), "{text}");
    assert!(text.contains("ignored  it takes its time\n"), "{text}");
    let summary = "\ntest result: FAILED. 2 passed; 8 failed; 2 ignored; 0 measured; 0 filtered out; finished in ";
    assert!(text.contains(summary), "{text}");
    let list = "\nfailures:\n    aborts\n    eats\n    fails_in_two_lines\n    goes_down\n    inner::fails_below\n";
    assert!(text.contains(list), "{text}");
    // It is no terminal, and a passing test has nothing to say.
    assert!(!text.contains('\x1b') && !text.contains("a word of the passing test"), "{text}");
}

#[test]
fn a_failure_tells_the_panic_its_place_and_the_functions() {
    let (text, _) = run(&TESTS_PROGRAM, &[]);
    let place = FOLDER.join("tests.rs").display().to_string();
    let below = failure(&text, "inner::fails_below");
    assert!(below.starts_with("a word before\n"), "{below}");
    assert!(below.contains(&format!("panicked at {place}:3:9:\n3 is odd\n")), "{below}");
    let functions: Vec<&str> = below.lines().filter(|line| line.contains(": tests::")).collect();
    assert!(functions[0].ends_with(": tests::half"), "{below}");
    assert!(functions.last().unwrap().contains(": tests::inner::fails_below"), "{below}");
    // Neither Rust's way to the panic nor the harness's to the test.
    assert!(!below.contains("rust_panic") && !below.contains("test::run_test"), "{below}");
    let two = failure(&text, "fails_in_two_lines");
    assert!(two.contains(":\nthe first line\nthe second line\n"), "{two}");
}

#[test]
fn a_failure_without_a_panic_is_told_in_words() {
    let (text, _) = run(&TESTS_PROGRAM, &[]);
    assert_eq!(failure(&text, "returns_an_error"), "Error: \"the returned text\"");
    assert_eq!(failure(&text, "leaves_without_a_word"), "it called `exit`");
    assert_eq!(failure(&text, "leaves_with_a_status"), "it called `exit`");
    assert!(
        failure(&text, "eats").contains("it ran out of memory: a test has 64 MB, as a mapper"),
        "{text}"
    );
    assert!(failure(&text, "goes_down").contains("call stack exhausted\n"), "{text}");
    assert!(failure(&text, "goes_down").contains(": tests::goes_down::down\n"), "{text}");
    assert!(failure(&text, "aborts").contains("unreachable"), "{text}");
}

#[test]
fn a_test_sees_what_a_mapper_sees_and_has_its_limits() {
    let (text, status) = run_with(
        &SANDBOXED_PROGRAM,
        &[("MAPPER_ENV_WORD", "two words"), ("MAPPER_TIMEOUT_MS", "2000")],
    );
    assert_eq!(status, Some(1));
    for (name, expected) in [
        ("sees_the_variables_of_mappers", "ok"),
        ("has_no_file", "ok"),
        ("takes_3_megabytes", "ok"),
        ("loops", "FAILED"),
        // A panic ends the program, so libtest does not run it.
        ("should_panic", "ignored"),
    ] {
        assert_eq!(word(&text, name), expected, "{name}: {text}");
    }
    let stopped = "it was stopped after 2000 ms, as the function stops a mapper; MAPPER_TIMEOUT_MS sets the time";
    assert!(failure(&text, "loops").starts_with(stopped), "{text}");
    let (text, _) =
        run_with(&SANDBOXED_PROGRAM, &[("MAPPER_MEMORY_MB", "3"), ("MAPPER_TIMEOUT_MS", "2000")]);
    assert!(
        failure(&text, "takes_3_megabytes")
            .contains("a test has 3 MB, as a mapper; MAPPER_MEMORY_MB sets that")
    );
}

#[test]
fn filters_and_options_choose_tests_as_libtest_does() {
    for (args, summary) in [
        (&["passes", "waits"][..], "ok. 1 passed; 0 failed; 2 ignored; 0 measured; 9 filtered out"),
        (
            &["--exact", "aborts", "inner"],
            "FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 11 filtered out",
        ),
        (
            &["inner", "--skip", "fails"],
            "ok. 1 passed; 0 failed; 0 ignored; 0 measured; 11 filtered out",
        ),
        (
            &["waits", "--skip", "waits", "--exact"],
            "ok. 0 passed; 0 failed; 0 ignored; 0 measured; 12 filtered out",
        ),
        (&["--ignored"], "FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 10 filtered out"),
        (&["nothing"], "ok. 0 passed; 0 failed; 0 ignored; 0 measured; 12 filtered out"),
        (&["--test-threads", "1", "passes"], "ok. 1 passed;"),
        (&["--test-threads=200", "inner", "--skip=fails"], "ok. 1 passed;"),
    ] {
        let (text, status) = run(&TESTS_PROGRAM, args);
        assert!(text.contains(&format!("\ntest result: {summary}")), "{args:?}: {text}");
        assert_eq!(status, Some(if summary.starts_with("ok") { 0 } else { 1 }), "{args:?}");
    }
}

#[test]
fn what_tests_write_is_shown_as_asked_for() {
    let with = |args: &[&str]| run(&TESTS_PROGRAM, &[&["passes", "waits"], args].concat()).0;
    let said = "a word of the passing test\n";
    let text = with(&["--nocapture", "--test-threads=1"]);
    assert_eq!(word(&text, "inner::passes"), "ok");
    let (_, after) = text.split_once("test inner::passes ").unwrap().1.split_once('\n').unwrap();
    assert!(after.starts_with(&format!("{said}test waits")), "{text}");
    let terse = with(&["--format", "terse", "--test-threads=1"]);
    assert!(terse.starts_with("\nrunning 3 tests\n.ii\n\ntest result: ok."), "{terse}");
}

#[test]
fn the_tests_are_listed_as_libtest_lists_them() {
    let (text, status) = run(&TESTS_PROGRAM, &["--list", "inner"]);
    assert_eq!(
        (text.as_str(), status),
        ("inner::fails_below: test\ninner::passes: test\n\n2 tests, 0 benchmarks\n", Some(0))
    );
    let (text, _) = run(&TESTS_PROGRAM, &["--list", "--ignored"]);
    assert_eq!(text, "waits: test\nwaits_and_fails: test\n\n2 tests, 0 benchmarks\n");
}

#[test]
fn what_cannot_be_carried_out_ends_with_status_2_and_says_why() {
    let text = FOLDER.join("text.wasm");
    fs::write(&text, "no WebAssembly").unwrap();
    let component = FOLDER.join("component.wasm");
    fs::write(&component, wat::parse_str("(component)").unwrap()).unwrap();
    let source = FOLDER.join("main.rs");
    let other = FOLDER.join("main.wasm");
    fs::write(&source, "fn main() { println!(\"no tests\"); std::process::exit(1) }").unwrap();
    let compile = ["--target", "wasm32-wasip2", "-o"];
    assert!(
        Command::new("rustc").args(compile).args([&other, &source]).status().unwrap().success()
    );
    for (program, args, saying) in [
        (FOLDER.join("missing.wasm"), &[][..], "missing.wasm` can't be read"),
        (text, &[], "the file is not a WebAssembly component"),
        (component, &[], "it does not export `wasi:cli/run`"),
        (
            other,
            &[],
            "does not list its tests (it exited); it has to be built by `cargo test`\nno tests",
        ),
        (TESTS_PROGRAM.clone(), &["--bench"], "--bench"),
        (TESTS_PROGRAM.clone(), &["--test-threads", "0"], "--test-threads"),
    ] {
        let output = unit_test(&program, args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(saying), "{output:?}");
    }
    let help = Command::new(program("mapper")).args(["unit-test", "--help"]).output().unwrap();
    assert!(
        String::from_utf8_lossy(&help.stdout)
            .contains("cargo test --target wasm32-wasip2 -- --list\n")
    );
}

#[test]
fn a_program_with_more_than_8_memories_is_refused() {
    let with_memories = |number: usize| {
        let memories = "(core instance (instantiate $memory))".repeat(number);
        let text = format!(
            r#"(component
                (core module $memory (memory 1))
                {memories}
                (core module $program (func (export "run") (result i32) (i32.const 0)))
                (core instance $made (instantiate $program))
                (func $run (result (result)) (canon lift (core func $made "run")))
                (instance $command (export "run" (func $run)))
                (export "wasi:cli/run@0.2.6" (instance $command)))"#
        );
        let component = FOLDER.join(format!("memories-{number}.wasm"));
        fs::write(&component, wat::parse_str(text).unwrap()).unwrap();
        unit_test(&component, &[]).output().unwrap()
    };
    let obeys = with_memories(8);
    assert!(obeys.status.success(), "{obeys:?}");
    let breaks = with_memories(9);
    assert_eq!(breaks.status.code(), Some(2), "{breaks:?}");
    assert!(
        String::from_utf8_lossy(&breaks.stderr).contains("9 memories, and a mapper can have 8"),
        "{breaks:?}"
    );
}

#[test]
fn cargo_runs_the_tests_of_a_crate_outside_of_this_workspace() {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| {
        let file = folder.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    write(
        "Cargo.toml",
        "[package]\nname = \"own-mapper\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n",
    );
    write("src/lib.rs", "#[test] fn one() {}\n#[test] fn two() {}\n");
    write(".cargo/config.toml", "[target.wasm32-wasip2]\nrunner = \"mapper unit-test\"\n");
    let folders = [program("mapper").parent().unwrap().to_owned()];
    let path = std::env::var_os("PATH").unwrap();
    let path =
        std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&path))).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--target", "wasm32-wasip2", "--", "--test-threads=2"])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("MAPPER_CACHE_DIR", folder.path().join("cache"))
        .envs(AMPLE)
        .env_remove("CARGO_TARGET_WASM32_WASIP2_RUNNER")
        .env("CARGO_TARGET_DIR", folder.path().join("target"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("test result: ok. 2 passed; 0 failed;"),
        "{output:?}"
    );
}
