//! Mappers of the contract 0.1.0 run as they are: each is built from source against it, and maps
//! the shared cases as one of the newest contract does.

use std::path::Path;
use std::process::Command;

use test_support::contract_0_1::{javascript, python, rust};
use test_support::languages::{PYTHON, succeeds};
use test_support::program;

use crate::shared_cases;

/// Looks at the image of a mapper of 0.1.0, and hands the shared cases to it.
async fn passes(image: &Path) {
    let mut check = Command::new(program("mapper"));
    let said = succeeds(&check.args(["check", "--mapper"]).arg(image).output().unwrap());
    assert!(said.contains("cognito:post-confirmation@0.1.0"), "{said}");
    shared_cases::pass(image, false).await;
}

#[tokio::test]
async fn a_mapper_of_0_1_in_rust_runs_as_it_is() {
    passes(&rust()).await;
}

#[tokio::test]
async fn a_mapper_of_0_1_in_javascript_runs_as_it_is() {
    passes(&javascript()).await;
}

#[tokio::test]
async fn a_mapper_of_0_1_in_python_runs_as_it_is() {
    if PYTHON.is_there() {
        passes(&python()).await;
    }
}
