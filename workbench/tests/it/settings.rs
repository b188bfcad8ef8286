//! `mapper settings`.

use serde_json::json;

use super::{Folder, ends};

/// A setting that the function takes, and needs.
const URL: (&str, &str) = ("BACKEND_API_URL", "https://api.example.com/v1/");

#[test]
fn settings_that_the_function_takes_are_said_to_be_fine() {
    let folder = Folder::new();
    let mut command = folder.mapper(&["settings"]);
    ends(command.env_clear().envs([URL]), 0).shows(&["the function would take these settings\n"]);
    let mut command = folder.mapper(&["settings", "--json"]);
    assert_eq!(
        ends(command.env_clear().envs([URL]), 0).json(),
        json!({ "valid": true, "faults": [] })
    );
}

#[test]
fn every_setting_at_fault_is_named_without_its_value() {
    let folder = Folder::new();
    let wrong = [URL, ("MAX_ATTEMPTS", "21"), ("BACKEND_SIGNING_SECRET", "whsec_c2VjcmV0")];
    let mut command = folder.mapper(&["settings"]);
    let ran = ends(command.env_clear().envs(wrong), 1);
    ran.shows(&[
        "the function would refuse these settings\n",
        "  BACKEND_SIGNING_SECRET: has to be ",
        "  MAX_ATTEMPTS: has to be a number of attempts from 1 to 20\n",
    ]);
    assert!(!ran.out.contains("c2VjcmV0") && ran.err.is_empty());

    let mut command = folder.mapper(&["settings", "--json"]);
    let json = ends(command.env_clear().envs(wrong), 1).json();
    assert_eq!(json["valid"], false);
    assert_eq!(
        (&json["faults"][0]["variable"], json["faults"].as_array().unwrap().len()),
        (&json!("BACKEND_SIGNING_SECRET"), 2)
    );
}

#[test]
fn the_largest_value_of_a_setting_is_taken_and_no_larger_one() {
    let folder = Folder::new();
    for (attempts, status) in [("20", 0), ("21", 1), ("1", 0), ("0", 1)] {
        let mut command = folder.mapper(&["settings"]);
        ends(command.env_clear().envs([URL, ("MAX_ATTEMPTS", attempts)]), status);
    }
}
