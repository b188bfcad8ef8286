//! What an event costs in JavaScript.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use test_support::languages::javascript_engine;
use test_support::{AMPLE, behaving, program};

use crate::support::folder;

/// Makes a list as long as the user's name says. For one of them it does not end while the clock
/// stands where it is fixed.
const MAPPER: &str = "
export function transform(event) {
  while (event.userName === 'waits' && Date.now() === Date.parse('2026-01-01')) ;
  const list = Array.from({ length: Number(event.userName) || 1 }, (_, place) => place);
  const random = event.userName === 'random' ? [Math.random(), Date.now(), performance.now()] : [];
  return { deliver: { method: 'post', path: 'users/', body: { random, sum: list.reduce((a, b) => a + b) } } };
}
";

/// `mapper test` of the cases in `folder`, which ends with `status`.
fn test(folder: &Path, args: &[&str], status: i32) -> Value {
    javascript_engine();
    let mut test = Command::new(program("mapper"));
    test.arg("test").args(args).arg("--json").current_dir(folder).envs(AMPLE);
    let ran = test.env("MAPPER_TIMEOUT_MS", "2000").output().unwrap();
    assert_eq!(ran.status.code(), Some(status), "{ran:?}");
    serde_json::from_slice(&ran.stdout).unwrap()
}

/// A folder with the mapper and an event for each of these users.
fn of_users(names: &[&str]) -> tempfile::TempDir {
    let folder = folder(&[("mapper.js", MAPPER), ("cases/README.md", "")]);
    for name in names {
        let mut event = behaving("");
        event["userName"] = json!(name);
        fs::write(folder.path().join(format!("cases/{name}.event.json")), event.to_string())
            .unwrap();
    }
    folder
}

#[test]
fn an_event_costs_the_same_in_every_process() {
    let folder = of_users(&["10", "1000", "random"]);
    // Nothing is expected yet, and one of them is another each time.
    let costs = || {
        let report = test(folder.path(), &["--cost"], 1);
        let cases = report["cases"].as_array().unwrap();
        cases.iter().map(|case| case["cost"].clone()).collect::<Vec<Value>>()
    };
    let first = costs();
    assert_eq!(costs(), first);
    let instructions: Vec<u64> =
        first.iter().map(|cost| cost["instructions"].as_u64().unwrap()).collect();
    assert!(instructions[1] > instructions[0] + 10_000, "{instructions:?}");
    assert_eq!(
        first[0]["answer"],
        r#"{"random":[],"sum":45}"#.len() + "content-type".len() + "application/json".len()
    );
}

#[test]
fn each_bound_fails_the_case_that_breaks_it() {
    let folder = of_users(&["10"]);
    let cost = test(folder.path(), &["--bless", "--cost"], 0)["cases"][0]["cost"].clone();
    for figure in ["instructions", "memory"] {
        let (bound, most) = (format!("--at-most-{figure}"), cost[figure].as_u64().unwrap());
        test(folder.path(), &[&bound, &most.to_string()], 0);
        let report = test(folder.path(), &[&bound, &(most - 1).to_string()], 1);
        assert_eq!(report["cases"][0]["verdict"], "costly");
    }
}

#[test]
fn what_loops_only_while_it_is_counted_ends_as_well() {
    let folder = of_users(&["10", "waits"]);
    let report = test(folder.path(), &["--bless", "--cost"], 1);
    let [fine, waits] = &report["cases"].as_array().unwrap()[..] else { panic!("{report}") };
    assert!(fine["cost"]["instructions"].is_number(), "{fine}");
    assert_eq!(waits["cost"]["failed"]["errorType"], "Mapper.TimedOut");
    // It was mapped, and was not counted.
    assert_eq!(
        (&waits["verdict"], waits["mapped"].get("deliver").is_some()),
        (&json!("failed"), true)
    );
}
