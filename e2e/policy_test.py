"""`--print-policy` prints a policy that names every call of a recipe."""

import json
from subprocess import run

import pytest

from support.deployed import COMPONENT
from support.program import MAPPER
from support.rights import CALLED_OTHERWISE

# What everyone may do.
NO_RIGHT = "sts:GetCallerIdentity"
# What stays on this machine needs no right.
HERE = ("--generate-cli-skeleton", "--version")
RECORDING = """#!/bin/sh
echo "$*" >> {log}
exec {aws} "$@"
"""


@pytest.fixture(scope="module")
def recording(recipes, tmp_path_factory):
    """Runs a recipe; returns the rights that its calls of AWS need."""
    folder = tmp_path_factory.mktemp("recording")
    log = folder / "calls"
    (folder / "aws").write_text(RECORDING.format(log=log, aws=recipes.cli.folder / "aws"))
    (folder / "aws").chmod(0o755)
    recipes.environment["PATH"] = f"{folder}:{recipes.environment['PATH']}"

    def run_recipe(*args):
        log.write_text("")
        done = recipes.run(*args)
        calls = [call for call in log.read_text().splitlines() if not any(flag in call for flag in HERE)]
        assert calls, done.stderr
        rights = set()
        for call in calls:
            service, operation = call.split()[:2]
            operation = operation.title().replace("-", "")
            rights.add(f"{service}:{CALLED_OTHERWISE.get(operation, operation)}")
        return rights - {NO_RIGHT}

    return run_recipe


def policy(*args):
    """The actions of the policy that a recipe prints, without an AWS CLI on the PATH."""
    done = run([MAPPER, *args, "--print-policy"], env={"PATH": "/nowhere"}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    printed = json.loads(done.stdout)
    assert printed["Version"] == "2012-10-17"
    assert all(statement["Effect"] == "Allow" and statement["Resource"] for statement in printed["Statement"])
    return {action for statement in printed["Statement"] for action in statement["Action"]}


def test_the_printed_policy_names_every_call(recipes, recording, proved):
    recipes.create(COGNITO_GROUPS="members")
    pool = recipes.new_pool()
    recipes.account.aws.client("cognito-idp").admin_create_user(UserPoolId=pool, Username="somebody")
    sqs = recipes.account.aws.client("sqs")
    dead_letters = sqs.get_queue_url(QueueName="post-confirmation-dead-letters")["QueueUrl"]
    sqs.send_message(QueueUrl=dead_letters, MessageBody="a message that `replay` looks at")
    for args in (
        ("create", "--set", "MAX_ATTEMPTS=2"),
        ("attach", pool, "--yes"),
        ("doctor", pool),
        ("swap", str(COMPONENT), "--yes", "--with-host"),
        ("rollback",),
        ("reconcile", pool, "--all", "--yes"),
        ("replay", str(COMPONENT)),
        # The stand-in for AWS has no redrives: it stops at the third call.
        ("redrive",),
        ("detach", pool, "--yes"),
    ):
        called, allowed = recording(*args), policy(*args)
        assert called <= allowed, args[0]
        proved(f"{args[0]}: {len(called)} kinds of call, each in its policy of {len(allowed)}")


def test_a_printed_policy_is_for_the_functions_own_names(proved):
    done = run(
        [MAPPER, "attach", "eu-central-1_Example01", "--function", "joined", "--print-policy"],
        env={"AWS_REGION": "us-east-1"},
        capture_output=True,
        text=True,
    )
    statements = json.loads(done.stdout)["Statement"]
    resources = {resource for statement in statements for resource in statement["Resource"]}
    assert resources == {
        "arn:aws:cognito-idp:eu-central-1:*:userpool/eu-central-1_Example01",
        "*",
        *(f"arn:aws:lambda:eu-central-1:*:function:joined{end}" for end in ("", ":*", "-redelivery", "-redelivery:*")),
        "arn:aws:iam::*:role/joined*",
    }
    [anything] = [statement for statement in statements if statement["Resource"] == ["*"]]
    assert anything["Action"] == ["iam:PassRole"]
    assert anything["Condition"] == {"StringEquals": {"iam:PassedToService": "cognito-idp.amazonaws.com"}}
    proved("it names the pool, the functions and their roles in the pool's region; a role only for Cognito")
