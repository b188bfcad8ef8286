//! The component itself: the same each time, small, and without imports that it does not need.

use std::fs;

use serde_json::Value;

use crate::support::{build, component, folder, mapper, refused};

const MAPPER: (&str, &str) = (
    "mapper.js",
    "import { skip } from './lib/skip.js';\nexport const mapper = { transform: () => skip };\n",
);
const LIB: (&str, &str) = (
    "lib/skip.js",
    "export const skip = { skip: String(Date.now()).length > 3 ? 'no' : 'yes', };\nnew Map([[{}, Math.random()]]);\n",
);

#[test]
fn the_same_files_make_the_same_bytes_wherever_they_are() {
    let first = component(&[MAPPER, LIB]);
    let elsewhere = folder(&[("deep/er/mapper.js", MAPPER.1), ("deep/er/lib/skip.js", LIB.1)]);
    let second = fs::read(build(&elsewhere.path().join("deep/er")).unwrap()).unwrap();
    assert!(first == second);
    let other = component(&[MAPPER, ("lib/skip.js", "export const skip = { skip: 'other' };\n")]);
    assert!(first != other);
}

#[test]
fn the_component_is_small() {
    let component = component(&[MAPPER, LIB]);
    assert!(component.len() < 1_600_000, "{} bytes", component.len());
}

#[test]
fn the_component_imports_what_a_mapper_in_rust_does() {
    let files = folder(&[MAPPER, LIB]);
    build(files.path()).unwrap();
    let inspected = mapper(files.path(), &["inspect", "mapper.wasm", "--json"]);
    let inspected: Value = serde_json::from_slice(&inspected.stdout).unwrap();
    assert_eq!(inspected["wit"], "cognito:post-confirmation@0.2.0");
    let packages = [
        "wasi:cli/",
        "wasi:clocks/",
        "wasi:io/",
        "wasi:random/",
        "cognito:post-confirmation/types@",
    ];
    let imports = inspected["imports"].as_array().unwrap();
    assert!(!imports.is_empty());
    for import in imports {
        let import = import.as_str().unwrap();
        assert!(packages.iter().any(|package| import.starts_with(package)), "{import}");
    }
}

#[test]
fn the_component_names_no_folder_of_the_machine() {
    let files = folder(&[MAPPER, LIB]);
    let component = fs::read(build(files.path()).unwrap()).unwrap();
    let place = files.path().to_str().unwrap().as_bytes();
    assert!(!component.windows(place.len()).any(|window| window == place));
}

#[test]
fn a_module_outside_of_the_folder_is_a_source() {
    let far = [("m/mapper.js", "export { mapper } from '../far.js';"), ("far.js", MAPPER.1), LIB];
    let files = folder(&far);
    let inside = files.path().join("m");
    build(&inside).unwrap();
    let fresh = mapper(&inside, &["check"]);
    assert!(!String::from_utf8(fresh.stderr).unwrap().contains("building"));
    fs::write(files.path().join(LIB.0), "export const skip = { skip: 'other' };").unwrap();
    let checked = mapper(&inside, &["check"]);
    let says = String::from_utf8(checked.stderr).unwrap();
    assert!(
        says.starts_with("building mapper.wasm: `") && says.contains("skip.js` is not as it was"),
        "{says}"
    );
}

#[test]
fn what_a_mapper_holds_before_events_is_limited() {
    let bytes = |megabytes: u32| {
        format!(
            "const held = new Uint8Array({megabytes}e6).fill(1);\nexport const mapper = {{ transform: () => ({{ skip: `h${{held.length}}` }}) }};\n"
        )
    };
    component(&[("mapper.js", &bytes(40))]);
    let refused = refused(&[("mapper.js", &bytes(80))]);
    assert!(refused.contains("out of memory") || refused.contains("67 MB of memory"), "{refused}");
}

#[test]
fn source_that_is_nested_deeply_ends_no_workbench() {
    for depth in [100, 20_000] {
        let nested = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let source =
            format!("const deep = {nested};\nexport const mapper = {{ transform: () => deep }};\n");
        let built = build(folder(&[("mapper.js", &source)]).path());
        assert_eq!(built.is_ok(), depth == 100, "{built:?}");
    }
}

#[test]
fn what_is_printed_while_a_mapper_is_built_can_not_steer_a_terminal() {
    let source =
        "console.log('\\x1b]0;title\\x07');\nexport const mapper = { transform: () => 1 };\n";
    let built = mapper(folder(&[("mapper.js", source)]).path(), &["build"]);
    let printed = String::from_utf8(built.stderr).unwrap();
    assert!(printed.contains("]0;title") && !printed.contains('\u{1b}'), "{printed:?}");
}

#[test]
fn the_package_json_by_which_a_file_was_found_is_a_source() {
    let package = |file: &str| format!("{{ \"exports\": \"./{file}.js\" }}");
    let files = folder(&[
        ("m/mapper.js", "export { mapper } from 'p';"),
        ("node_modules/p/package.json", &package("a")),
        ("node_modules/p/a.js", "export const mapper = { transform: () => ({ skip: 'a' }) };"),
        ("node_modules/p/b.js", "export const mapper = { transform: () => ({ skip: 'b' }) };"),
    ]);
    let inside = files.path().join("m");
    build(&inside).unwrap();
    fs::write(files.path().join("node_modules/p/package.json"), package("b")).unwrap();
    let says = String::from_utf8(mapper(&inside, &["check"]).stderr).unwrap();
    assert!(says.contains("package.json` is not as it was"), "{says}");
}
