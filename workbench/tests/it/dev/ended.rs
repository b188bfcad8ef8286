//! How `mapper dev` ends, and what is left.

use std::fs;
use std::io::{BufRead, BufReader, pipe};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use super::super::fresh::with_tool;
use super::{Dev, javascript};
use test_support::PATIENCE;

/// Sends the signal `name` to the process `id`.
fn signal(name: &str, id: u32) {
    let sent = Command::new("sh").args(["-c", &format!("kill -s {name} {id}")]).status();
    assert!(sent.unwrap().success());
}

/// Waits until `is_so`.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "{what} does not come");
        thread::yield_now();
    }
}

/// Whether the process `id` runs: one that has ended may still be listed.
fn runs(id: &str) -> bool {
    let state = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    state.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

/// The names in `folder`, but for those of the mapper itself.
fn left(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names
        .map(|name| name.into_string().unwrap())
        .filter(|name| name != "mapper.py" && name != ".venv")
        .collect()
}

#[test]
fn an_interrupted_build_leaves_nothing_behind() {
    for name in ["INT", "TERM", "HUP"] {
        // The tool never ends, and has a child that does not, either.
        let folder = with_tool("sleep 100000 & echo $$ $! > ../new && mv ../new ../ids; wait");
        let scratch = folder.path("scratch");
        fs::create_dir(&scratch).unwrap();
        let mut dev = Dev::start(&folder, &[], &[("TMPDIR", scratch.to_str().unwrap())]);
        until("the tool", || folder.path("ids").exists());
        let ids = folder.read("ids");
        assert!(ids.split_whitespace().all(runs), "{ids}");
        signal(name, dev.process.id());
        assert_eq!(dev.ended().code(), Some(0), "{name}");
        until("the end of the tool", || !ids.split_whitespace().any(runs));
        assert_eq!(left(&folder.path("m")), [""; 0]);
        assert_eq!(left(&scratch), [""; 0]);
    }
}

#[test]
fn an_interruption_between_runs_ends_it_at_once() {
    let folder = javascript();
    let mut dev = Dev::start(&folder, &[], &[]);
    dev.says("6 passed, 0 failed");
    signal("INT", dev.process.id());
    assert_eq!(dev.ended().code(), Some(0));
    let names = folder.names("m");
    let own: Vec<_> = names.iter().filter(|name| name.starts_with(".mapper-build-")).collect();
    assert_eq!(own, [".mapper-build-sources.json"]);
}

#[test]
fn an_interrupted_snapshot_ends_at_once() {
    let folder = javascript();
    folder.edits("mapper.js", "export ", "console.log('begun'); while (true) {}\nexport ");
    let mut dev = Dev::start(&folder, &[], &[]);
    dev.says("building mapper.wasm");
    signal("INT", dev.process.id());
    assert_eq!(dev.ended().code(), Some(0));
    // By itself it would have been broken off, and told.
    let rest: Vec<String> = dev.lines.iter().collect();
    assert!(!rest.iter().any(|line| line.contains("has not ended within")), "{rest:?}");
    assert!(!folder.path("m/mapper.wasm").exists());
}

#[test]
fn a_reader_that_leaves_ends_it() {
    let folder = javascript();
    let (reader, writer) = pipe().unwrap();
    let mut command = folder.mapper(&["dev"]);
    command.current_dir(folder.path("m")).stdout(writer);
    let process = command.spawn().unwrap();
    drop(command);
    let mut dev = Dev { process, lines: mpsc::channel().1, said: String::new() };
    // As `head -1` does.
    BufReader::new(reader).read_line(&mut String::new()).unwrap();
    assert_eq!(dev.ended().code(), Some(0));
}

#[test]
fn a_folder_that_vanishes_ends_it() {
    let folder = javascript();
    let mut dev = Dev::start(&folder, &[], &[]);
    dev.says("6 passed, 0 failed");
    fs::remove_dir_all(folder.path("m")).unwrap();
    dev.says("the mapper's folder is gone");
    assert_eq!(dev.ended().code(), Some(2));
}

#[test]
fn a_source_that_comes_back_is_built() {
    let folder = javascript();
    let mut dev = Dev::start(&folder, &[], &[]);
    dev.says("6 passed, 0 failed");
    fs::rename(folder.source("mapper.js"), folder.path("away.js")).unwrap();
    dev.says("there is no `mapper.js`");
    fs::rename(folder.path("away.js"), folder.source("mapper.js")).unwrap();
    folder.edits("mapper.js", "'users/'", "'back/'");
    dev.says("back/");
}
