//! `mapper unit-test` on test programs as `cargo test` builds them.

mod options;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use test_support::{program, scratch};

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
    #[test] fn talks_a_lot() { for _ in 0..40_000 { println!("{}", "a long word ".repeat(4)) } }
    #[test] #[ignore = "it takes its time"] fn waits() {}
    #[test] #[ignore] fn waits_and_fails() { panic!("not ready") }
"#;

/// Tests that should panic, and do or do not.
const SHOULD_PANIC: &str = r#"
    macro_rules! made { ($name:ident) => { #[test] #[should_panic(expected = "by a macro")] fn $name() { panic!("made by a macro") } } }
    made!(made_by_a_macro);
    #[test] #[should_panic] fn panics() { panic!("whatever") }
    #[test] #[should_panic(expected = "the \"right\" wörds")] fn panics_as_told() { panic!("line 1\nall the \"right\" wörds here") }
    #[test] #[should_panic(expected = "the right words")] fn panics_otherwise() { panic!("wrong words") }
    #[test] #[should_panic(expected = "src/lib.rs")] fn the_place_is_no_part_of_the_text() { panic!("words") }
    #[test] #[should_panic] fn does_not_panic() {}
    #[test] #[should_panic] fn leaves() { std::process::exit(0) }
    #[test] #[should_panic] fn aborts() { std::process::abort() }
    #[test] #[should_panic] fn says_so_only() { eprintln!("\nthread 'main' (1) panicked at src/lib.rs:1:1:\nwords") }
    #[test] #[should_panic] fn says_so_and_aborts() {
        eprintln!("\nthread 'main' (1) panicked at src/lib.rs:1:1:\nwords");
        std::process::abort()
    }
    #[test] #[should_panic] fn panics_without_a_word() { std::panic::set_hook(Box::new(|_| ())); panic!("words") }
    #[test] #[should_panic] #[ignore] fn waits() {}
    #[test] fn is_as_any_other() {}
"#;

/// A folder for the test programs, with a cache.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = scratch().join("unit-test");
    fs::create_dir_all(&folder).unwrap();
    folder
});
static TESTS_PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| test_program("tests", TESTS, &[]));
static SHOULD_PANIC_PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| test_program("should_panic", SHOULD_PANIC, &[]));

/// The test program of `source`.
fn test_program(name: &str, source: &str, options: &[&str]) -> PathBuf {
    let file = FOLDER.join(name).with_extension("rs");
    let program = FOLDER.join(name).with_extension("wasm");
    fs::write(&file, source).unwrap();
    let compile = ["--test", "--edition", "2024", "--target", "wasm32-wasip2", "-o"];
    let compiled = Command::new("rustc").args(compile).args([&program, &file]).args(options).output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    program
}

fn unit_test(program_file: &Path, args: &[&str]) -> Output {
    Command::new(program("mapper"))
        .arg("unit-test")
        .arg(program_file)
        .args(args)
        .env("MAPPER_CACHE_DIR", FOLDER.join("cache"))
        .output()
        .unwrap()
}

/// What a run of the tests wrote, and its exit status.
fn run(program: &Path, args: &[&str]) -> (String, Option<i32>) {
    let output = unit_test(program, args);
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
    let (_, rest) = text.split_once(&format!("\n---- {name} ----\n")).unwrap_or_else(|| panic!("{text}"));
    rest.split("\n\n").next().unwrap()
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
fn a_failure_tells_the_panic_its_place_and_the_authors_own_functions() {
    let (text, _) = run(&TESTS_PROGRAM, &[]);
    let place = FOLDER.join("tests.rs").display().to_string();
    assert_eq!(
        failure(&text, "inner::fails_below"),
        format!(
            "a word before\npanicked at {place}:3:9:\n3 is odd\n   0: tests::half\n   1: \
             tests::inner::fails_below::{{{{closure}}}}\n   2: tests::inner::fails_below"
        )
    );
    let two = failure(&text, "fails_in_two_lines");
    assert!(two.ends_with(":\nthe first line\nthe second line\n   0: tests::fails_in_two_lines"), "{two}");
}

#[test]
fn a_failure_without_a_panic_is_told_in_words() {
    let (text, _) = run(&TESTS_PROGRAM, &[]);
    assert_eq!(failure(&text, "returns_an_error"), "Error: \"the returned text\"");
    assert_eq!(failure(&text, "leaves_without_a_word"), "it called `exit`");
    assert_eq!(failure(&text, "leaves_with_a_status"), "it called `exit`");
    assert!(failure(&text, "eats").contains("it ran out of memory: a test has 512 MB"), "{text}");
    assert!(failure(&text, "goes_down").contains("call stack exhausted\n   0: tests::goes_down::down ("), "{text}");
    assert!(failure(&text, "aborts").contains("unreachable"), "{text}");
}

#[test]
fn tests_that_should_panic_are_run_and_have_to_panic_with_the_text_that_they_name() {
    let optimized = test_program("optimized", SHOULD_PANIC, &["-C", "opt-level=3", "-C", "strip=debuginfo"]);
    for program in [&*SHOULD_PANIC_PROGRAM, &optimized] {
        let (text, status) = run(program, &[]);
        assert_eq!(status, Some(1));
        for (name, expected) in [
            ("made_by_a_macro", "ok"),
            ("panics", "ok"),
            ("panics_as_told", "ok"),
            ("panics_otherwise", "FAILED"),
            ("the_place_is_no_part_of_the_text", "FAILED"),
            ("does_not_panic", "FAILED"),
            ("leaves", "FAILED"),
            ("aborts", "FAILED"),
            ("says_so_only", "FAILED"),
            ("says_so_and_aborts", "FAILED"),
            ("panics_without_a_word", "ok"),
            ("waits", "ignored"),
            ("is_as_any_other", "ok"),
        ] {
            assert_eq!(word(&text, name), expected, "{name}: {text}");
        }
        let otherwise = failure(&text, "panics_otherwise - should panic");
        assert!(otherwise.contains("\nwrong words\nthe panic's text does not hold"), "{otherwise}");
        assert!(otherwise.contains("`#[should_panic]` expects: \"the right words\""), "{otherwise}");
        assert!(failure(&text, "does_not_panic - should panic").contains("it did not panic"), "{text}");
        assert!(failure(&text, "leaves - should panic").contains("it called `exit`"), "{text}");
    }
    let (text, status) = run(&SHOULD_PANIC_PROGRAM, &["panics_as_told", "made", "any_other"]);
    assert_eq!(status, Some(0));
    assert!(text.contains("\ntest result: ok. 3 passed; 0 failed; 0 ignored;"), "{text}");
    let (text, _) = run(&SHOULD_PANIC_PROGRAM, &["--exact", "waits", "--ignored"]);
    assert_eq!(word(&text, "waits"), "FAILED");
}

#[test]
fn filters_and_options_choose_tests_as_libtest_does() {
    for (args, summary) in [
        (&["passes", "waits"][..], "ok. 1 passed; 0 failed; 2 ignored; 0 measured; 9 filtered out"),
        (&["--exact", "aborts", "inner"], "FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 11 filtered out"),
        (&["inner", "--skip", "fails"], "ok. 1 passed; 0 failed; 0 ignored; 0 measured; 11 filtered out"),
        (&["waits", "--skip", "waits", "--exact"], "ok. 0 passed; 0 failed; 0 ignored; 0 measured; 12 filtered out"),
        (&["--ignored"], "FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 10 filtered out"),
        (&["--include-ignored", "a"], "FAILED. "),
        (
            &["passes", "waits", "--include-ignored"],
            "FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out",
        ),
        (&["nothing"], "ok. 0 passed; 0 failed; 0 ignored; 0 measured; 12 filtered out"),
        (&["--test-threads", "1", "passes", "--color", "auto"], "ok. 1 passed;"),
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
    assert!(with(&["--show-output"]).contains(&format!("\n---- inner::passes ----\n{said}")));
    let quiet = with(&["-q", "--test-threads=1"]);
    assert!(quiet.starts_with("\nrunning 3 tests\n.ii\n\ntest result: ok."), "{quiet}");
    let coloured = with(&["--color", "always"]);
    assert!(coloured.contains("\x1b[32mok\x1b[0m"), "{coloured:?}");
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
    assert!(Command::new("rustc").args(compile).args([&other, &source]).status().unwrap().success());
    for (program, args, saying) in [
        (FOLDER.join("missing.wasm"), &[][..], "missing.wasm` can't be read"),
        (text, &[], "text.wasm` is no WebAssembly"),
        (component, &[], "it does not export `wasi:cli/run`"),
        (other, &[], "the program does not list its tests; it has to be built by `cargo test`\nno tests"),
        (TESTS_PROGRAM.clone(), &["--bench"], "--bench"),
        (TESTS_PROGRAM.clone(), &["--test-threads", "0"], "--test-threads"),
        (TESTS_PROGRAM.clone(), &["--ignored", "--include-ignored"], "--include-ignored"),
    ] {
        let output = unit_test(&program, args);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(saying), "{output:?}");
    }
    let help = Command::new(program("mapper")).args(["unit-test", "--help"]).output().unwrap();
    assert!(String::from_utf8_lossy(&help.stdout).contains("cargo test --target wasm32-wasip2 -- --list\n"));
}

#[test]
fn a_component_has_8_memories_and_one_with_more_is_refused_before_it_runs() {
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
        unit_test(&component, &[])
    };
    let obeys = with_memories(8);
    assert!(obeys.status.success(), "{obeys:?}");
    let breaks = with_memories(9);
    assert_eq!(breaks.status.code(), Some(2), "{breaks:?}");
    assert!(String::from_utf8_lossy(&breaks.stderr).contains("9 memories, and a mapper can have 8"), "{breaks:?}");
}

#[test]
fn a_program_is_compiled_once_and_a_cache_that_cannot_be_written_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let run = |cache: &Path| {
        let mut command = Command::new(program("mapper"));
        command.arg("unit-test").args([&*TESTS_PROGRAM]).arg("passes").env("MAPPER_CACHE_DIR", cache);
        command.output().unwrap()
    };
    let cache = folder.path().join("new/cache");
    let images = || {
        let entries = fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path().join("mapper.cwasm"));
        entries.map(|image| (fs::metadata(&image).unwrap().modified().unwrap(), image)).collect::<Vec<_>>()
    };
    assert!(run(&cache).status.success());
    let made = images();
    assert_eq!(made.len(), 1);
    assert!(run(&cache).status.success());
    assert_eq!(images(), made);

    fs::write(&made[0].1, "damaged").unwrap();
    assert!(run(&cache).status.success());
    assert!(fs::metadata(&made[0].1).unwrap().len() > 1000);

    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let output = run(&file);
    assert!(output.status.success(), "{output:?}");
    let warning = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(warning.starts_with("warning: the cache `") && warning.lines().count() == 1, "{warning}");
}

#[test]
fn cargo_runs_the_tests_of_a_crate_outside_of_this_workspace() {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| {
        let file = folder.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    write("Cargo.toml", "[package]\nname = \"own-mapper\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n");
    write(
        "src/lib.rs",
        "#[test] fn good() {}\n#[test] #[should_panic = \"words\"] fn bad() { panic!(\"own words\") }\n",
    );
    write(".cargo/config.toml", "[target.wasm32-wasip2]\nrunner = \"mapper unit-test\"\n");
    let folders = [program("mapper").parent().unwrap().to_owned()];
    let path = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&path))).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--target", "wasm32-wasip2", "--", "--show-output", "--test-threads=2"])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("MAPPER_CACHE_DIR", folder.path().join("cache"))
        .env_remove("CARGO_TARGET_WASM32_WASIP2_RUNNER")
        .env("CARGO_TARGET_DIR", folder.path().join("target"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("test result: ok. 2 passed; 0 failed;"), "{output:?}");
    assert!(text.contains("test bad - should panic ... ok "), "{text}");
}
