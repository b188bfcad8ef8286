"""Calling the AWS CLI, and how a recipe speaks with the person who runs it.

The CLI and not an SDK: who deploys has it already, with profile, region and single sign-on set up.
"""

import json
import os
import re
import signal
import sys
from subprocess import DEVNULL, run
from tempfile import NamedTemporaryFile

# By what AWS says that something is not there.
NOT_FOUND = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchEntity",
    "ParameterNotFound",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
}

# A person, a terminal that is closed, and whoever ends a job.
INTERRUPTIONS = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)


class Stop(Exception):
    """Ends a recipe with status 1 and a sentence that names what to change."""


class AwsError(Stop):
    """What AWS or its CLI refused; `code` is the name that AWS gives it, empty where the CLI itself failed."""

    def __init__(self, call, said):
        """Of what the CLI wrote about `call`."""
        error = re.search(r"An error occurred \(([\w.]+)\) when calling the \w+ operation[^:]*: (.*)", said, re.DOTALL)
        self.code, message = error.groups() if error else ("", said)
        super().__init__(f"{call}: {self.code + ': ' if self.code else ''}{message.strip()}")


def aws(service, operation, parameters=None, *flags):
    """What AWS answers to an operation (`"lambda"`, `"get-function"`) with the API's own parameters.

    Parameters go through a file that nobody else may read: everyone on this machine can read arguments, and version 1
    reads the file twice, so that it can't be standard input. `flags` are for what the CLI only takes as such, blobs for
    example. Returns the answer as the API's document names it, `{}` where there is none. Raises AwsError.
    """
    command = ["aws", service, operation, "--output", "json", *flags]
    with NamedTemporaryFile("w", suffix=".json") as file:
        if parameters is not None:
            json.dump(parameters, file)
            file.flush()
            command += ["--cli-input-json", f"file://{file.name}"]
        try:
            # Apart from the terminal: what interrupts the recipe must not take a call that puts things back.
            quiet = {"stdin": DEVNULL, "capture_output": True, "start_new_session": True}
            done = run(command, env=os.environ | {"AWS_PAGER": ""}, text=True, **quiet)
        except FileNotFoundError:
            raise Stop("the AWS CLI, `aws`, is not on the PATH: https://aws.amazon.com/cli") from None
    if done.returncode != 0:
        raise AwsError(f"aws {service} {operation}", done.stderr)
    try:
        return json.loads(done.stdout or "{}")
    except ValueError:
        raise Stop(f"aws {service} {operation}: the CLI has answered something else than JSON") from None


def aws_or_none(service, operation, parameters=None, *flags):
    """As `aws`, and None where what is asked for does not exist."""
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
    """Whether the person agrees to `question`, or did beforehand with `--yes`."""
    if yes:
        return True
    print(f"{question} [y/N] ", end="", flush=True)
    answer = sys.stdin.readline()
    if not answer:
        say("\nNobody is there to answer; `--yes` agrees beforehand.")
    return answer.strip().lower() in ("y", "yes")


def main(recipe):
    """Runs a recipe to its exit status: what it returns, and 1 where it stops or is interrupted."""
    for name in INTERRUPTIONS:
        signal.signal(name, signal.default_int_handler)
    try:
        sys.exit(recipe())
    except Stop as stop:
        sys.exit(f"error: {stop}")
    except KeyboardInterrupt:
        sys.exit("\nerror: interrupted")
