//! `mapper test --bless`, and mappers that make something else of an event each time.

use std::fs;

use serde_json::json;

use super::{Folder, cannot, ends, shared_cases, wasm};
use test_support::behaving;
use test_support::components::{DEFAULT, MISBEHAVING};

#[test]
fn bless_writes_the_very_files_that_then_pass() {
    let folder = Folder::new();
    folder.copy_shared_cases();
    let names = folder.names("cases");
    let expected: Vec<&String> =
        names.iter().filter(|name| name.ends_with(".expected.json")).collect();
    expected.iter().for_each(|name| fs::remove_file(folder.path("cases").join(name)).unwrap());

    let test = ["test", "--mapper", &wasm(DEFAULT)];
    let blessed = ends(&mut folder.mapper(&[&test[..], &["--bless"]].concat()), 0);
    blessed.shows(&[
        "accepted  native ",
        &format!("\n0 passed, {} accepted, 0 failed in ", expected.len()),
    ]);
    assert_eq!(folder.names("cases"), names);
    for name in &expected {
        assert_eq!(
            folder.read(&format!("cases/{name}")),
            fs::read_to_string(shared_cases().join(name)).unwrap()
        );
    }
    ends(&mut folder.mapper(&test), 0)
        .shows(&[&format!("\n{} passed, 0 failed in ", expected.len())]);
}

#[test]
fn bless_leaves_what_already_passes_as_it_is_written() {
    let folder = Folder::new();
    folder.event("same", &behaving("skip not-today"));
    folder.write("cases/same.expected.json", "{\"skip\":\n\"not-today\"}");
    folder.event("other", &behaving("skip not-today"));
    folder.expect("other", &json!({ "skip": "never" }));
    ends(&mut folder.test(&["--bless"]), 0).shows(&["1 passed, 1 accepted, 0 failed"]);
    assert_eq!(folder.read("cases/same.expected.json"), "{\"skip\":\n\"not-today\"}");
    assert_eq!(folder.read("cases/other.expected.json"), "{\n  \"skip\": \"not-today\"\n}\n");
}

#[test]
fn bless_accepts_no_failure_and_says_which() {
    let folder = Folder::new();
    let failing = [
        ("panic", "panic", "Mapper.Trapped"),
        ("exit", "exit 0", "Mapper.Exited"),
        ("stack", "recurse", "Mapper.Trapped"),
        ("host-header", "header Authorization=x", "Mapper.AnswerRefused"),
        ("path", "path ../x", "Mapper.AnswerRefused"),
        ("status", "accept 503", "Mapper.AnswerRefused"),
        ("large", "body 100000000", "Mapper."),
        ("skip-code", "skip Not Today", "Mapper.AnswerRefused"),
    ];
    for (name, behaviour, _) in failing {
        folder.event(name, &behaving(behaviour));
    }
    // What was expected before stays, too.
    folder.expect("panic", &json!({ "skip": "never" }));
    folder.event("good", &behaving("skip not-today"));

    let ran = ends(&mut folder.test(&["--bless", "--json"]), 1).json();
    assert_eq!((&ran["passed"], &ran["failed"]), (&json!(1), &json!(failing.len())));
    for (name, _, error_type) in failing {
        let case =
            ran["cases"].as_array().unwrap().iter().find(|case| case["name"] == name).unwrap();
        assert_eq!(case["verdict"], "failed", "{case}");
        let found = case["mapped"]["failed"]["errorType"].as_str().unwrap();
        assert!(found.starts_with(error_type), "{case}");
    }
    let names = folder.names("cases");
    let expected: Vec<_> = names.iter().filter(|name| name.ends_with(".expected.json")).collect();
    assert_eq!(expected, ["good.expected.json", "panic.expected.json"]);
    assert_eq!(folder.expected("panic"), json!({ "skip": "never" }));
}

#[test]
fn numbers_of_every_size_pass_once_they_are_blessed() {
    let folder = Folder::new();
    let numbers = "[1, -0.0, 1e300, 18446744073709551615, 5.3429418746432075e-14, 9.168312261651781e-15, 0.1, 1E2]";
    folder.event("numbers", &behaving(&format!("text {numbers}")));
    ends(&mut folder.test(&["--bless"]), 0);
    ends(&mut folder.test(&[]), 0);
    // They are those of the mapper.
    let exact = folder.read("cases/numbers.expected.json");
    for number in ["18446744073709551615", "5.3429418746432075e-14", "9.168312261651781e-15"] {
        assert!(exact.contains(number), "{exact}");
    }
}

#[test]
fn random_numbers_and_clocks_are_unstable_until_fixed() {
    let folder = Folder::new();
    for name in ["random", "clock"] {
        folder.event(name, &behaving(name));
    }
    for args in [&[][..], &["--bless"]] {
        let ran = ends(&mut folder.test(args), 1);
        ran.shows(&["UNSTABLE  clock", "UNSTABLE  random", "\n---- clock ----\n"]);
        ran.shows(&[
            "\n---- clock ----\n  - first run\n  + second run\n",
            "`--deterministic` fixes\n",
        ]);
        // It can't be accepted, and is not offered to be.
        assert!(!ran.out.contains("`--bless`"), "{}", ran.out);
        assert_eq!(folder.names("cases"), ["clock.event.json", "random.event.json"]);
    }

    ends(&mut folder.test(&["--deterministic", "--bless"]), 0)
        .shows(&["0 passed, 2 accepted, 0 failed"]);
    for _ in 0..2 {
        ends(&mut folder.test(&["--deterministic"]), 0).shows(&["2 passed, 0 failed"]);
    }
    // 2026-01-01T00:00:00Z.
    let clock = folder.expected("clock")["deliver"]["bodyText"].as_str().unwrap().to_owned();
    assert!(clock.contains("tv_sec: 1767225600"), "{clock}");
    ends(&mut folder.test(&["--json"]), 1);
    let unstable = ends(&mut folder.test(&["--json"]), 1).json();
    for case in unstable["cases"].as_array().unwrap() {
        assert_eq!(
            (&case["verdict"], &case["stable"]),
            (&json!("unstable"), &json!(false)),
            "{case}"
        );
    }
}

#[test]
fn a_mapper_that_waits_for_a_fixed_clock_sees_it_advance() {
    let folder = Folder::new();
    // Far longer than a mapper has, if it were true.
    folder.event("wait", &behaving("wait 10000"));
    ends(&mut folder.test(&["--deterministic", "--bless"]), 0);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = Folder::new();
    folder.event("one", &behaving("skip not-today"));
    // A link to nowhere: even root can't write there, and no expectation can be read from it.
    std::os::unix::fs::symlink("missing/file", folder.path("cases/one.expected.json")).unwrap();
    let command = &mut folder.mapper(&["test", "--bless", "--mapper", &wasm(MISBEHAVING)]);
    cannot(command, &["`cases/one.expected.json` can't be written"]);
}

#[test]
fn an_error_with_an_invalid_code_is_not_accepted() {
    let folder = Folder::new();
    folder.event("no-code", &behaving("error No Code"));
    folder.event("code", &behaving("error a-code"));
    folder.event("honest", &behaving("error invalid-code"));
    let ran = ends(&mut folder.test(&["--bless"]), 1);
    ran.shows(&[
        "---- code ----",
        "the message of the error",
        "---- no-code ----\nMapper.Failed: the mapper failed, and its error code is not of 1 to 64 lower-case letters, digits and hyphens\n",
        "2 accepted, 1 failed",
    ]);
    // A code like any other.
    assert_eq!(folder.expected("honest"), json!({ "error": "invalid-code" }));
    assert_eq!(folder.read("cases/code.expected.json"), "{\n  \"error\": \"a-code\"\n}\n");
    assert!(!folder.path("cases/no-code.expected.json").exists());
}
