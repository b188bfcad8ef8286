"""The function's settings on a command line: their names, and the refusal of plain secrets."""

import argparse
import re

# The settings of docs/reference.md. The function's own code checks their values: see workbench.py.
NAMES = """
ANSWER_WITHIN_MS ATTEMPT_TIMEOUT_MS BACKEND_ALLOW_HTTP BACKEND_API_URL BACKEND_AUTHORIZATION BACKEND_CA_FILE
BACKEND_SIGNING_SECRET COGNITO_ATTRIBUTES COGNITO_GROUPS MAPPER_LOGS MAPPER_MEMORY_MB MAPPER_TIMEOUT_MS MAX_ATTEMPTS
ON_UNDELIVERED SHADOW_MAPPER_IMAGE
""".split()
# Settings that can't be set here, and why.
NOT_GIVEN = {
    "AWS_LAMBDA_LOG_LEVEL": "Lambda sets it from the function's logging configuration",
    "MAPPER_IMAGE": "the mapper is in the layer",
    "UNDELIVERED_QUEUE_URL": "`create` makes the queue and sets it",
}
SECRETS = ("BACKEND_AUTHORIZATION", "BACKEND_SIGNING_SECRET")
ARN = re.compile(r"arn:[\w-]+:(secretsmanager:[\w-]+:\d+:secret:|ssm:[\w-]+:\d+:parameter/)\S+")


def is_setting(name):
    """Whether the function reads a variable of this name."""
    return name in NAMES or name in NOT_GIVEN or name.startswith("MAPPER_ENV_")


def setting(text):
    """The name and the value in `NAME=VALUE`. An empty value removes the setting. For argparse."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError("write a setting as NAME=VALUE")
    if name in NOT_GIVEN:
        raise argparse.ArgumentTypeError(f"{name} can't be set here: {NOT_GIVEN[name]}")
    if name not in NAMES and not re.fullmatch(r"MAPPER_ENV_\w+", name, re.ASCII):
        known = ", ".join([*NAMES, "MAPPER_ENV_*"])
        raise argparse.ArgumentTypeError(f"there is no such setting; the settings are {known}")
    if name in SECRETS and value and not ARN.fullmatch(value):
        raise argparse.ArgumentTypeError(
            f"{name} takes the ARN of a secret here, not the secret: a command ends up in the shell's "
            "history and in the list of processes. Store it with `aws secretsmanager create-secret` and give the ARN "
            "that this prints; for an existing one, see `aws secretsmanager describe-secret --secret-id NAME`"
        )
    return name, value


def merged(before, given):
    """The variables `before` with the settings `given` in place of those of the same name."""
    return {name: value for name, value in (before | given).items() if value}
