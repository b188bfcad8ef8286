//! `mapper build`. Only mappers in Rust are built here.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use serde_json::json;

use test_support::languages::javascript_engine;
use test_support::scratch;

use super::{Folder, cannot, ends, has};

impl Folder {
    /// Lets `command` share what cargo builds.
    pub(super) fn sharing(mut command: Command) -> Command {
        command.env("CARGO_TARGET_DIR", scratch().join("built"));
        command
    }

    /// `mapper build` with these arguments. What is built is shared, so that dependencies are built
    /// once; each test has a mapper of another name for that.
    fn build(&self, args: &[&str]) -> Command {
        Folder::sharing(self.mapper(&[&["build"], args].concat()))
    }

    /// A crate without dependencies and its source.
    fn package(&self, folder: &str, lib: &str, source: &str) {
        let name = folder.replace('/', "-");
        let manifest = format!(
            "[package]\nname = \"{name}\"\nedition = \"2024\"\n[lib]\n{lib}\n[workspace]\n"
        );
        self.write(&format!("{folder}/Cargo.toml"), manifest);
        self.write(&format!("{folder}/src/lib.rs"), source);
    }

    /// Links this machine's `python3` into `inside`.
    pub(super) fn links_python(&self, inside: &str) {
        let mut asked = Command::new("python3");
        asked.args(["-c", "import sys; print(sys.executable)"]);
        let python = String::from_utf8(asked.output().unwrap().stdout).unwrap();
        symlink(python.trim_end(), self.path(inside).join("python3")).unwrap();
    }

    /// A program that says `words` and ends with `status`.
    fn tool(&self, name: &str, words: &str, status: i32) {
        let path = format!("tools/{name}");
        self.write(&path, format!("#!/bin/sh\necho '{words}'\nexit {status}\n"));
        fs::set_permissions(self.path(&path), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

const CDYLIB: &str = "crate-type = [\"cdylib\"]";

#[test]
fn a_new_mapper_in_rust_is_built_checked_and_tested() {
    let folder = Folder::new();
    ends(&mut folder.mapper(&["new", "walked", "--lang", "rust"]), 0);
    let built = ends(&mut folder.build(&["walked"]), 0);
    built.shows(&["walked/mapper.wasm  ", " KB, cognito:post-confirmation@0.2.0, in "]);
    let inside = |args: &[&str]| ends(folder.mapper(args).current_dir(folder.path("walked")), 0);
    inside(&["check"]).shows(&["the function would load mapper.wasm"]);
    inside(&["test"]).shows(&["\n6 passed, 0 failed in "]);
    inside(&["run", "cases/native.event.json"])
        .shows(&["\nPUT https://backend.example/v2/accounts/"]);

    let again = ends(folder.build(&["--json"]).current_dir(folder.path("walked")), 0).json();
    let size = fs::metadata(folder.path("walked/mapper.wasm")).unwrap().len();
    assert_eq!(
        again,
        json!({ "component": "mapper.wasm", "size": size, "wit": "cognito:post-confirmation@0.2.0" })
    );
    let left = folder.names("walked");
    let left: Vec<_> = left.iter().filter(|name| name.starts_with(".mapper-build-")).collect();
    assert_eq!(left, [".mapper-build-sources.json"]);
}

#[test]
fn a_source_that_does_not_compile_leaves_the_old_component() {
    let folder = Folder::new();
    folder.package("broken", CDYLIB, "pub fn f() -> u32 { \"text\" }");
    folder.write("broken/mapper.wasm", "old");
    let before = folder.names("broken");
    let ran = ends(&mut folder.build(&["broken", "--json"]), 1);
    assert_eq!(ran.out, "");
    has(&ran.err, &["mismatched types", "src/lib.rs:1:"]);
    assert_eq!(folder.read("broken/mapper.wasm"), "old");
    let left = folder.names("broken");
    assert_eq!(
        left.iter().filter(|name| *name != "Cargo.lock").collect::<Vec<_>>(),
        before.iter().collect::<Vec<_>>()
    );

    folder.write("broken/Cargo.toml", "[[[");
    has(&ends(&mut folder.build(&["broken"]), 1).err, &["Cargo.toml"]);
}

#[test]
fn a_component_of_another_world_leaves_the_old_mapper() {
    let folder = Folder::new();
    folder.package("worldless", CDYLIB, "#[unsafe(no_mangle)] pub extern \"C\" fn f() {}");
    folder.write("worldless/mapper.wasm", "old");
    let ran = ends(&mut folder.build(&["worldless"]), 1);
    assert_eq!(ran.out, "");
    has(
        &ran.err,
        &["no mapper: ", "does not export the interface `cognito:post-confirmation/mapper`"],
    );
    assert_eq!(folder.read("worldless/mapper.wasm"), "old");
}

#[test]
fn a_folder_holds_a_mapper_in_exactly_one_language() {
    let folder = Folder::new();
    fs::create_dir(folder.path("empty")).unwrap();
    for name in ["empty", "missing"] {
        let says = [
            &*format!("`{name}` does not hold a mapper"),
            "`mapper.js`, `mapper.ts`, `mapper.py` or `Cargo.toml`",
            "`mapper new`",
        ];
        cannot(&mut folder.build(&[name]), &says);
    }
    cannot(&mut folder.build(&[]), &["`.` does not hold a mapper"]);
    for (folder_of_two, files) in [
        ("a", ["Cargo.toml", "mapper.py"]),
        ("b", ["package.json", "mapper.py"]),
        ("c", ["mapper.js", "mapper.ts"]),
    ] {
        files.iter().for_each(|file| folder.write(&format!("{folder_of_two}/{file}"), ""));
        cannot(&mut folder.build(&[folder_of_two]), &["more than one language", "keep only one"]);
    }
}

#[test]
fn a_crate_that_makes_no_component_is_told_what_it_lacks() {
    let folder = Folder::new();
    folder.package("plain", "", "");
    cannot(&mut folder.build(&["plain"]), &["no component", "`crate-type = [\"cdylib\"]`"]);
    assert!(!folder.path("plain/mapper.wasm").exists());
}

#[test]
fn a_workspace_of_two_mappers_is_not_built_as_one() {
    let folder = Folder::new();
    folder.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"one\", \"two\"]");
    for name in ["one", "two"] {
        folder.package(name, CDYLIB, "");
        let manifest = folder.read(&format!("{name}/Cargo.toml")).replace("[workspace]", "");
        folder.write(&format!("{name}/Cargo.toml"), manifest);
    }
    cannot(&mut folder.build(&[]), &["more than one component", "folder of one mapper"]);
}

#[test]
fn a_dependency_that_is_a_component_is_not_the_mapper() {
    let folder = Folder::new();
    folder.package(
        "helper",
        "crate-type = [\"cdylib\", \"rlib\"]",
        "#[unsafe(no_mangle)] pub extern \"C\" fn f() {}",
    );
    folder.package("helped", CDYLIB, "use helper as _;");
    let manifest =
        folder.read("helped/Cargo.toml") + "[dependencies]\nhelper = { path = \"../helper\" }\n";
    folder.write("helped/Cargo.toml", manifest);
    // It is built, and only then seen to be no mapper.
    let says = "no mapper: the component is not a mapper";
    has(&ends(&mut folder.build(&["helped"]), 1).err, &[says]);
}

#[test]
fn a_missing_tool_is_named_with_what_installs_it() {
    let folder = Folder::new();
    fs::create_dir(folder.path("nothing")).unwrap();
    let without = |language: &str, says: &[&str]| {
        let command = &mut folder.build(&[language]);
        command.env("PATH", folder.path("nothing"));
        cannot(command, says);
        assert!(!folder.path(language).join("mapper.wasm").exists());
    };
    for language in ["rust", "python"] {
        ends(&mut folder.mapper(&["new", language, "--lang", language]), 0);
    }
    without("rust", &["`rustc` is not installed", "https://rustup.rs"]);
    without("python", &["`python3` is not installed", "get Python 3.11 or later"]);
    folder.links_python("nothing");
    without("python", &["`componentize-py` is not installed", "pip install -r requirements.txt"]);
}

#[test]
fn a_python_that_is_too_old_is_told() {
    let folder = Folder::new();
    ends(&mut folder.mapper(&["new", "m", "--lang", "python"]), 0);
    folder.tool("python3", "", 1);
    let command = &mut folder.build(&["m"]);
    command.env("PATH", folder.path("tools"));
    cannot(command, &["`python3` can't read the mapper; it has to be Python 3.11 or later"]);
}

#[test]
fn a_mapper_of_the_form_of_before_is_told_where_it_moves() {
    let folder = Folder::new();
    folder.write("m/app.py", "");
    let says = [
        "`m` does not hold a mapper: what `app.py` does moves to `mapper.py`",
        "a function `transform(event)`; `mapper new --lang python` shows its form",
    ];
    cannot(&mut folder.build(&["m"]), &says);
}

#[test]
fn a_missing_target_is_told_with_how_to_add_it() {
    let folder = Folder::new();
    ends(&mut folder.mapper(&["new", "targetless", "--lang", "rust"]), 0);
    for (words, status) in [("/nowhere", 0), ("", 1)] {
        folder.tool("rustc", words, status);
        let command = &mut folder.build(&["targetless"]);
        cannot(command.env("PATH", folder.path("tools")), &["`rustup target add wasm32-wasip2`"]);
    }
    folder.tool("rustc", "/tmp", 0);
    let command = &mut folder.build(&["targetless"]);
    cannot(
        command.env("PATH", folder.path("tools")),
        &["`cargo` is not installed", "https://rustup.rs"],
    );
}

#[test]
fn what_a_tool_says_of_a_source_that_it_refuses_is_shown() {
    let folder = Folder::new();
    ends(&mut folder.mapper(&["new", "refused", "--lang", "python"]), 0);
    folder.write("refused/mapper.wasm", "old");
    folder.tool("componentize-py", "the words of the tool", 1);
    folder.links_python("tools");
    let ran = ends(folder.build(&["refused"]).env("PATH", folder.path("tools")), 1);
    has(&ran.err, &["the words of the tool"]);
    assert_eq!((ran.out.as_str(), folder.read("refused/mapper.wasm").as_str()), ("", "old"));
}

#[test]
fn mappers_in_javascript_need_no_tool_from_new_to_compile() {
    let folder = Folder::new();
    javascript_engine();
    fs::create_dir(folder.path("nothing")).unwrap();
    for language in ["js", "ts"] {
        ends(&mut folder.mapper(&["new", language, "--lang", language]), 0);
        let inside = |args: &[&str]| {
            let mut command = folder.mapper(args);
            command.current_dir(folder.path(language)).env("PATH", folder.path("nothing"));
            ends(&mut command, 0)
        };
        inside(&["build"]).shows(&["mapper.wasm  1.", " MB, cognito:post-confirmation@0.2.0"]);
        inside(&["test"]).shows(&["6 passed, 0 failed"]);
        inside(&["run", "cases/native.event.json"]).shows(&["POST https://backend.example/users/"]);
        inside(&["compile"]).shows(&["mapper.cwasm"]);
    }
}

#[test]
fn the_module_of_a_package_is_the_one_that_it_names() {
    let folder = Folder::new();
    javascript_engine();
    folder.write("m/package.json", "\u{feff}{ \"main\": \"other.js\" }");
    let says = ["there is no `other.js`: `main` of `package.json` has to name the mapper"];
    cannot(&mut folder.build(&["m"]), &says);
    folder.write("m/other.js", "export const transform = () => ({ skip: 'other' });");
    ends(&mut folder.build(&["m"]), 0);
    folder.write("m/package.json", "{");
    cannot(&mut folder.build(&["m"]), &["`m/package.json` is not JSON"]);
    folder.write("m/package.json", "{}");
    cannot(&mut folder.build(&["m"]), &["there is no `mapper.js` or `mapper.ts`", "`main`"]);
}
