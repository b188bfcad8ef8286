//! `mapper test --cost`: what each event costs, the same each time, and the bounds on it.

use std::process::Command;

use serde_json::{Value, json};

use super::{Folder, Ran, cannot, ends};
use test_support::behaving;
use test_support::components::{MISBEHAVING, image};

impl Folder {
    /// A folder whose cases do this, by their names; what comes of them is expected.
    fn of_cases(cases: &[(&str, &str)]) -> Folder {
        let folder = Folder::new();
        for (name, behaviour) in cases {
            folder.event(name, &behaving(behaviour));
        }
        ends(&mut folder.test(&["--bless"]), 0);
        folder
    }

    /// What each case costs, in the order of their names.
    fn costs(&self) -> Vec<Value> {
        costs(&ends(&mut self.test(&["--cost", "--json"]), 0))
    }

    /// `mapper test` with a bound.
    fn bounded(&self, bound: &str, most: u64) -> Command {
        self.test(&[bound, &most.to_string()])
    }
}

fn costs(ran: &Ran) -> Vec<Value> {
    ran.json()["cases"].as_array().unwrap().iter().map(|case| case["cost"].clone()).collect()
}

fn number(cost: &Value, figure: &str) -> u64 {
    cost[figure].as_u64().unwrap_or_else(|| panic!("{figure} of {cost}"))
}

#[test]
fn an_event_costs_the_same_in_every_process() {
    let folder = Folder::new();
    for behaviour in ["clock", "count", "random", "say a word", "text a", "variable NAME"] {
        folder.event(behaviour.split(' ').next().unwrap(), &behaving(behaviour));
    }
    // Some depend on clocks and random numbers, so that their verdicts are no good.
    let test = || ends(&mut folder.test(&["--cost", "--json"]), 1);
    let first = costs(&test());
    assert_eq!(first.len(), 6);
    for cost in &first {
        assert!(number(cost, "instructions") > 1000 && number(cost, "memory") > 65536, "{cost}");
    }
    assert_eq!(costs(&test()), first);
    // Nor is it another in code that was compiled anew.
    let mut uncached = folder.test(&["--cost", "--json"]);
    uncached.env("MAPPER_CACHE_DIR", folder.path("cache"));
    assert_eq!(costs(&ends(&mut uncached, 1)), first);
}

#[test]
fn what_an_event_does_shows_in_its_figures() {
    let folder = Folder::of_cases(&[
        ("a-small", "body 10"),
        ("b-large", "body 100000"),
        ("c-hungry", "allocate 20"),
        ("d-header", "header X-One=12"),
        ("e-skip", "skip not-today"),
        ("f-error", "error no-id"),
    ]);
    let costs = folder.costs();
    let [small, large, hungry, header, skip, error] = &costs[..] else { panic!("{costs:?}") };
    assert!(number(large, "instructions") > number(small, "instructions") + 90_000, "{large}");
    let megabytes = number(hungry, "memory") >> 20;
    assert!((20..24).contains(&megabytes) && number(small, "memory") < 4 << 20, "{hungry}");
    for (cost, answer) in [(small, 10), (large, 100_000), (skip, 0), (error, 0)] {
        assert_eq!(number(cost, "answer"), answer, "{cost}");
    }
    assert_eq!(number(header, "answer"), ("alice".len() + "X-One".len() + "12".len()) as u64);
}

#[test]
fn the_follow_up_is_counted_as_well() {
    let folder = Folder::new();
    folder.concludes("one", "");
    folder.concludes("two", "allocate 20");
    ends(&mut folder.test(&["--bless"]), 0);
    let with = folder.costs();
    std::fs::remove_file(folder.path("cases/one.answer.json")).unwrap();
    let without = folder.costs();
    let instructions = |costs: &[Value]| number(&costs[0], "instructions");
    assert!(instructions(&with) > instructions(&without), "{with:?}, {without:?}");
    assert_eq!(with[0]["answer"], without[0]["answer"]);
    // Of the two calls, the second takes most.
    assert!(number(&with[1], "memory") > 20 << 20, "{with:?}");
}

#[test]
fn a_bound_holds_to_the_last_instruction_and_byte() {
    let folder = Folder::of_cases(&[("one", "text a"), ("skipped", "skip not-today")]);
    let cost = &folder.costs()[0];
    for (figure, unit) in [("instructions", "instructions"), ("memory", "bytes of memory")] {
        let bound = format!("--at-most-{figure}");
        let counted = number(cost, figure);
        ends(&mut folder.bounded(&bound, counted), 0).shows(&[
            "\ncost   ",
            "\none  ",
            &counted.to_string(),
            "\nskipped  ",
            "\n2 passed, 0 failed in ",
        ]);
        let less = counted - 1;
        let says = format!("\n---- one ----\n{counted} {unit}, and at most {less} are allowed\n");
        ends(&mut folder.bounded(&bound, less), 1).shows(&["COSTLY    one", &says, "\ncost   "]);
        let report = ends(folder.bounded(&bound, less).arg("--json"), 1).json();
        let exceeded = json!([{ "figure": figure, "counted": counted, "atMost": less }]);
        let case = &report["cases"][0];
        assert_eq!((&case["verdict"], &case["exceeded"]), (&json!("costly"), &exceeded));
    }
}

#[test]
fn what_breaks_a_bound_is_not_accepted() {
    let folder = Folder::of_cases(&[("one", "text a")]);
    let expected = folder.path("cases/one.expected.json");
    std::fs::remove_file(&expected).unwrap();
    let ran = ends(folder.bounded("--at-most-instructions", 1).arg("--bless"), 1);
    ran.shows(&["COSTLY    one", "0 passed, 0 accepted, 1 failed"]);
    assert!(!expected.exists());
    let ran = ends(folder.bounded("--at-most-instructions", 1 << 40).arg("--bless"), 0);
    ran.shows(&["0 passed, 1 accepted, 0 failed"]);
    assert!(expected.exists());
}

#[test]
fn a_broken_bound_is_a_failure_in_the_report_for_ci() {
    let folder = Folder::of_cases(&[("one", "text a")]);
    ends(folder.bounded("--at-most-memory", 1).args(["--junit", "report.xml"]), 1);
    let xml = folder.read("report.xml");
    assert!(xml.contains("failures=\"1\"") && xml.contains("errors=\"0\""), "{xml}");
    assert!(xml.contains(" bytes of memory, and at most 1 are allowed\""), "{xml}");
}

#[test]
fn a_bound_that_is_broken_is_said_of_every_verdict() {
    let folder = Folder::of_cases(&[("one", "text a")]);
    folder.expect("one", &json!({ "skip": "not-today" }));
    let ran = ends(&mut folder.bounded("--at-most-instructions", 1), 1);
    ran.shows(&["DIFFERS   one", "not-today", " instructions, and at most 1 are allowed\n"]);
}

#[test]
fn what_fails_is_shown_without_figures() {
    let folder = Folder::new();
    folder.event("panic", &behaving("panic"));
    folder.event("refused", &behaving("header host=a"));
    let ran = ends(&mut folder.test(&["--cost"]), 1);
    let lines = [("panic", "Mapper.Trapped"), ("refused", "Mapper.AnswerRefused")];
    let lines = lines.map(|(name, error)| format!("\n{name:<32} {error}"));
    ran.shows(&["\ncost   ", &lines[0], &lines[1], "\n0 passed, 2 failed"]);
}

#[test]
fn what_loops_or_sleeps_ends_and_costs_nothing_that_is_known() {
    let folder = Folder::new();
    for behaviour in ["loop", "sleep"] {
        folder.event(behaviour, &behaving(behaviour));
    }
    folder.event("good", &behaving("skip not-today"));
    let mut test = folder.test(&["--at-most-instructions", "1000000", "--bless", "--json"]);
    // As long as the good one can do with.
    let costs = costs(&ends(test.env("MAPPER_TIMEOUT_MS", "2000"), 1));
    let [good, looping, sleeping] = &costs[..] else { panic!("{costs:?}") };
    assert!(number(good, "instructions") > 1000);
    for cost in [looping, sleeping] {
        assert_eq!(cost["failed"]["errorType"], "Mapper.TimedOut");
        assert_eq!((cost.get("instructions"), cost.get("memory")), (None, None));
    }
}

#[test]
fn an_image_cannot_be_counted_and_no_case_is_tried() {
    let folder = Folder::new();
    folder.event("one", &behaving("text a"));
    let image = image(MISBEHAVING);
    let test = ["test", "--mapper", image.to_str().unwrap(), "--cost", "--bless"];
    let says = [
        "mapper.cwasm` is not a component",
        "name the component that it was made of by `--mapper`",
    ];
    cannot(&mut folder.mapper(&test), &says);
    assert_eq!(folder.names("cases"), ["one.event.json"]);
}

#[test]
fn nothing_is_counted_unless_it_is_asked_for() {
    let folder = Folder::of_cases(&[("one", "text a")]);
    let report = ends(&mut folder.test(&["--json"]), 0).json();
    assert_eq!((report["cases"][0].get("cost"), report["cases"][0].get("exceeded")), (None, None));
    assert!(!ends(&mut folder.test(&[]), 0).out.contains("instructions"));
}
