"""The function's settings as they are given on a command line: their names, and that no secret is among them."""

import argparse
import re

# Those of docs/reference.md. Their values are judged by the function's own code: see workbench.py.
NAMES = """
ANSWER_WITHIN_MS ATTEMPT_TIMEOUT_MS BACKEND_ALLOW_HTTP BACKEND_API_URL BACKEND_AUTHORIZATION BACKEND_CA_FILE
BACKEND_SIGNING_SECRET MAPPER_LOGS MAPPER_MEMORY_MB MAPPER_TIMEOUT_MS MAX_ATTEMPTS ON_UNDELIVERED SHADOW_MAPPER_IMAGE
""".split()
# Those that are not to be given, and why.
NOT_GIVEN = {
    "AWS_LAMBDA_LOG_FORMAT": "Lambda sets it from the function's logging configuration",
    "AWS_LAMBDA_LOG_LEVEL": "Lambda sets it from the function's logging configuration",
    "MAPPER_IMAGE": "the mapper is in the layer",
    "UNDELIVERED_QUEUE_URL": "it is the queue that is made here",
}
SECRETS = ("BACKEND_AUTHORIZATION", "BACKEND_SIGNING_SECRET")
ARN = re.compile(r"arn:[\w-]+:(secretsmanager:[\w-]+:\d+:secret:|ssm:[\w-]+:\d+:parameter/)\S+")


def is_setting(name):
    """Whether a variable of this name means something to the function."""
    return name in NAMES or name in NOT_GIVEN or name.startswith("MAPPER_ENV_")


def setting(text):
    """The name and the value in `NAME=VALUE`. An empty value takes the setting away. For argparse."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError("a setting is given as NAME=VALUE")
    if name in NOT_GIVEN:
        raise argparse.ArgumentTypeError(f"{name} can't be given: {NOT_GIVEN[name]}")
    if name not in NAMES and not re.fullmatch(r"MAPPER_ENV_\w+", name, re.ASCII):
        known = ", ".join([*NAMES, "MAPPER_ENV_*"])
        raise argparse.ArgumentTypeError(f"there is no such setting; there are {known}")
    if name in SECRETS and value and not ARN.fullmatch(value):
        raise argparse.ArgumentTypeError(
            f"{name} takes the ARN of a secret here, not the secret: what stands in a command ends up in the shell's "
            "history and in the list of processes. Store it with `aws secretsmanager create-secret` and give the ARN "
            "that this prints; for one that is there, see `aws secretsmanager describe-secret --secret-id NAME`"
        )
    return name, value


def merged(before, given):
    """The variables `before` with the settings `given` in place of those of the same name."""
    return {name: value for name, value in (before | given).items() if value}
