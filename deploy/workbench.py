"""Running the workbench: building and trying mappers, and checking settings.

Its output is shown unchanged. It gets the deployed function's settings if they matter, and none of this shell.
"""

import json
import os
from pathlib import Path
from shutil import copy
from subprocess import run
from tempfile import TemporaryDirectory

from aws import Stop, say
from dry_run import SIGN_UP
from settings import is_setting

ROOT = Path(__file__).resolve().parents[1]
MAPPER = ROOT / "target/dist/mapper"
# A mapping may depend on these, which are the same in every deployment.
LIMITS = {"ANSWER_WITHIN_MS", "BACKEND_API_URL", "BACKEND_ALLOW_HTTP", "MAPPER_MEMORY_MB", "MAPPER_TIMEOUT_MS"}
# Settings whose values the deploying machine can't check: a queue that is not made yet, a file beside the function's
# program.
ELSEWHERE = {"BACKEND_CA_FILE", "UNDELIVERED_QUEUE_URL"}
# Verdicts that must not go live, as `mapper test --json` names them; the latter only for a mapper's own cases.
BROKEN, UNLIKE = {"failed", "unstable"}, {"differs"}


def faults(variables):
    """The faults that the function itself finds in its settings: `VARIABLE: …` for each, without values."""
    known = {name: value for name, value in variables.items() if name not in ELSEWHERE}
    # Only these: the operator's shell may have set others.
    done = run([program_file(), "settings", "--json"], env=known, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise Stop(f"`mapper settings` failed: {done.stderr.strip()}")
    return [f"{found['variable']}: {found['fault']}" for found in json.loads(done.stdout)["faults"]]


def reach(variables):
    """Why a function with `variables` can't connect to its backend from here: a fixed name, "" if it can."""
    done = program("reach", "--json", variables=variables, shown=False)
    try:
        return json.loads(done.stdout).get("cause", "" if done.returncode == 0 else "other")
    except ValueError:
        raise Stop(f"`mapper reach` failed: {done.stderr.strip()}") from None


def build(mapper):
    """The component of `mapper`, a folder or a component already. Raises Stop if there is none."""
    if mapper.is_dir():
        call("build", mapper)
        return mapper / "mapper.wasm"
    if not mapper.is_file():
        raise Stop(f"there is no mapper {mapper}; name its folder, or its component")
    return mapper


def cases(mapper):
    """The folder of the mapper's own cases, None if it has none."""
    own = (mapper if mapper.is_dir() else mapper.parent) / "cases"
    return own if any(own.glob("*.event.json")) else None


def check(file):
    """Raises Stop if the function would not load the mapper in `file`."""
    call("check", "--mapper", file)


def compile(component, target, image):
    """Compiles the component for `target` into the file `image`, with its manifest beside it."""
    call("compile", component, "--target", target, "--output", image)


def test(file, own, variables):
    """Raises Stop if the mapper in `file` fails a case, within the limits of a function with `variables`.

    `own` is the folder of its cases. A mapper without cases gets the events of the default mapper, which it may map in
    any way, but the same each time. Cases define the mapper's variables themselves.
    """
    if own:
        return judge(file, own, own, "cases", BROKEN | UNLIKE, variables)
    # The events alone: what they should become, and the backend's answers, belong to the default mapper.
    with TemporaryDirectory() as folder:
        for event in SIGN_UP.parent.glob("*.event.json"):
            copy(event, folder)
        return judge(file, folder, SIGN_UP.parent, "events", BROKEN, variables)


def judge(file, folder, origin, what, bad, variables):
    """Raises Stop if a case in `folder`, which come from `origin`, has one of the verdicts `bad`."""
    limits = {name: value for name, value in variables.items() if name in LIMITS}
    done = program("test", folder, "--mapper", file, "--json", variables=limits, shown=False)
    try:
        verdicts = [case["verdict"] for case in json.loads(done.stdout)["cases"]]
    except ValueError:
        raise Stop(f"the {what} of {origin} can't be run: {done.stderr.strip()}; nothing was changed") from None
    if found := bad.intersection(verdicts):
        program("test", folder, "--mapper", file, variables=limits)
        raise Stop(f"the mapper has cases that are {' and '.join(words(found))}; nothing was changed")
    say(f"{len(verdicts)} {what} of {origin}: none is {' or '.join(words(bad))}")


def words(verdicts):
    """Verdicts as `mapper test` shows them."""
    return sorted(verdict.upper() for verdict in verdicts)


def diff(deployed, file, events, variables):
    """Shows what the mapper in `file` maps differently from the image `deployed`, in a function with `variables`."""
    done = program("diff", deployed, file, "--events", events, variables=mapping(variables))
    if done.returncode == 2:
        say("The deployed mapper can't be compared on this machine, so what the swap changes is not shown.")


def sample(file, events, variables):
    """An event that the mapper delivers. Raises Stop if there is none: such a mapper would lose every user."""
    files = sorted(events.glob("*.event.json"), key=lambda event: (event.name != SIGN_UP.name, event.name))
    for event in [*files, SIGN_UP]:
        done = program("run", event, "--mapper", file, "--json", variables=mapping(variables), shown=False)
        if done.returncode == 0 and '"request":' in done.stdout:
            return event
    raise Stop(f"the mapper delivers no event of {events}; add a case with a user whom it delivers")


def mapping(variables):
    """The variables of a function that can make a mapping differ between deployments."""
    return {name: value for name, value in variables.items() if name in LIMITS or name.startswith("MAPPER_ENV_")}


def call(*arguments):
    """Runs a command of the workbench. Raises Stop if it fails."""
    if program(*arguments).returncode != 0:
        raise Stop(f"`mapper {arguments[0]}` failed; nothing was changed")


def program(*arguments, variables=None, shown=True):
    """Runs the workbench and returns the result, with its output unless that is `shown`."""
    # Variables of this shell must not count as the function's.
    own = {name: value for name, value in os.environ.items() if not is_setting(name)}
    return run([program_file(), *arguments], env=own | (variables or {}), capture_output=not shown, text=True)


def program_file():
    """The workbench. Raises Stop if it is not built."""
    if not MAPPER.is_file():
        raise Stop(f"{MAPPER} is missing; build it with `just build`")
    return MAPPER
