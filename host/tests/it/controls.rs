//! Characters that steer a terminal or break a line reach neither the log nor whoever tries a
//! mapper, wherever a mapper or an event has them. Readers of JSON get them back.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use test_support::aws::Queue;
use test_support::backend::Backend;
use test_support::components::{MISBEHAVING, component, copy_of_image, image};
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::Function;
use test_support::{behaving, program, sign_up};

/// One of each kind: ASCII, Latin-1, the separators of lines and paragraphs, and what turns the
/// direction of text.
const HOSTILE: &str =
    "a\u{1b}[31m\u{7}\u{8}\u{7f}\u{80}\u{9b}\u{2028}\u{2029}\u{202e}\u{2067}\r\nb";

fn is_steered(line: &str) -> bool {
    let turns = |c| matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    line.contains(|c: char| c.is_control() || turns(c))
}

/// Everything that is logged of an event whose mapper says something hostile, and whose user has a
/// hostile name.
async fn log() -> Vec<String> {
    let backend = FaultyBackend::start([], Fault::Takes).await;
    let settings = [("BACKEND_API_URL", backend.url.as_str()), ("MAPPER_LOGS", "on")];
    let mut function = Function::start(&image(MISBEHAVING), &settings).await;
    let mut event = behaving(&format!("say {HOSTILE}"));
    event["request"]["userAttributes"]["sub"] = HOSTILE.into();
    function.answer(event.to_string(), None).await;
    function.killed().await.split_terminator('\n').map(str::to_owned).collect()
}

#[tokio::test]
async fn lines_hold_no_control_and_mean_the_same() {
    let lines = log().await;
    assert!(lines.len() == 2 && !lines.iter().any(|line| is_steered(line)), "{lines:?}");
    let [ended, said] = [0, 1].map(|line| serde_json::from_str::<Value>(&lines[line]).unwrap());
    assert_eq!(ended["sub"], HOSTILE);
    assert_eq!(
        (&said["stdout"], &said["stderr"], &said["errorMessage"]),
        (&json!(HOSTILE), &json!(HOSTILE), &json!(HOSTILE))
    );
}

#[tokio::test]
async fn a_manifest_of_any_text_is_repeated_in_one_short_line() {
    let (folder, backend, queue) =
        (tempfile::tempdir().unwrap(), Backend::start().await, Queue::new().await);
    let image = copy_of_image(folder.path());
    let manifest = image.with_extension("json");
    let mut text: Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    text["target"] = format!("{HOSTILE}{}", "x".repeat(90_000)).into();
    fs::write(&manifest, text.to_string()).unwrap();
    let own = [("BACKEND_API_URL", backend.url.as_str())];
    let mut function = Function::start(&image, &[&own, &queue.settings()[..]].concat()).await;
    function.answer(sign_up().to_string(), None).await;
    for _ in 0..2 {
        let line = function.raw_line().await;
        assert!(
            line.contains("the mapper image is for `a\\u") && line.len() < 4 * 1024,
            "{line:.200}"
        );
        assert!(!is_steered(&line), "{line}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_take_no_more_room_than_text() {
    let backend = FaultyBackend::start([], Fault::Takes).await;
    let settings = [("BACKEND_API_URL", backend.url.as_str()), ("MAPPER_LOGS", "on")];
    let mut function = Function::start(&image(MISBEHAVING), &settings).await;
    for (byte, kept) in [(b'a', 8 * 1024), (0xff, 8 * 1024 - 2)] {
        function.invoke(behaving(&format!("write-bytes {byte}")).to_string()).await;
        assert_eq!(function.line().await["stdout"].as_str().unwrap().len(), kept, "{byte}");
    }
}

fn workbench(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program("mapper"));
    command.args(arguments).current_dir(folder).env_clear().env("HOME", folder);
    command.env("MAPPER_IMAGE", component(MISBEHAVING)).output().unwrap()
}

#[test]
fn a_terminal_is_shown_no_control_of_a_mapper_or_an_event() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("cases")).unwrap();
    let cases = [
        ("say", format!("say {HOSTILE}")),
        ("text", format!("text {HOSTILE}")),
        ("json", format!("text {}", json!({ HOSTILE: HOSTILE }))),
        ("path", format!("path {HOSTILE}")),
        ("name", format!("header {HOSTILE}=x")),
        ("value", format!("header x={HOSTILE}")),
        ("code", format!("error {HOSTILE}")),
        ("skip", format!("skip {HOSTILE}")),
    ];
    for (name, behaviour) in &cases {
        let mut event = behaving(behaviour);
        event["triggerSource"] = format!("PostConfirmation_{HOSTILE}").into();
        fs::write(folder.path().join(format!("cases/{name}.event.json")), event.to_string())
            .unwrap();
    }
    let component = component(MISBEHAVING);
    let component = component.to_str().unwrap();
    let files = cases.each_ref().map(|(name, _)| format!("cases/{name}.event.json"));
    let runs = files.iter().flat_map(|file| [vec!["run", file], vec!["run", file, "--json"]]);
    let others = [
        vec!["test"],
        vec!["test", "--json"],
        vec!["test", "--junit", "report.xml"],
        vec!["diff", component, component],
        vec!["diff", component, component, "--json"],
        vec!["test", "--bless"],
        vec!["test", "--bless"],
    ];
    for arguments in runs.chain(others) {
        let output = workbench(folder.path(), &arguments);
        for text in [output.stdout, output.stderr] {
            let text = String::from_utf8(text).unwrap();
            assert!(!text.split('\n').any(is_steered), "{arguments:?}: {text:?}");
        }
    }
    for file in ["report.xml", "cases/text.expected.json", "cases/json.expected.json"] {
        let text = fs::read_to_string(folder.path().join(file)).unwrap();
        assert!(!text.split('\n').any(is_steered), "{file}: {text:?}");
    }
    let expected: Value =
        serde_json::from_slice(&fs::read(folder.path().join("cases/text.expected.json")).unwrap())
            .unwrap();
    assert_eq!(expected["deliver"]["bodyText"], HOSTILE);
}
