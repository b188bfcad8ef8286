//! Mappers in other languages: what their authors do, and what the function does with them. If a
//! language's tool is missing, its tests say so and pass.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use test_support::backend::Backend;
use test_support::components::{DEFAULT, image};
use test_support::function::Function;
use test_support::languages::{JAVASCRIPT, Language, PYTHON, TYPESCRIPT, succeeds};

use crate::shared_cases::{self, pass};

/// Does with a new mapper what its author does, and then makes the mistake of writing `wrong` in
/// place of `right`.
fn from_new_to_deployed(language: &Language, right: &str, wrong: &str, says: [&str; 3]) {
    if !language.is_there() {
        return;
    }
    let folder = language.new_folder("walked");
    let mapper = |args: &[&str]| language.mapper(&folder, args);
    assert!(succeeds(&mapper(&["build"])).starts_with("mapper.wasm  "));
    let checked = succeeds(&mapper(&["check"]));
    // Nobody has asked for a follow-up, and an answer would be read for one.
    for part in ["the function would load mapper.wasm", "\nfollow-up  none\n"] {
        assert!(checked.contains(part), "{checked}");
    }
    let tested = mapper(&["test"]);
    assert!(succeeds(&tested).contains("6 passed, 0 failed"));
    assert!(
        String::from_utf8_lossy(&tested.stderr).starts_with("loading mapper.wasm ("),
        "{tested:?}"
    );
    assert!(
        succeeds(&mapper(&["run", "cases/native.event.json"]))
            .contains("\nPOST https://backend.example/users/\n")
    );
    assert!(
        succeeds(&mapper(&["compile"])).contains("mapper.json  cognito:post-confirmation@0.2.0")
    );
    assert!(
        succeeds(&mapper(&["test", "--mapper", "mapper.cwasm"])).contains("6 passed, 0 failed")
    );
    fs::rename(folder.join("mapper.wasm"), folder.join("old.wasm")).unwrap();

    let source = fs::read_to_string(folder.join(language.source)).unwrap();
    assert!(source.contains(right));
    fs::write(folder.join(language.source), source.replace(right, wrong)).unwrap();
    // The component of before is not tested in its place.
    fs::copy(folder.join("old.wasm"), folder.join("mapper.wasm")).unwrap();
    let tested = mapper(&["test"]);
    let stale = format!("building mapper.wasm: `{}` is not as it was\n", language.source);
    assert!(String::from_utf8_lossy(&tested.stderr).starts_with(&stale), "{tested:?}");
    assert_eq!(tested.status.code(), Some(1));
    let text = String::from_utf8(tested.stdout).unwrap();
    let [lost, new, differing] = says;
    for part in ["DIFFERS   native", &format!("\n  -       {lost}"), &format!("\n  +       {new}")]
    {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    let compared = mapper(&["diff", "old.wasm", "mapper.wasm"]);
    assert_eq!(compared.status.code(), Some(1));
    assert!(String::from_utf8(compared.stdout).unwrap().contains(differing));
}

/// What a new mapper's tests and comparisons say of an `id` that has become a `user`.
const TEMPLATES: [&str; 3] = ["\"id\": \"", "\"user\": \"", "4 of 6 events are mapped differently"];

#[test]
fn a_javascript_mapper_is_made_tested_and_compiled() {
    from_new_to_deployed(&JAVASCRIPT, "id: sub", "user: sub", TEMPLATES);
}

#[test]
fn a_typescript_mapper_is_made_tested_and_compiled() {
    from_new_to_deployed(&TYPESCRIPT, "id: sub", "user: sub", TEMPLATES);
}

#[test]
fn a_python_mapper_is_made_tested_and_compiled() {
    from_new_to_deployed(&PYTHON, "\"id\": user", "\"user\": user", TEMPLATES);
}

/// Checks that a source that is no program is refused with the words of the language's tool, and
/// that the component of an earlier build stays.
fn broken_source(language: &Language, saying: &str) {
    if !language.is_there() {
        return;
    }
    let folder = language.new_folder("broken");
    fs::write(folder.join(language.source), "this is (no program").unwrap();
    fs::write(folder.join("mapper.wasm"), "of an earlier build").unwrap();
    let built = language.mapper(&folder, &["build"]);
    assert_eq!(built.status.code(), Some(1), "{built:?}");
    assert!(String::from_utf8_lossy(&built.stderr).contains(saying), "{built:?}");
    assert_eq!(fs::read(folder.join("mapper.wasm")).unwrap(), b"of an earlier build");
}

#[test]
fn broken_javascript_is_refused_in_its_tools_words() {
    broken_source(&JAVASCRIPT, "SyntaxError");
}

#[test]
fn broken_python_is_refused_in_its_tools_words() {
    broken_source(&PYTHON, "SyntaxError");
}

/// A mapper whose body is what should be another one each time.
const CHANCE: &str = "export function transform() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)).join();
  const body = { random: Math.random(), uuid: crypto.randomUUID(), bytes, now: Date.now() + performance.now() };
  return { deliver: { method: 'post', path: 'users/', body } };
}
";

#[tokio::test]
async fn chance_and_time_differ_between_events_and_processes() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mapper.js"), CHANCE).unwrap();
    succeeds(&JAVASCRIPT.mapper(folder.path(), &["compile"]));
    let backend = Backend::start().await;
    let event = fs::read(shared_cases::folder().join("native.event.json")).unwrap();
    for _ in 0..2 {
        let image = folder.path().join("mapper.cwasm");
        let settings = [("BACKEND_API_URL", backend.url.as_str())];
        let mut function = Function::start(&image, &settings).await;
        for _ in 0..2 {
            assert_eq!(function.invoke(event.clone()).await.end(), "delivered");
        }
    }
    let bodies: Vec<Value> = backend
        .requests()
        .iter()
        .map(|request| serde_json::from_slice(&request.body).unwrap())
        .collect();
    for field in ["random", "uuid", "bytes", "now"] {
        let values: BTreeSet<String> = bodies.iter().map(|body| body[field].to_string()).collect();
        assert_eq!(values.len(), 4, "{field}: {values:?}");
    }
}

/// The image of the full mapper in this language.
fn image_of(language: &Language) -> PathBuf {
    let component = language.component();
    let folder = component.parent().unwrap();
    succeeds(&language.mapper(folder, &["compile"]));
    folder.join("mapper.cwasm")
}

#[tokio::test]
async fn the_default_mapper_passes_the_shared_cases_in_128_mb() {
    pass(&image(DEFAULT), true).await;
}

#[tokio::test]
async fn a_javascript_mapper_passes_the_shared_cases_in_128_mb() {
    if JAVASCRIPT.is_there() {
        pass(&image_of(&JAVASCRIPT), true).await;
    }
}

#[tokio::test]
async fn a_typescript_mapper_passes_the_shared_cases_in_128_mb() {
    if TYPESCRIPT.is_there() {
        pass(&image_of(&TYPESCRIPT), true).await;
    }
}

#[tokio::test]
async fn a_python_mapper_passes_the_shared_cases_in_128_mb() {
    if PYTHON.is_there() {
        pass(&image_of(&PYTHON), true).await;
    }
}
