//! The component itself: the same each time, small, and without imports that it does not need.

use std::fs;
use std::process::Command;

use serde_json::Value;
use test_support::program;

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
    assert!(component.len() < 1_725_000, "{} bytes", component.len());
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
    let mapper_js = "import data from '../data.json' with { type: 'json' };\nexport { mapper } from '../far.js';\n";
    let data = ("data.json", "{}");
    let far = [("m/mapper.js", mapper_js), ("far.js", MAPPER.1), LIB, data];
    let files = folder(&far);
    let inside = files.path().join("m");
    build(&inside).unwrap();
    let fresh = mapper(&inside, &["check"]);
    assert!(!String::from_utf8(fresh.stderr).unwrap().contains("building"));
    for (name, text) in [(LIB.0, "export const skip = { skip: 'other' };"), (data.0, "[]")] {
        fs::write(files.path().join(name), text).unwrap();
        let says = String::from_utf8(mapper(&inside, &["check"]).stderr).unwrap();
        let reason = format!("{name}` is not as it was");
        assert!(says.starts_with("building mapper.wasm: `") && says.contains(&reason), "{says}");
    }
}

#[test]
fn a_component_of_another_engine_is_built_anew() {
    let files = folder(&[MAPPER, LIB]);
    build(files.path()).unwrap();
    let fresh = String::from_utf8(mapper(files.path(), &["check"]).stderr).unwrap();
    assert!(!fresh.contains("building"), "{fresh}");
    // The same workbench beside another engine: with one more section, which says nothing.
    let programs = tempfile::tempdir_in(program("mapper").parent().unwrap()).unwrap();
    let other = programs.path().join("mapper");
    fs::hard_link(program("mapper"), &other).unwrap();
    let mut engine = fs::read(program("mapper").with_file_name("js-engine.wasm")).unwrap();
    engine.extend([0, 2, 1, b'a']);
    fs::write(other.with_file_name("js-engine.wasm"), engine).unwrap();
    let check = || {
        let mut check = Command::new(&other);
        let checked = check.arg("check").current_dir(files.path()).output().unwrap();
        assert!(checked.status.success(), "{checked:?}");
        String::from_utf8(checked.stderr).unwrap()
    };
    let (first, second) = (check(), check());
    assert!(
        first.contains("building mapper.wasm: another release of `mapper` built it\n"),
        "{first}"
    );
    assert!(!second.contains("building"), "{second}");
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
fn endless_recursion_outside_of_functions_can_be_caught() {
    let source = "
        let deepest = 0;
        const again = async (depth) => { deepest = depth; await again(depth + 1); };
        await again(1).catch((error) => { if (!(error instanceof RangeError)) throw error; });
        export const transform = () => ({ skip: deepest > 200 ? 'deep' : 'shallow' });
    ";
    component(&[("mapper.js", source)]);
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
fn what_is_printed_during_a_build_can_not_steer_a_terminal() {
    let source =
        "console.log('\\x1b]0;title\\x07');\nexport const mapper = { transform: () => 1 };\n";
    let built = mapper(folder(&[("mapper.js", source)]).path(), &["build"]);
    let printed = String::from_utf8(built.stderr).unwrap();
    assert!(printed.contains("]0;title") && !printed.contains('\u{1b}'), "{printed:?}");
}

#[test]
fn why_a_mapper_is_refused_can_not_steer_a_terminal() {
    let thrown = "export function transform() {}\nthrow new Error('\\x1b]0;title\\x07');\n";
    for (files, says) in [
        (&[("mapper.js", thrown)][..], "]0;title"),
        (&[("mapper.js", "import './\u{1b}[31ma.js';\n")], "`./\\u{1b}[31ma.js`"),
        (
            &[("mapper.js", "import './\u{7}.js';\n"), ("\u{7}.js", "let let = 1;\n")],
            "\\u{7}.js:1:5: SyntaxError: ",
        ),
    ] {
        let said = refused(files);
        assert!(said.contains(says) && !said.contains(['\u{1b}', '\u{7}']), "{said:?}");
    }
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
