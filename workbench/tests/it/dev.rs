//! `mapper dev`: what an edit shows, and what is left when it ends.

mod ended;
mod endpoint;

use std::fs;
use std::io::{BufRead, BufReader, pipe};
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use super::{Folder, ends, has};
use test_support::PATIENCE;
use test_support::languages::javascript_engine;

/// The source of a mapper in JavaScript.
const SOURCE: &str = "mapper.js";

/// A running `mapper dev`, which a test lets do one thing after the other.
struct Dev {
    process: Child,
    lines: Receiver<String>,
    /// All that it wrote since the last wait began.
    said: String,
}

impl Dev {
    /// In the folder `m` of `folder`.
    fn start(folder: &Folder, args: &[&str], variables: &[(&str, &str)]) -> Dev {
        let (reader, writer) = pipe().unwrap();
        let mut command = folder.mapper(&["dev"]);
        command.args(args).envs(variables.iter().copied()).current_dir(folder.path("m"));
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let process = command.spawn().unwrap();
        // It holds the writing end.
        drop(command);
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(reader).lines() {
                let _ = send.send(line.unwrap());
            }
        });
        Dev { process, lines, said: String::new() }
    }

    /// Waits for a line with `part`, and returns all that was written from the last wait to it.
    fn says(&mut self, part: &str) -> String {
        let until = Instant::now() + PATIENCE;
        let mut said = String::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line =
                line.unwrap_or_else(|_| panic!("`{part}` does not come: {}{said}", self.said));
            said.push_str(&line);
            said.push('\n');
            if line.contains(part) {
                self.said.push_str(&said);
                return said;
            }
        }
    }

    /// Waits until it ends.
    fn ended(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "it does not end: {}", self.said);
            thread::yield_now();
        }
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A folder with a new mapper in JavaScript in `m`.
fn javascript() -> Folder {
    javascript_engine();
    let folder = Folder::new();
    ends(&mut folder.mapper(&["new", "m", "--lang", "js"]), 0);
    folder
}

impl Folder {
    fn source(&self, name: &str) -> PathBuf {
        self.path("m").join(name)
    }

    /// Writes the file `name` of the mapper with a part of it changed.
    fn edits(&self, name: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.source(name)).unwrap();
        assert!(text.contains(old), "{text}");
        fs::write(self.source(name), text.replace(old, new)).unwrap();
    }
}

#[test]
fn an_edit_shows_what_is_different() {
    let folder = javascript();
    let mut dev = Dev::start(&folder, &["--event", "native"], &[]);
    has(&dev.says(" passed, "), &["building mapper.wasm: it does not exist", "6 passed, 0 failed"]);
    dev.says("POST https://backend.example/users/");
    folder.edits(SOURCE, "'users/'", "'members/'");
    let said = dev.says(" passed, ");
    has(
        &said,
        &["building mapper.wasm: `mapper.js` is not as it was", "DIFFERS   custom-attributes"],
    );
    has(&said, &["DIFFERS   native", "was ok", "---- native ----", "members/"]);
    assert!(!said.contains("password-reset"), "{said}");
    has(&dev.says("+ POST"), &["native: before, and now", "- POST https://backend.example/users/"]);
    folder.edits(SOURCE, "'members/'", "'users/'");
    has(&dev.says(" passed, "), &["native", "was DIFFERS", "6 passed, 0 failed"]);
    // What makes no difference says so.
    folder.edits(SOURCE, "// @ts-check", "// @ts-check, twice");
    let said = dev.says(": as before");
    has(&said, &["is not as it was\n", "\n6 passed, 0 failed", "native: as before"]);
    assert!(!said.contains("ok "), "{said}");
}

#[test]
fn a_case_is_looked_at_with_its_own_variables() {
    let folder = javascript();
    let variables = folder.source("cases/native.variables.json");
    fs::write(&variables, r#"{ "USERS_PATH": "v2/users/" }"#).unwrap();
    let shown = "POST https://backend.example/v2/users/";
    let ran = ends(folder.mapper(&["run", "native"]).current_dir(folder.path("m")), 0);
    ran.shows(&[shown]);
    let mut dev = Dev::start(&folder, &["--event", "native"], &[]);
    dev.says(shown);
    fs::write(&variables, r#"{ "USERS_PATH": "v3/users/" }"#).unwrap();
    dev.says("+ POST https://backend.example/v3/users/");
}

#[test]
fn a_broken_source_keeps_the_last_good_mapper() {
    let folder = javascript();
    let mut dev = Dev::start(&folder, &[], &[]);
    dev.says("6 passed, 0 failed");
    let good = fs::read(folder.source("mapper.wasm")).unwrap();
    folder.edits(SOURCE, "if (!email)", "if (!email");
    has(&dev.says("not built"), &["mapper.js:", "not built: the last good mapper stays"]);
    assert_eq!(fs::read(folder.source("mapper.wasm")).unwrap(), good);
    folder.edits("cases/native.expected.json", "users/", "members/");
    let said = dev.says(" passed, ");
    has(&said, &["`cases/native.expected.json` is not as it was", "DIFFERS   native", "was ok"]);
    has(&said, &["5 passed, 1 failed", "by the last good mapper"]);
    folder.edits(SOURCE, "if (!email", "if (!email)");
    folder.edits(SOURCE, "'users/'", "'members/'");
    let said = dev.says(" passed, ");
    has(&said, &["building mapper.wasm: `mapper.js` is not as it was", "native", "was DIFFERS"]);
    assert!(!said.contains("by the last good mapper"), "{said}");
    // One that is there from an earlier time goes on, too.
    folder.edits(SOURCE, "if (!email)", "if (!email");
    let mut dev = Dev::start(&folder, &[], &[]);
    dev.says("not built: the last good mapper stays");
    has(&dev.says(" passed, "), &["DIFFERS   admin-confirmed", "by the last good mapper"]);
}

#[test]
fn a_case_that_changes_builds_nothing() {
    let folder = javascript();
    let mut dev = Dev::start(&folder, &[], &[]);
    dev.says("6 passed, 0 failed");
    fs::copy(folder.source("cases/native.event.json"), folder.source("cases/more.event.json"))
        .unwrap();
    let said = dev.says(" passed, ");
    has(&said, &["`cases/more.event.json` is not as it was", "NEW       more", "a case more"]);
    assert!(!said.contains("building"), "{said}");
    fs::remove_file(folder.source("cases/more.event.json")).unwrap();
    has(&dev.says(" passed, "), &["gone      more", "6 passed, 0 failed"]);
    // What is no case yet is told, and what mends it is seen.
    let expected = folder.source("cases/native.expected.json");
    let text = fs::read_to_string(&expected).unwrap();
    fs::write(&expected, "{").unwrap();
    dev.says("`cases/native.expected.json` is not JSON");
    fs::write(&expected, text).unwrap();
    dev.says("6 passed, 0 failed");
}

#[test]
fn a_file_that_is_renamed_into_its_place_is_seen() {
    let folder = javascript();
    let mut dev = Dev::start(&folder, &[], &[]);
    dev.says("6 passed, 0 failed");
    for path in ["'a/'", "'b/'"] {
        let text = fs::read_to_string(folder.source(SOURCE)).unwrap();
        let (before, after) = text.split_once("process.env.USERS_PATH ?? ").unwrap();
        let after = after.split_once(',').unwrap().1;
        let new = folder.source("mapper.js.new");
        fs::write(&new, format!("{before}process.env.USERS_PATH ?? {path},{after}")).unwrap();
        fs::rename(folder.source(SOURCE), folder.source("mapper.js~")).unwrap();
        fs::rename(new, folder.source(SOURCE)).unwrap();
        dev.says(&format!("\"path\": {}", path.replace('\'', "\"")));
    }
}

#[test]
fn a_folder_that_is_made_later_is_watched() {
    let folder = javascript();
    let mut dev = Dev::start(&folder, &[], &[]);
    dev.says("6 passed, 0 failed");
    fs::create_dir_all(folder.source("lib/deep")).unwrap();
    fs::write(folder.source("lib/deep/path.js"), "export const PATH = 'a/';").unwrap();
    dev.says("`lib/deep/path.js` is not as it was");
    dev.says("6 passed, 0 failed");
    folder.edits(SOURCE, "// @ts-check", "import { PATH } from './lib/deep/path.js';");
    folder.edits(SOURCE, "'users/'", "PATH");
    dev.says("\"path\": \"a/\"");
    fs::write(folder.source("lib/deep/path.js"), "export const PATH = 'b/';").unwrap();
    has(
        &dev.says("\"path\": \"b/\""),
        &["building mapper.wasm: `lib/deep/path.js` is not as it was"],
    );
    // One outside of the mapper's folder, which only the build knows.
    folder.write("shared/path.js", "export const PATH = 'c/';");
    folder.edits(SOURCE, "./lib/deep/path.js", "../shared/path.js");
    dev.says("\"path\": \"c/\"");
    folder.write("shared/path.js", "export const PATH = 'd/';");
    dev.says("\"path\": \"d/\"");
}

#[test]
fn what_the_workbench_writes_itself_wakes_nothing() {
    let folder = javascript();
    let mut dev = Dev::start(&folder, &[], &[]);
    dev.says("6 passed, 0 failed");
    for args in [&["build"][..], &["compile"], &["test", "--junit", "report.xml"]] {
        ends(folder.mapper(args).current_dir(folder.path("m")), 0);
    }
    let text = fs::read(folder.source(SOURCE)).unwrap();
    fs::write(folder.source(SOURCE), text).unwrap();
    folder.edits("cases/native.expected.json", "users/", "members/");
    let said = dev.says("5 passed, 1 failed");
    assert_eq!(said.matches("as it was").count(), 1, "{said}");
    assert!(!said.contains("building"), "{said}");
}

#[test]
fn it_begins_only_where_it_can() {
    let folder = Folder::new();
    fs::create_dir(folder.path("m")).unwrap();
    let inside = |args: &[&str]| {
        let mut command = folder.mapper(args);
        command.current_dir(folder.path("m"));
        command
    };
    has(&ends(&mut inside(&["dev"]), 2).err, &["`.` does not hold a mapper"]);
    folder.write("m/mapper.js", "");
    let no_case = ends(&mut inside(&["dev", "--event", "native"]), 2);
    has(&no_case.err, &["there is no case `native`"]);
    let no_url = ends(&mut inside(&["dev", "--backend", "http://api.example.com/"]), 2);
    has(&no_url.err, &["BACKEND_API_URL: has to begin with https://"]);
    has(&ends(&mut inside(&["dev", "--port", "0"]), 2).err, &["--backend <URL>"]);
}
