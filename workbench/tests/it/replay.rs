//! `mapper replay` as far as it comes without AWS. The end-to-end tests have the rest.

use super::{Folder, cannot, ends, wasm};
use test_support::components::DEFAULT;

#[test]
fn a_number_of_messages_has_a_least_and_a_most() {
    let folder = Folder::new();
    let mapper = wasm(DEFAULT);
    for option in ["--at-most", "--keep"] {
        for (number, status) in [("0", 2), ("10001", 2), ("1", 0), ("10000", 0)] {
            let args = ["replay", &mapper, option, number, "--print-policy"];
            ends(&mut folder.mapper(&args), status);
        }
    }
}

#[test]
fn the_policy_allows_no_message_to_be_taken_away() {
    let folder = Folder::new();
    let args = ["replay", "--function", "joined", "--print-policy"];
    let policy = ends(&mut folder.mapper(&args), 0).json().to_string();
    for name in ["joined-undelivered", "joined-dead-letters", "sqs:ReceiveMessage"] {
        assert!(policy.contains(name), "{policy}");
    }
    for right in ["Delete", "Send", "Purge", "Update", "Publish", "Invoke"] {
        assert!(!policy.contains(right), "{policy}");
    }
}

#[test]
fn what_is_no_mapper_is_named() {
    let folder = Folder::new();
    folder.write("mapper.txt", "text");
    for other in ["missing", "mapper.txt"] {
        cannot(
            &mut folder.mapper(&["replay", other]),
            &[other, "it is neither a mapper's folder nor a component"],
        );
    }
}

#[test]
fn without_the_cli_of_aws_nothing_can_be_tried() {
    let folder = Folder::new();
    let mut command = folder.mapper(&["replay", &wasm(DEFAULT)]);
    command.env("PATH", folder.path("empty")).env("AWS_REGION", "eu-central-1");
    cannot(&mut command, &["the AWS CLI, `aws`, is not on the PATH"]);
}
