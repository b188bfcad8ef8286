//! Names that a component has chosen are data of whoever made it: they keep nobody waiting, and no
//! line is longer or other for them.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use test_support::components::component_of;
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::Function;
use test_support::handmade::{image_of, mapper, trapping_in};
use test_support::{PATIENCE, program, sign_up};

/// A name of C++ of which a demangler makes a text that doubles with each of `levels`.
fn doubling(levels: usize) -> String {
    let mut name = "_Z1f1aIccES_IS0_S0_E".to_owned();
    for level in 1..levels {
        let number = |value: usize| {
            let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
            match value {
                0..36 => char::from(digits[value]).to_string(),
                _ => {
                    format!("{}{}", char::from(digits[value / 36]), char::from(digits[value % 36]))
                }
            }
        };
        name += &format!("S_IS{0}_S{0}_E", number(level));
    }
    name
}

/// Names that cost or break something if they are read or repeated without care.
fn hostile() -> Vec<(String, usize)> {
    let nested = format!("_RI{}{}", "NvC1a1b".repeat(40), "E".repeat(40));
    vec![
        ("a\\0aforged: line".to_owned(), 0),
        (doubling(18), 0),
        (doubling(24), 0),
        (doubling(200), 19),
        (format!("_RNvC6_123foo{}", "B_".repeat(4000)), 0),
        (nested, 0),
        (format!("_ZN{}E", "1a".repeat(30_000)), 19),
        ("x".repeat(90_000), 19),
        ("é".repeat(300), 3),
        ("a\\u{1b}[31m\\u{7}\\u{9b}\\u{2028}b\\u{7f}".to_owned(), 0),
    ]
}

fn settings<'a>(backend: &'a FaultyBackend, logs: &'a str) -> [(&'a str, &'a str); 2] {
    [("BACKEND_API_URL", backend.url.as_str()), ("MAPPER_LOGS", logs)]
}

/// Whether a log's reader may take something in `line` for a line break or a command.
fn is_steered(line: &str) -> bool {
    line.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
}

#[tokio::test]
async fn a_trap_in_a_function_of_any_name_ends_the_event() {
    let folder = tempfile::tempdir().unwrap();
    let backend = FaultyBackend::start([], Fault::Takes).await;
    for (name, depth) in hostile() {
        let (_, image) = image_of(&trapping_in(&name, depth), folder.path());
        for logs in ["off", "on"] {
            let mut function = Function::start(&image, &settings(&backend, logs)).await;
            let invoked = function.invoke(sign_up().to_string()).await;
            assert_eq!(
                (invoked.end(), invoked.error_type()),
                ("undelivered", "Mapper.Trapped"),
                "{name:.40}"
            );
            if logs == "on" {
                let line = function.raw_line().await;
                assert!(line.len() < 16 * 1024 && !is_steered(&line), "{} {line:.200}", line.len());
                let line: Value = serde_json::from_str(&line).unwrap();
                let backtrace = line["backtrace"].as_str().unwrap();
                assert!(backtrace.len() <= 8 * 1024, "{}", backtrace.len());
                assert!(backtrace.lines().all(|name| name.len() <= 256), "{backtrace}");
            }
            // Nothing of it is left for the next event.
            assert_eq!(function.invoke(sign_up().to_string()).await.error_type(), "Mapper.Trapped");
        }
    }
}

#[tokio::test]
async fn a_shadow_mapper_of_any_name_harms_no_event() {
    let folder = tempfile::tempdir().unwrap();
    let (_, shadow) = image_of(&trapping_in(&doubling(24), 5), folder.path());
    let backend = FaultyBackend::start([], Fault::Takes).await;
    let own = test_support::components::image(test_support::components::DEFAULT);
    let settings =
        [&settings(&backend, "on")[..], &[("SHADOW_MAPPER_IMAGE", shadow.to_str().unwrap())]]
            .concat();
    let mut function = Function::start(&own, &settings).await;
    assert_eq!(function.invoke(sign_up().to_string()).await.end(), "delivered");
    let line = function.line().await;
    assert_eq!(line["differences"][0], "outcome: deliver became Mapper.Trapped", "{line}");
}

fn workbench(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program("mapper"));
    command.args(arguments).current_dir(folder).env_clear().env("HOME", folder);
    command.output().unwrap()
}

#[test]
fn the_workbench_shows_no_more_of_a_name_than_fits() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("cases")).unwrap();
    std::fs::write(folder.path().join("cases/one.event.json"), sign_up().to_string()).unwrap();
    for (name, depth) in hostile() {
        let (component, _) = image_of(&trapping_in(&name, depth), folder.path());
        let component = component.to_str().unwrap();
        for arguments in [
            &["run", "cases/one.event.json", "--mapper", component][..],
            &["test", "cases", "--mapper", component],
            &["diff", component, component, "--events", "cases"],
            &["run", "cases/one.event.json", "--mapper", component, "--json"],
        ] {
            let output = workbench(folder.path(), arguments);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(text.len() < 16 * 1024, "{arguments:?}: {}", text.len());
            assert!(text.lines().all(|line| !is_steered(line)), "{text:?}");
        }
    }
}

#[test]
fn names_of_imports_are_cut_where_an_error_repeats_them() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(90_000);
    let text = mapper("", "unreachable").replacen(
        "(component",
        &format!("(component (import \"evil:{long}/a@1.0.0\" (instance))"),
        1,
    );
    let component = component_of(&text, folder.path());
    for command in [&["check", "--mapper"][..], &["inspect"], &["compile"]] {
        let arguments = [command, &[component.to_str().unwrap()]].concat();
        let output = workbench(folder.path(), &arguments);
        let text = [output.stdout, output.stderr].concat();
        assert!(!output.status.success() && text.len() < 8 * 1024, "{arguments:?}: {}", text.len());
        assert!(String::from_utf8(text).unwrap().contains("evil:xxx"), "{arguments:?}");
    }
}

/// `mapper inspect` of the component, with what it says.
async fn inspected(component: &Path, more: &[&str]) -> String {
    let mut command = tokio::process::Command::new(program("mapper"));
    command.arg("inspect").arg(component).args(more).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn what_made_a_component_is_told_however_much_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let tools = (0..200_000)
        .fold(String::new(), |tools, number| tools + &format!(r#"(processed-by "t{number}" "1")"#));
    let component =
        component_of(&mapper(&format!("(@producers {tools})"), "unreachable"), folder.path());
    let json: Value = serde_json::from_str(&inspected(&component, &["--json"]).await).unwrap();
    assert_eq!(json["madeBy"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn inspect_cuts_and_escapes_names_of_a_component() {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("\\u{{1b}}[31m\\u{{9b}}\\n{}", "x".repeat(90_000));
    let made = format!(r#"(@producers (language "{long}" "{long}"))"#);
    let text = mapper(&made, "unreachable").replacen(
        "(component",
        r#"(component (import "evil" (instance))"#,
        1,
    );
    let component = component_of(&text, folder.path());
    for more in [&[][..], &["--json"]] {
        let text = inspected(&component, more).await;
        assert!(text.len() < 8 * 1024 && !text.lines().any(is_steered), "{text}");
        assert!(
            text.contains("[31m") && text.contains("imports `evil`, which mappers do not get"),
            "{text}"
        );
        // The colours are the workbench's own, and dropped if the output is not a terminal.
        assert!(more.is_empty() || serde_json::from_str::<Value>(&text).is_ok(), "{text}");
        assert!(
            !more.is_empty() || text.contains("\nno mapper    the component imports"),
            "{text}"
        );
    }
}

#[test]
fn what_no_sandbox_has_room_for_is_refused_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let memories = |more: usize| mapper(&"(memory 1)".repeat(more), "unreachable");
    let tables = |number: usize| mapper(&"(table 1 funcref)".repeat(number), "unreachable");
    let elements = |number: usize| mapper(&format!("(table {number} funcref)"), "unreachable");
    for (text, refused) in [
        (memories(7), None),
        (memories(8), Some("9 memories, and a mapper can have 8")),
        (tables(32), None),
        (tables(33), Some("33 tables, and a mapper can have 32")),
        (elements(100_000), None),
        (elements(100_001), Some("100001 elements in a table, and a mapper can have 100000")),
    ] {
        let component = component_of(&text, folder.path());
        let component = component.to_str().unwrap();
        for arguments in [&["check", "--mapper", component][..], &["compile", component]] {
            let output = workbench(folder.path(), arguments);
            assert_eq!(output.status.success(), refused.is_none(), "{arguments:?}: {output:?}");
            let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(refused.is_none_or(|refused| text.contains(refused)), "{text}");
        }
    }
}
