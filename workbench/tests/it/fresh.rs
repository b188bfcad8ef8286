//! A component that is not what its source makes is built before it is used. Only mappers in Rust
//! are built here; what does not depend on a language is shown with a tool of our own.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::time::{Duration, SystemTime};

use super::{Folder, Ran, cannot, ends, has, wasm};
use test_support::components::{DEFAULT, OTHER, component};

pub(super) const LIB: &str = "src/lib.rs";

/// A mapper in Rust, in the folder `name`, and the commands in it. Each test has one of another
/// name, because all share what cargo builds.
pub(super) struct Mapper {
    pub(super) folder: Folder,
    name: &'static str,
}

impl Mapper {
    pub(super) fn new(name: &'static str) -> Mapper {
        Mapper::of(name, &[])
    }

    /// One that `mapper new` makes with `args` besides.
    pub(super) fn of(name: &'static str, args: &[&str]) -> Mapper {
        let folder = Folder::new();
        ends(&mut folder.mapper(&[&["new", name, "--lang", "rust"], args].concat()), 0);
        Mapper { folder, name }
    }

    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = Folder::sharing(self.folder.mapper(args));
        command.current_dir(self.folder.path(self.name));
        command
    }

    pub(super) fn file(&self, file: &str) -> String {
        format!("{}/{file}", self.name)
    }

    pub(super) fn read(&self, file: &str) -> String {
        self.folder.read(&self.file(file))
    }

    pub(super) fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        self.folder.write(&self.file(file), text);
    }

    /// Writes a file with a part of it changed.
    pub(super) fn edit(&self, file: &str, old: &str, new: &str) {
        let text = self.read(file);
        assert!(text.contains(old), "{text}");
        self.write(file, text.replace(old, new));
    }

    /// Runs a command that has to find the component as it should be.
    pub(super) fn is_fresh(&self) {
        let checked = ends(&mut self.command(&["check"]), 0);
        assert_eq!(checked.err, "");
    }

    /// Runs a command that has to build the component first, because of `file`.
    pub(super) fn is_built_for(&self, file: &str) -> Ran {
        let ran = ends(&mut self.command(&["run", "cases/native.event.json"]), 0);
        has(&ran.err, &[&format!("building mapper.wasm: `{file}` is not as it was\n")]);
        self.is_fresh();
        ran
    }

    /// Lets `file` seem as old as can be.
    pub(super) fn seems_old(&self, file: &str) {
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        File::open(self.folder.path(&self.file(file))).unwrap().set_modified(long_ago).unwrap();
    }
}

#[test]
fn an_edited_mapper_is_built_before_it_is_used() {
    let mapper = Mapper::new("edited");
    let first = ends(&mut mapper.command(&["test"]), 0);
    has(&first.err, &["building mapper.wasm: it does not exist\n"]);
    first.shows(&["6 passed, 0 failed"]);
    let again = ends(&mut mapper.command(&["test"]), 0);
    assert_eq!(again.err, "");
    fs::copy(mapper.folder.path("edited/mapper.wasm"), mapper.folder.path("edited/old.wasm"))
        .unwrap();

    let says = format!("mapper.wasm: `{LIB}` is not as it was\n");
    let after = |from: &str, to: &str, args: &[&str], status: i32| {
        mapper.edit(LIB, &format!("v{from}/accounts"), &format!("v{to}/accounts"));
        let ran = ends(&mut mapper.command(args), status);
        has(&ran.err, &[&says]);
        ran
    };
    after("2", "3", &["test"], 1).shows(&["DIFFERS   native", "v3/accounts", "5 failed"]);
    after("3", "4", &["run", "cases/native.event.json"], 0)
        .shows(&["PUT https://backend.example/v4/accounts/"]);
    after("4", "5", &["diff", "old.wasm", "mapper.wasm"], 1)
        .shows(&["v5/accounts", "5 of 6 events"]);
    after("5", "6", &["check", "--mapper", "./mapper.wasm"], 0)
        .shows(&["would load ./mapper.wasm"]);
    after("6", "7", &["compile"], 0);
    let run = ["run", "cases/native.event.json", "--mapper", "mapper.cwasm"];
    ends(&mut mapper.command(&run), 0).shows(&["PUT https://backend.example/v7/accounts/"]);
    // From elsewhere, and as JSON.
    mapper.edit(LIB, "v7/accounts", "v8/accounts");
    let path = mapper.file("mapper.wasm");
    let run = ["run", "edited/cases/native.event.json", "--json", "--mapper", &path];
    let ran = ends(&mut Folder::sharing(mapper.folder.mapper(&run)), 0);
    assert!(
        ran.json()["request"]["url"].as_str().unwrap().contains("/v8/accounts/"),
        "{}",
        ran.out
    );
}

#[test]
fn nothing_goes_on_with_a_component_of_a_broken_source() {
    let mapper = Mapper::new("stopped");
    ends(&mut mapper.command(&["build"]), 0);
    let good = mapper.read(LIB);
    let component = fs::read(mapper.folder.path("stopped/mapper.wasm")).unwrap();
    fs::write(mapper.folder.path("stopped/copy.wasm"), &component).unwrap();
    mapper.write(LIB, format!("{good}\nfn broken("));
    for args in [
        &["test"][..],
        &["test", "--bless"],
        &["run", "cases/native.event.json"],
        &["check", "--json"],
        &["diff", "copy.wasm", "mapper.wasm"],
        &["compile"],
    ] {
        let ran = ends(&mut mapper.command(args), 1);
        assert_eq!(ran.out, "");
        has(&ran.err, &[&format!("building mapper.wasm: `{LIB}` is not as it was"), "src/lib.rs:"]);
    }
    assert!(!mapper.folder.path("stopped/mapper.cwasm").exists());
    assert_eq!(fs::read(mapper.folder.path("stopped/mapper.wasm")).unwrap(), component);
    // A component under another name is taken as it is.
    ends(&mut mapper.command(&["test", "--mapper", "copy.wasm"]), 0).shows(&["6 passed"]);
    // The source of before is that of the component.
    mapper.write(LIB, good);
    mapper.is_fresh();
}

#[test]
fn what_a_component_is_made_of_is_told_by_its_bytes() {
    let mapper = Mapper::new("told");
    ends(&mut mapper.command(&["build"]), 0);
    // What is only touched, and what is no source.
    File::open(mapper.folder.path("told/src/lib.rs"))
        .unwrap()
        .set_modified(SystemTime::now())
        .unwrap();
    mapper.edit("README.md", "A mapper", "This mapper");
    mapper.edit("cases/native.event.json", "alice", "bob");
    mapper.write("cases/new.event.json", mapper.read("cases/native.event.json"));
    ends(&mut mapper.command(&["test", "--bless", "--junit", "report.xml"]), 0);
    ends(&mut mapper.command(&["compile"]), 0);
    ends(&mut mapper.command(&["compile", "--output", "layer/other.cwasm"]), 0);
    mapper.is_fresh();

    // An edit that seems older than the component, as of a file that was unpacked or copied.
    mapper.edit(LIB, "v2/accounts", "v3/accounts");
    mapper.seems_old(LIB);
    mapper.is_built_for(LIB).shows(&["/v3/accounts/"]);
    mapper.write("src/added.rs", "pub const PATH: &str = \"v4/accounts\";");
    mapper.is_built_for("src/added.rs");
    mapper.edit(LIB, "format!(\"v3/accounts/{}\",", "format!(\"{}/{}\", added::PATH,");
    mapper.edit(LIB, "struct Mapper;", "struct Mapper;\nmod added;");
    mapper.is_built_for(LIB).shows(&["/v4/accounts/"]);
    mapper.edit("src/added.rs", "v4", "v5");
    mapper.is_built_for("src/added.rs").shows(&["/v5/accounts/"]);
    mapper.edit("wit/types.wit", "package", "// A word.\npackage");
    mapper.is_built_for("wit/types.wit");
    mapper.edit("Cargo.toml", "opt-level = \"s\"", "opt-level = 1");
    mapper.is_built_for("Cargo.toml");

    fs::remove_file(mapper.folder.path("told/src/added.rs")).unwrap();
    let ran = ends(&mut mapper.command(&["run", "cases/native.event.json"]), 1);
    has(
        &ran.err,
        &[
            "building mapper.wasm: `src/added.rs` is not as it was",
            "file not found for module `added`",
        ],
    );
}

#[test]
fn a_source_outside_or_of_another_kind_counts() {
    let mapper = Mapper::new("outside");
    let shared = "[package]\nname = \"shared-by-outside\"\nedition = \"2024\"\n[workspace]\n";
    mapper.folder.write("shared/Cargo.toml", shared);
    mapper.folder.write("shared/src/lib.rs", "pub const VERSION: &str = \"v3\";");
    mapper.edit(
        "Cargo.toml",
        "[dependencies]",
        "[dependencies]\nshared-by-outside = { path = \"../shared\" }",
    );
    mapper.write("src/.name.md", "accounts");
    let path = "format!(\"{}/{}/{}\", shared_by_outside::VERSION, include_str!(\".name.md\"),";
    mapper.edit(LIB, "format!(\"v2/accounts/{}\",", path);
    ends(&mut mapper.command(&["build"]), 0);
    // What cargo has found only now counts as written during the build, if it is as new as that.
    ends(&mut mapper.command(&["check"]), 0);
    mapper.is_fresh();

    let far = mapper.folder.path("shared/src/lib.rs").canonicalize().unwrap();
    mapper.folder.write("shared/src/lib.rs", "pub const VERSION: &str = \"v4\";");
    mapper.is_built_for(far.to_str().unwrap()).shows(&["/v4/accounts/"]);
    mapper.write("src/.name.md", "members");
    mapper.is_built_for("src/.name.md").shows(&["/v4/members/"]);
    mapper.write(".cargo/config.toml", mapper.read(".cargo/config.toml") + "# A word.\n");
    mapper.is_built_for(".cargo/config.toml");
}

#[test]
fn a_component_that_another_tool_put_there_is_built_anew() {
    let mapper = Mapper::new("replaced");
    ends(&mut mapper.command(&["build"]), 0);
    fs::copy(component(OTHER), mapper.folder.path("replaced/mapper.wasm")).unwrap();
    let ran = ends(&mut mapper.command(&["check"]), 0);
    has(&ran.err, &["building mapper.wasm: it was not made by `mapper build`\n"]);
    mapper.is_fresh();
    fs::remove_file(mapper.folder.path("replaced/.mapper-build-sources.json")).unwrap();
    let ran = ends(&mut mapper.command(&["check"]), 0);
    has(&ran.err, &["building mapper.wasm: it was not made by `mapper build`\n"]);
    // Linked folders are followed.
    fs::rename(mapper.folder.path("replaced/wit"), mapper.folder.path("wit")).unwrap();
    symlink("../wit", mapper.folder.path("replaced/wit")).unwrap();
    mapper.is_fresh();
    mapper.folder.write("wit/types.wit", mapper.folder.read("wit/types.wit") + "// A word.\n");
    mapper.is_built_for("wit/types.wit");
}

/// A folder with a mapper whose tool does `work` and makes the default mapper of anything.
pub(super) fn with_tool(work: &str) -> Folder {
    let folder = Folder::new();
    folder.write("m/mapper.py", "def transform(event): ...\n");
    folder.write("m/.venv/pyvenv.cfg", "");
    folder.write(
        "m/.venv/bin/componentize-py",
        format!("#!/bin/sh\n{work}\nfor it; do :; done\ncp {} \"$it\"\n", wasm(DEFAULT)),
    );
    let tool = folder.path("m/.venv/bin/componentize-py");
    fs::set_permissions(tool, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

#[test]
fn what_is_written_during_a_build_is_not_in_the_component() {
    let folder = with_tool(
        "test -e edited || echo '# a word' >> mapper.py; : > edited.log; test -e edited.log && : > edited",
    );
    let check = &mut folder.mapper(&["check", "--mapper", "m/mapper.wasm"]);
    has(&ends(check, 0).err, &["building m/mapper.wasm: it does not exist"]);
    has(
        &ends(check, 0).err,
        &["building m/mapper.wasm: `mapper.py` and 2 more are not as they were"],
    );
    assert_eq!(ends(check, 0).err, "");
}

#[test]
fn a_folder_that_is_no_mappers_is_left_alone() {
    let folder = Folder::new();
    fs::copy(component(DEFAULT), folder.path("mapper.wasm")).unwrap();
    let check = &mut folder.mapper(&["check"]);
    for (file, text) in [("other.txt", ""), ("Cargo.toml", "[workspace]\nmembers = []\n")] {
        folder.write(file, text);
        assert_eq!(ends(check, 0).err, "");
    }
    // In two languages at once, it can't be said whose it is.
    folder.write("mapper.py", "");
    cannot(check, &["`mapper.wasm` can't be compared with its source: ", "more than one language"]);
}
