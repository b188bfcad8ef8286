//! The parts around the programs under test, for tests and benchmarks.

#![allow(missing_docs, reason = "most names say it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails if one of them panics")]

pub mod aws;
pub mod backend;
pub mod canary;
pub mod components;
pub mod contract_0_1;
pub mod event_source;
pub mod faults;
pub mod function;
pub mod handmade;
pub mod languages;
pub mod processor;
pub mod proxy;
pub mod python;
pub mod runtime_api;
pub mod tls;

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

/// Longer than anything here takes, also on a machine that has other work; a test that waits so
/// long has failed.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// As much time as there can be, so that a machine that has other work hits no limit of time if
/// another one is meant. A mapper that loops is still stopped before its event's time is over, also
/// if the queue has its share of that.
pub const AMPLE: [(&str, &str); 2] = [("ANSWER_WITHIN_MS", "4900"), ("MAPPER_TIMEOUT_MS", "3000")];

/// The folder of the project.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A folder for what tests write and later runs may use again.
pub fn scratch() -> PathBuf {
    root().join("target/tmp")
}

/// The program `name`: the one in the folder `DIST`, which `just test` sets, or else the one that
/// cargo has built beside the tests.
pub fn program(name: &str) -> PathBuf {
    let folder = match env::var_os("DIST") {
        Some(dist) => PathBuf::from(dist),
        None => env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned(),
    };
    let program = folder.join(name);
    assert!(program.exists(), "{} is missing: `cargo build` makes it", program.display());
    program
}

/// Set if the programs in the folder `DIST` are those that are shipped.
const SHIPPED: &str = "SHIPPED";

/// What `megabytes` of resident memory are in kilobytes. A `bootstrap` for tests alone is not
/// optimised and has the compiler of the workbench in it: it may take twice as much as the one that
/// is shipped.
pub fn resident_bound(megabytes: u64) -> u64 {
    megabytes * 1024 * if env::var_os(SHIPPED).is_some() { 1 } else { 2 }
}

/// A sign-up with the attribute `custom:behaviour`, which the misbehaving mapper obeys.
pub fn behaving(behaviour: &str) -> Value {
    json!({
        "version": "1",
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "region": "eu-central-1",
        "userPoolId": "eu-central-1_A1b2C3d4E",
        "userName": "alice",
        "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "client" },
        "request": { "userAttributes": { "sub": "11111111-2222-3333-4444-555555555555", "custom:behaviour": behaviour } },
        "response": {},
    })
}

/// A sign-up as the default mapper expects it.
pub fn sign_up() -> Value {
    behaving("good")
}
