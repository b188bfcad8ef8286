//! `mapper diff`.

use serde_json::json;

use super::{Folder, cannot, ends, shared_cases, wasm};
use test_support::behaving;
use test_support::components::{DEFAULT, MISBEHAVING, OTHER, copy_of_image, image};

#[test]
fn a_mapper_makes_the_same_of_every_event_as_its_own_image() {
    let folder = Folder::new();
    let events = shared_cases();
    let (old, new, events) = (image(DEFAULT), wasm(DEFAULT), events.to_str().unwrap());
    let ran =
        ends(&mut folder.mapper(&["diff", old.to_str().unwrap(), &new, "--events", events]), 0);
    let both = [
        &*format!("- {}\n", old.display()),
        &format!("+ {new}\n"),
        "\nboth make the same of all ",
        " events\n",
    ];
    ran.shows(&both);
    assert!(!ran.out.contains("----"), "{}", ran.out);
}

#[test]
fn two_mappers_are_compared_line_by_line() {
    let folder = Folder::new();
    folder.copy_shared_cases();
    let ran =
        ends(&mut folder.mapper(&["diff", &wasm(DEFAULT), &wasm(OTHER), "--events", "cases"]), 1);
    ran.shows(&[
        "\n---- native ----\n",
        "\n  -     \"method\": \"POST\",\n  -     \"path\": \"users/\",\n  +     \"method\": \"PUT\",\n  +     \"path\": \"v2/accounts/",
        " events are mapped differently\n",
    ]);
}

#[test]
fn diff_takes_the_folder_cases_unless_another_is_named() {
    let folder = Folder::new();
    let diff = ["diff", &wasm(DEFAULT), &wasm(DEFAULT)];
    cannot(
        &mut folder.mapper(&diff),
        &["there is no folder `cases`; start with `mkdir cases && mapper events"],
    );
    folder.event("one", &behaving("good"));
    ends(&mut folder.mapper(&diff), 0).shows(&["all 1 events"]);
    let elsewhere = &mut folder.mapper(&[&diff[..], &["--events", "elsewhere"]].concat());
    cannot(elsewhere, &["there is no case `elsewhere`: name a folder"]);
}

#[test]
fn diff_shows_differences_and_its_json_has_all_events() {
    let folder = Folder::new();
    // The one mapper asks for the same of both, the other obeys the second.
    folder.event("fails", &behaving("panic"));
    folder.event("skips", &behaving("skip unknown-source"));
    let mut unknown = behaving("skip unknown-source");
    unknown["triggerSource"] = "PostConfirmation_Unknown".into();
    folder.event("same", &unknown);
    let (old, new) = (wasm(DEFAULT), wasm(MISBEHAVING));
    let same =
        ends(&mut folder.mapper(&["run", "cases/same.event.json", "--json", "--mapper", &old]), 0)
            .json();
    let code = same["skipped"].as_str().unwrap().to_owned();
    unknown["request"]["userAttributes"]["custom:behaviour"] = format!("skip {code}").into();
    folder.event("same", &unknown);

    let ran = ends(&mut folder.mapper(&["diff", &old, &new]), 1);
    ran.shows(&[
        "---- fails ----",
        "+   \"failed\": {",
        "---- skips ----",
        "\n2 of 3 events are mapped differently\n",
    ]);
    assert!(!ran.out.contains("---- same"), "{}", ran.out);

    let compared = ends(&mut folder.mapper(&["diff", &old, &new, "--json"]), 1).json();
    let compared = compared.as_array().unwrap();
    let same: Vec<_> =
        compared.iter().map(|one| (one["name"].as_str().unwrap(), one["same"].as_bool())).collect();
    assert_eq!(same, [("fails", Some(false)), ("same", Some(true)), ("skips", Some(false))]);
    assert_eq!(compared[0]["new"]["failed"]["errorType"], "Mapper.Trapped");
    assert_eq!(
        (&compared[1]["old"], &compared[1]["new"]),
        (&json!({ "skip": code }), &json!({ "skip": code }))
    );
    assert_eq!(compared[2]["old"]["deliver"]["path"], "users/");
    assert!(compared.iter().all(|one| one["stable"] == true), "{compared:?}");
}

#[test]
fn random_numbers_are_told_from_a_difference_by_fixing_them() {
    let folder = Folder::new();
    folder.event("random", &behaving("random"));
    let diff = ["diff", &wasm(MISBEHAVING), &wasm(MISBEHAVING)];
    ends(&mut folder.mapper(&diff), 1).shows(&[
        "---- random ----",
        "`--deterministic` fixes\n",
        "1 of 1 events",
    ]);
    let compared = ends(&mut folder.mapper(&[&diff[..], &["--json"]].concat()), 1).json();
    assert_eq!(compared[0]["stable"], false);
    let fixed = &mut folder.mapper(&[&diff[..], &["--deterministic"]].concat());
    ends(fixed, 0).shows(&["both make the same of all 1 events"]);
}

#[test]
fn both_mappers_get_the_variables_of_case_and_environment() {
    let folder = Folder::new();
    for name in ["A", "B"] {
        folder.event(name, &behaving(&format!("variable {name}")));
    }
    folder.write("cases/A.variables.json", r#"{ "A": "of the case" }"#);
    let diff = &mut folder.mapper(&["diff", &wasm(MISBEHAVING), &wasm(MISBEHAVING), "--json"]);
    let compared = ends(diff.env("MAPPER_ENV_B", "of the environment"), 0).json();
    for (one, text) in
        compared.as_array().unwrap().iter().zip(["of the case", "of the environment"])
    {
        for side in ["old", "new"] {
            assert_eq!(one[side]["deliver"]["bodyText"], text);
        }
    }
}

#[test]
fn a_mapper_that_cannot_be_loaded_is_not_compared() {
    let folder = Folder::new();
    folder.event("one", &behaving("good"));
    folder.component("(component)");
    folder.write("text.txt", "text");
    copy_of_image(folder.path("image").parent().unwrap());
    folder.write("mapper.json", "{}");
    for (mapper, says) in [
        ("missing.wasm", "the mapper `missing.wasm` can't be read"),
        ("component.wasm", "`component.wasm` can't be compiled: the component is not a mapper"),
        ("text.txt", "`text.txt` is neither a component nor an image"),
        ("mapper.cwasm", "the manifest `mapper.json` is broken"),
    ] {
        let good = wasm(DEFAULT);
        cannot(&mut folder.mapper(&["diff", &good, mapper]), &[says]);
        cannot(&mut folder.mapper(&["diff", mapper, &good]), &[says]);
    }
    cannot(&mut folder.mapper(&["diff", &wasm(DEFAULT)]), &["<NEW>"]);
}

#[test]
fn an_event_for_which_both_mappers_fail_is_a_difference() {
    let folder = Folder::new();
    folder.event("fails", &behaving("panic"));
    folder.event("skips", &behaving("skip not-today"));
    let ran = ends(&mut folder.mapper(&["diff", &wasm(MISBEHAVING), &wasm(MISBEHAVING)]), 1);
    ran.shows(&[
        "---- fails ----\nboth fail: Mapper.Trapped: ",
        "\n1 of 2 events are mapped differently\n",
    ]);
    assert!(!ran.out.contains("---- skips"), "{}", ran.out);
}
