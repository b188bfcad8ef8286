//! `mapper events`.

use std::fs;

use serde_json::Value;

use super::{Folder, cannot, ends, shared_cases, wasm};
use test_support::components::DEFAULT;

#[test]
fn every_sample_is_listed_with_what_happened() {
    let folder = Folder::new();
    let text = ends(&mut folder.mapper(&["events"]), 0).out;
    assert_eq!(text.lines().count(), 6);
    for line in text.lines() {
        let (name, about) = line.split_once(' ').unwrap();
        assert!(!name.is_empty() && about.trim().contains(' '), "{line}");
    }
}

#[test]
fn the_default_mapper_maps_every_sample_as_expected() {
    let folder = Folder::new();
    let list = ends(&mut folder.mapper(&["events"]), 0).out;
    for name in list.lines().map(|line| line.split(' ').next().unwrap()) {
        folder.write(
            &format!("cases/{name}.event.json"),
            ends(&mut folder.mapper(&["events", name]), 0).out,
        );
        let expected = format!("{name}.expected.json");
        fs::copy(shared_cases().join(&expected), folder.path("cases").join(expected)).unwrap();
    }
    ends(&mut folder.mapper(&["test", "--mapper", &wasm(DEFAULT)]), 0)
        .shows(&["\n6 passed, 0 failed in "]);
}

#[test]
fn the_list_as_json_holds_the_events() {
    let folder = Folder::new();
    let list = ends(&mut folder.mapper(&["events", "--json"]), 0).json();
    assert_eq!(list.as_array().unwrap().len(), 6);
    for sample in list.as_array().unwrap() {
        let name = sample["name"].as_str().unwrap();
        let event: Value = ends(&mut folder.mapper(&["events", name, "--json"]), 0).json();
        assert_eq!(sample["event"], event);
        assert!(
            event["triggerSource"].as_str().unwrap().starts_with("PostConfirmation_"),
            "{event}"
        );
        assert!(sample["about"].is_string());
    }
}

#[test]
fn a_sample_that_is_not_there_is_named() {
    let folder = Folder::new();
    cannot(
        &mut folder.mapper(&["events", "nativ"]),
        &["there is no sample `nativ`", "`mapper events` lists them"],
    );
}

#[test]
fn a_reader_that_has_left_is_no_failure() {
    let folder = Folder::new();
    let mapper = wasm(DEFAULT);
    for args in [
        &["events"][..],
        &["events", "--json"],
        &["new", "left", "--lang", "js", "--json"],
        &["inspect", &mapper],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = folder.mapper(args).stdout(writer).output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    }
}
