"""Calling the AWS CLI, and talking to the person who runs a recipe.

The CLI instead of an SDK: the operator has it already, with profile, region and single sign-on set up.
"""

import json
import os
import re
import signal
import sys
from subprocess import DEVNULL, run
from tempfile import NamedTemporaryFile

# The codes by which AWS says that something does not exist.
NOT_FOUND = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchEntity",
    "ParameterNotFound",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
}

# Ctrl-C, a closed terminal, and the end of a job.
INTERRUPTIONS = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)


class Stop(Exception):
    """Ends a recipe with status 1 and a sentence that says what to change."""


class AwsError(Stop):
    """A refusal of AWS or its CLI; `code` is AWS's name for it, empty if the CLI itself failed."""

    def __init__(self, call, said):
        """From the CLI's output about `call`."""
        error = re.search(r"An error occurred \(([\w.]+)\) when calling the \w+ operation[^:]*: (.*)", said, re.DOTALL)
        self.code, message = error.groups() if error else ("", said)
        super().__init__(f"{call}: {self.code + ': ' if self.code else ''}{message.strip()}")


def aws(service, operation, parameters=None, *flags):
    """AWS's answer to an operation (`"lambda"`, `"get-function"`) with the API's own parameters, `{}` if it is empty.

    Parameters go through a file that only this user may read: everyone on this machine can read arguments. It can't be
    standard input, because version 1 reads it twice. `flags` are for parameters that the CLI only takes as flags, blobs
    for example. Raises AwsError.
    """
    command = ["aws", service, operation, "--output", "json", *flags]
    with NamedTemporaryFile("w", suffix=".json") as file:
        if parameters is not None:
            json.dump(parameters, file)
            file.flush()
            command += ["--cli-input-json", f"file://{file.name}"]
        try:
            # Detached from the terminal: an interrupt of the recipe must not end a call that undoes a change.
            quiet = {"stdin": DEVNULL, "capture_output": True, "start_new_session": True}
            done = run(command, env=os.environ | {"AWS_PAGER": ""}, text=True, **quiet)
        except FileNotFoundError:
            raise Stop("the AWS CLI, `aws`, is not on the PATH: https://aws.amazon.com/cli") from None
    if done.returncode != 0:
        raise AwsError(f"aws {service} {operation}", done.stderr)
    try:
        return json.loads(done.stdout or "{}")
    except ValueError:
        raise Stop(f"aws {service} {operation}: the CLI did not answer with JSON") from None


def aws_or_none(service, operation, parameters=None, *flags):
    """Like `aws`, but None if the resource does not exist."""
    try:
        return aws(service, operation, parameters, *flags)
    except AwsError as error:
        if error.code in NOT_FOUND:
            return None
        raise


def say(line):
    """Writes a line for the person who runs the recipe, at once."""
    print(line, flush=True)


def agreed(question, yes):
    """Whether the person agrees to `question`, or gave `--yes`."""
    if yes:
        return True
    print(f"{question} [y/N] ", end="", flush=True)
    answer = sys.stdin.readline()
    if not answer:
        say("\nThere is no terminal to answer; use `--yes` to agree.")
    return answer.strip().lower() in ("y", "yes")


def main(recipe):
    """Runs a recipe and exits with the status that it returns, or with 1 if it stops or is interrupted."""
    for name in INTERRUPTIONS:
        signal.signal(name, signal.default_int_handler)
    try:
        sys.exit(recipe())
    except Stop as stop:
        sys.exit(f"error: {stop}")
    except KeyboardInterrupt:
        sys.exit("\nerror: interrupted")
