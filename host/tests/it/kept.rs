//! How much of a sandbox's memory stays with the function between events: all of a small one,
//! little of a large one, whatever the manifest says.

use std::path::Path;

use serde_json::{Value, json};

use test_support::function::Function;
use test_support::handmade::{image_of, mapper};
use test_support::sign_up;

use super::images::change_manifest;

/// A mapper whose memory begins with so many pages. A sign-up writes to all of them; a password
/// reset, to none.
fn writing(pages: u32) -> String {
    let ok = r#"(data (i32.const 64) "\00\00\00\00\01\00\00\00\c8\00\00\00\02\00\00\00") (data (i32.const 200) "ok")"#;
    let from = 64 * 1024;
    let code = format!(
        "(if (i32.eqz (i32.load8_u (local.get 0)))
            (then (memory.fill (i32.const {from}) (i32.const 1) (i32.const {}))))
        i32.const 64",
        pages * 64 * 1024 - from
    );
    mapper(ok, &code).replacen(
        r#"(memory (export "memory") 1)"#,
        &format!(r#"(memory (export "memory") {pages})"#),
        1,
    )
}

/// The memory of a function, in KiB, after an event that wrote to all of such a mapper's memory and
/// another that did not. If there is a `claim`, the manifest makes it of the memory.
async fn resident(pages: u32, claim: Option<u64>) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let (_, image) = image_of(&writing(pages), folder.path());
    if let Some(claim) = claim {
        change_manifest(&image, "memory", claim.into());
    }
    let mut function = Function::start(&image, &[("BACKEND_API_URL", "http://127.0.0.1:9/")]).await;
    skips(&mut function, sign_up()).await;
    let mut reset = sign_up();
    reset["triggerSource"] = json!("PostConfirmation_ConfirmForgotPassword");
    skips(&mut function, reset).await;
    function.resident_kilobytes()
}

async fn skips(function: &mut Function, event: Value) {
    assert_eq!(function.invoke(event.to_string()).await.line["code"], "ok");
}

fn memory_in_manifest(image: &Path) -> Value {
    let text = std::fs::read(image.with_extension("json")).unwrap();
    serde_json::from_slice::<Value>(&text).unwrap()["memory"].clone()
}

#[tokio::test]
async fn a_small_memory_is_kept_and_a_large_one_given_back() {
    let none = resident(2, None).await;
    let (most, more) = (resident(64, None).await, resident(65, None).await);
    assert!(most > none + 3 * 1024, "of 4 MiB are kept {most} - {none} KiB");
    assert!(more < none + 1024, "of more than 4 MiB are kept {more} - {none} KiB");
}

#[tokio::test]
async fn no_manifest_makes_a_function_keep_much() {
    let none = resident(2, None).await;
    for claim in [0, 4 << 20, (4 << 20) + 1, 32 << 20, u64::MAX] {
        let kept = resident(512, Some(claim)).await;
        assert!(kept < none + 5 * 1024, "{claim}: of 32 MiB are kept {kept} - {none} KiB");
    }
}

#[test]
fn the_manifest_says_how_much_memory_a_mapper_begins_with() {
    let folder = tempfile::tempdir().unwrap();
    for pages in [2, 65] {
        let (_, image) = image_of(&writing(pages), folder.path());
        assert_eq!(memory_in_manifest(&image), pages * 64 * 1024);
    }
}
