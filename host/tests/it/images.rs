//! Files that are no image for this host: each is one clear error at the start, that says what to
//! do.

use std::fs;
use std::io::Write;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use test_support::components::{DEFAULT, component, component_of, copy_of_image};
use test_support::function::Function;
use test_support::program;

/// Starts a function with the image and checks that it ends with an error that says all of
/// `saying`.
async fn refused(image: &Path, saying: &[&str]) {
    let mut function =
        Function::start(image, &[("BACKEND_API_URL", "https://backend.example/")]).await;
    let (status, text) = function.ended().await;
    assert_eq!(status.code(), Some(1), "{text}");
    for part in saying {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    let (headers, error) = function.api.init_error().unwrap();
    assert_eq!(error["errorType"], "Mapper.Refused");
    assert_eq!(headers["lambda-runtime-function-error-type"], "Mapper.Refused");
    assert!(!error.to_string().contains(image.to_str().unwrap()), "{error}");
}

/// Puts `value` at `field` of the manifest beside `image`.
pub fn change_manifest(image: &Path, field: &str, value: Value) {
    let path = image.with_extension("json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    manifest[field] = value;
    fs::write(&path, manifest.to_string()).unwrap();
}

/// Checks that an image whose manifest has `value` at `field` is refused with an error that says
/// all of `saying`.
async fn with_manifest(field: &str, value: impl Into<Value>, saying: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let image = copy_of_image(folder.path());
    change_manifest(&image, field, value.into());
    refused(&image, saying).await;
}

/// What `mapper compile` says of a file that it refuses.
fn compile_refused(component: &Path) -> String {
    let output = component.with_extension("cwasm");
    let compiled = Command::new(program("mapper"))
        .arg("compile")
        .arg(component)
        .arg("-o")
        .arg(&output)
        .output()
        .unwrap();
    assert_eq!(compiled.status.code(), Some(2));
    assert!(!output.exists());
    String::from_utf8(compiled.stderr).unwrap()
}

/// What `mapper compile` says of a component of the given text.
fn text_refused(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    compile_refused(&component_of(text, folder.path()))
}

#[tokio::test]
async fn an_image_that_is_not_there_is_refused() {
    refused(
        Path::new("/nowhere/mapper.cwasm"),
        &["/nowhere/mapper.cwasm", "mapper compile", "MAPPER_IMAGE"],
    )
    .await;
}

#[tokio::test]
async fn an_image_without_its_manifest_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let image = copy_of_image(folder.path());
    fs::remove_file(image.with_extension("json")).unwrap();
    refused(&image, &["mapper.json", "beside the image"]).await;
}

#[tokio::test]
async fn an_image_with_a_broken_manifest_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let image = copy_of_image(folder.path());
    fs::write(image.with_extension("json"), "{").unwrap();
    refused(&image, &["manifest", "mapper compile"]).await;
}

#[tokio::test]
async fn an_image_with_a_damaged_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let image = copy_of_image(folder.path());
    let mut bytes = fs::read(&image).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&image, bytes).unwrap();
    refused(&image, &["component", "damaged", "mapper compile"]).await;
}

#[tokio::test]
async fn a_component_in_place_of_an_image_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let image = copy_of_image(folder.path());
    fs::copy(component(DEFAULT), &image).unwrap();
    refused(&image, &["(size ", "mapper compile"]).await;
}

#[tokio::test]
async fn an_image_for_another_machine_is_refused_with_the_fix() {
    let (this, other) =
        if cfg!(target_arch = "aarch64") { ("aarch64", "x86_64") } else { ("x86_64", "aarch64") };
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("mapper.cwasm");
    let target = format!("{other}-unknown-linux-gnu");
    let compile = ["compile", "--target", &target, "--output", image.to_str().unwrap()];
    let compiled =
        Command::new(program("mapper")).args(compile).arg(component(DEFAULT)).output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    refused(&image, &[&target, &format!("mapper compile --target {this}-unknown-linux-gnu")]).await;
}

#[tokio::test]
async fn an_image_of_another_wasmtime_is_refused() {
    with_manifest("wasmtime", "48.0.7", &["wasmtime 48.0.7", "48.0."]).await;
}

#[tokio::test]
async fn an_image_of_other_engine_settings_is_refused() {
    with_manifest("engine", "0", &["engine settings"]).await;
}

#[tokio::test]
async fn a_manifest_of_another_form_is_refused() {
    with_manifest("format", 1, &["manifest", "format 1"]).await;
}

#[tokio::test]
async fn an_image_that_wasmtime_refuses_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let image = copy_of_image(folder.path());
    let whole = fs::read(&image).unwrap();
    let bytes = [b"not native code", &whole[whole.len() - 64..]].concat();
    fs::write(&image, &bytes).unwrap();
    let file = post_confirmation_host::mapper::File::describe(&bytes);
    change_manifest(&image, "image", serde_json::to_value(file).unwrap());
    refused(&image, &["wasmtime refuses", "ELF"]).await;
}

#[test]
fn a_file_that_is_no_component_is_not_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("text.wasm");
    fs::write(&file, "not a component").unwrap();
    assert!(compile_refused(&file).contains("not a WebAssembly component"));
    assert!(text_refused("(module)").contains("a WebAssembly module, not a component"));
    assert!(compile_refused(&folder.path().join("missing.wasm")).contains("can't be read"));
}

#[test]
fn a_component_of_another_world_is_not_compiled() {
    let error =
        text_refused(r#"(component (instance $i) (export "wasi:cli/run@0.2.6" (instance $i)))"#);
    assert!(
        error.contains("post-confirmation-mapper")
            && error.contains("cognito:post-confirmation@0.2.0"),
        "{error}"
    );
}

#[test]
fn a_component_of_another_contract_version_is_not_compiled() {
    let error = text_refused(
        r#"(component (instance $i) (export "cognito:post-confirmation/mapper@0.3.0" (instance $i)))"#,
    );
    assert!(
        error.contains("cognito:post-confirmation@0.3.0") && error.contains("0.1 and 0.2"),
        "{error}"
    );
}

#[test]
fn a_component_that_imports_wasi_http_is_not_compiled() {
    let error = text_refused(
        r#"(component
            (import "wasi:http/outgoing-handler@0.2.6" (instance))
            (instance $i)
            (export "cognito:post-confirmation/mapper@0.1.0" (instance $i)))"#,
    );
    assert!(
        error.contains("`wasi:http/outgoing-handler@0.2.6`, which mappers do not get"),
        "{error}"
    );
}

#[tokio::test]
async fn a_component_with_the_right_names_and_other_types_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"(component (instance $i) (export "cognito:post-confirmation/mapper@0.1.0" (instance $i)))"#;
    let image = folder.path().join("mapper.cwasm");
    let compiled = Command::new(program("mapper"))
        .arg("compile")
        .arg(component_of(text, folder.path()))
        .arg("--output")
        .arg(&image)
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    refused(&image, &["does not fit this host"]).await;
}

/// An image of about so many bytes that another with another `mark` has as well, and no component
/// that runs.
fn filled(folder: &Path, bytes: usize, mark: char) -> PathBuf {
    let data = mark.to_string().repeat(bytes);
    let component = component_of(
        &format!(
            r#"(component
                (core module $m (memory (export "memory") 64) (data (i32.const 0) "{data}"))
                (core instance $i (instantiate $m))
                (instance $i)
                (export "cognito:post-confirmation/mapper@0.1.0" (instance $i)))"#
        ),
        folder,
    );
    let image = folder.join(format!("{mark}.cwasm"));
    let compile = ["compile", component.to_str().unwrap(), "--output", image.to_str().unwrap()];
    let compiled = Command::new(program("mapper")).args(compile).output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    image
}

/// Checks that an image of at least so many bytes is told from one of the same size by the
/// component at its end, and is not refused for that with its own manifest.
async fn told_apart(bytes: usize) {
    let folder = tempfile::tempdir().unwrap();
    let (image, other) = (filled(folder.path(), bytes, 'a'), filled(folder.path(), bytes, 'b'));
    let size = fs::metadata(&image).unwrap().len();
    assert_eq!(fs::metadata(&other).unwrap().len(), size);
    refused(&image, &["does not fit this host"]).await;
    fs::copy(&other, &image).unwrap();
    refused(&image, &["not the one that its manifest describes", "(component ", "mapper compile"])
        .await;

    // One that grew or shrank is told by its size before anything else.
    fs::OpenOptions::new().append(true).open(&image).unwrap().write_all(b"x").unwrap();
    refused(&image, &[&format!("(size {}, expected {size})", size + 1)]).await;
    fs::write(&image, "").unwrap();
    refused(&image, &[&format!("(size 0, expected {size})")]).await;
}

#[tokio::test]
async fn an_image_of_any_size_is_told_from_another_by_its_end() {
    for bytes in [10_000, 1_100_000] {
        told_apart(bytes).await;
    }
}
