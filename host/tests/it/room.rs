//! What a sandbox has room for, at the edge of each limit: a mapper that keeps it works, and one
//! that breaks it is refused or traps.

use std::process::Command;

use test_support::components::component_of;
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::Function;
use test_support::handmade::{image_of, mapper};
use test_support::{program, sign_up};

/// The answer `skip "ok"` in the memory of a mapper, and the code that returns it.
const OK: &str = r#"(data (i32.const 64) "\00\00\00\00\01\00\00\00\c8\00\00\00\02\00\00\00") (data (i32.const 200) "ok")"#;
const RETURN_OK: &str = "i32.const 64";

/// How an event ends with the mapper of this text: its skip code, or the name of its error.
async fn ends(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (_, image) = image_of(text, folder.path());
    let backend = FaultyBackend::start([], Fault::Takes).await;
    let mut function = Function::start(&image, &[("BACKEND_API_URL", &backend.url)]).await;
    let line = function.invoke(sign_up().to_string()).await.line;
    line["code"].as_str().or(line["errorType"].as_str()).unwrap().to_owned()
}

/// A mapper that opens so many timers and closes none.
fn timers(number: usize) -> String {
    let code = format!(
        "(local $n i32)
        (loop $again
            (drop (call $subscribe (i64.const 3600000000000)))
            (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const {number}))))
        {RETURN_OK}"
    );
    let imports = r#"(component
        (import "wasi:io/poll@0.2.6" (instance $poll (export "pollable" (type (sub resource)))))
        (alias export $poll "pollable" (type $pollable))
        (import "wasi:clocks/monotonic-clock@0.2.6" (instance $clock
            (alias outer 1 $pollable (type $outer))
            (export "pollable" (type $pollable (eq $outer)))
            (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
        (core func $subscribe (canon lower (func $clock "subscribe-duration")))"#;
    mapper(OK, &code)
        .replacen("(component", imports, 1)
        .replacen(
            "(core module $m",
            r#"(core module $m (import "clock" "subscribe" (func $subscribe (param i64) (result i32)))"#,
            1,
        )
        .replacen(
            "(instantiate $m)",
            r#"(instantiate $m (with "clock" (instance (export "subscribe" (func $subscribe)))))"#,
            1,
        )
}

#[tokio::test]
async fn a_mapper_has_256_timers_at_once_and_no_more() {
    assert_eq!(ends(&timers(256)).await, "ok");
    assert_eq!(ends(&timers(257)).await, "Mapper.Trapped");
}

#[tokio::test]
async fn a_table_grows_to_its_limit_and_no_further() {
    for (more, end) in [(99_999, "ok"), (100_000, "Mapper.Trapped")] {
        let code = format!(
            "(if (i32.eq (table.grow (ref.null func) (i32.const {more})) (i32.const -1)) (then unreachable)) {RETURN_OK}"
        );
        assert_eq!(ends(&mapper(&format!("(table 1 funcref) {OK}"), &code)).await, end, "{more}");
    }
}

#[tokio::test]
async fn a_mapper_runs_with_as_much_as_a_sandbox_has() {
    let all = format!("{} {} {OK}", "(memory 1)".repeat(7), "(table 100000 funcref)".repeat(32));
    // The tables alone take 24.4 MB of the 64 that a mapper has.
    assert_eq!(ends(&mapper(&all, RETURN_OK)).await, "ok");
}

#[test]
fn a_component_that_the_engine_has_no_room_for_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (globals, fits) in [(60_000, true), (66_000, false)] {
        let text = mapper(&"(global i32 (i32.const 0))".repeat(globals), "unreachable");
        let component = component_of(&text, folder.path());
        let component = component.to_str().unwrap();
        for arguments in [&["compile", component][..], &["check", "--mapper", component]] {
            let mut command = Command::new(program("mapper"));
            let output = command
                .args(arguments)
                .current_dir(folder.path())
                .env("HOME", folder.path())
                .output()
                .unwrap();
            let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert_eq!(output.status.success(), fits, "{arguments:?}: {text}");
            assert!(
                fits || text.contains("the component needs more than a sandbox has: "),
                "{text}"
            );
            assert!(fits || text.contains("defined globals"), "{text}");
        }
    }
}
