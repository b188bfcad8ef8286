//! `mapper test` under the limits of production.

use serde_json::Value;

use super::{Folder, cannot, ends};
use test_support::{behaving, sign_up};

/// How the case `name` ended.
fn case<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["cases"].as_array().unwrap().iter().find(|case| case["name"] == name).unwrap()
}

#[test]
fn a_mapper_that_loops_or_sleeps_fails_when_its_time_is_over() {
    let folder = Folder::new();
    for behaviour in ["loop", "sleep"] {
        folder.event(behaviour, &behaving(behaviour));
    }
    folder.event("good", &behaving("skip not-today"));
    // As long as the good one can do with.
    let report =
        ends(folder.test(&["--json", "--bless"]).env("MAPPER_TIMEOUT_MS", "2000"), 1).json();
    for name in ["loop", "sleep"] {
        assert_eq!(
            case(&report, name)["mapped"]["failed"]["errorType"],
            "Mapper.TimedOut",
            "{report}"
        );
    }
    assert_eq!(case(&report, "good")["verdict"], "blessed", "{report}");
}

#[test]
fn fixed_clocks_do_not_suspend_the_limit_of_time() {
    let folder = Folder::new();
    for behaviour in ["loop", "sleep"] {
        folder.event(behaviour, &behaving(behaviour));
    }
    let report =
        ends(folder.test(&["--json", "--deterministic"]).env("MAPPER_TIMEOUT_MS", "50"), 1).json();
    for name in ["loop", "sleep"] {
        assert_eq!(
            case(&report, name)["mapped"]["failed"]["errorType"],
            "Mapper.TimedOut",
            "{report}"
        );
    }
}

#[test]
fn a_mapper_has_the_memory_of_the_environment() {
    let folder = Folder::new();
    folder.event("eats", &behaving("allocate 20"));
    let test = |megabytes: &str| {
        let mut command = folder.test(&["--json", "--bless"]);
        command.env("MAPPER_MEMORY_MB", megabytes);
        command
    };
    let report = ends(&mut test("10"), 1).json();
    assert_eq!(
        case(&report, "eats")["mapped"]["failed"]["errorType"],
        "Mapper.OutOfMemory",
        "{report}"
    );
    ends(&mut test("40"), 0);
}

#[test]
fn a_failure_is_shown_with_what_the_mapper_said() {
    let folder = Folder::new();
    folder.event("panic", &behaving("panic"));
    ends(&mut folder.test(&[]), 1).shows(&[
        "FAILED    panic",
        "\n---- panic ----\nMapper.Trapped: the mapper trapped: ",
        "backtrace of the mapper:\n",
        "transform",
        "standard error of the mapper:\n",
        "the text of the panic",
        "\n0 passed, 1 failed in ",
    ]);
}

#[test]
fn settings_that_bootstrap_refuses_are_named_before_any_case() {
    let folder = Folder::new();
    folder.event("one", &sign_up());
    for (name, value) in
        [("MAPPER_TIMEOUT_MS", "soon"), ("MAPPER_MEMORY_MB", "1"), ("BACKEND_API_URL", "ftp://x/")]
    {
        cannot(folder.test(&["--bless"]).env(name, value), &[name]);
    }
    assert_eq!(folder.names("cases"), ["one.event.json"]);
}

#[test]
fn a_setting_of_the_queue_is_none_of_the_workbench() {
    let folder = Folder::new();
    folder.event("one", &behaving("skip not-today"));
    ends(folder.test(&["--bless"]).env("UNDELIVERED_QUEUE_URL", "https://sqs.example/1/queue"), 0);
}
