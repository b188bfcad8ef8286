"""The workbench as the recipes use it: what a mapper is made of, and what it makes of events.

Its own words are shown as they are. It gets the deployed function's settings where they change a mapping.
"""

import os
from pathlib import Path
from subprocess import run

from aws import Stop, say
from dry_run import SIGN_UP

ROOT = Path(__file__).resolve().parents[1]
MAPPER = ROOT / "target/dist/mapper"
# By these, and the mapper's own variables, a mapping differs from one deployment to another.
SETTINGS = {"BACKEND_API_URL", "BACKEND_ALLOW_HTTP", "MAPPER_MEMORY_MB", "MAPPER_TIMEOUT_MS"}


def build(mapper):
    """The component of `mapper`, a folder or a component already. Raises Stop where there is none."""
    if mapper.is_dir():
        call("build", mapper)
        return mapper / "mapper.wasm"
    if not mapper.is_file():
        raise Stop(f"there is no mapper {mapper}; name its folder, or its component")
    return mapper


def events(mapper):
    """The folder of events to try a mapper with: its own cases, or those of the default mapper."""
    own = (mapper if mapper.is_dir() else mapper.parent) / "cases"
    return own if any(own.glob("*.event.json")) else ROOT / "guest/cases"


def check(component):
    """Raises Stop where the function would not load the component."""
    call("check", "--mapper", component)


def compile(component, target, image):
    """Compiles the component for `target` into the file `image`, with its manifest beside it."""
    call("compile", component, "--target", target, "--output", image)


def diff(deployed, component, events, variables):
    """Shows what the component maps differently from the image `deployed`, in a function with `variables`."""
    done = program("diff", deployed, component, "--events", events, variables=variables)
    if done.returncode == 2:
        say("The deployed mapper can't be compared on this machine, so what the swap changes is not shown.")


def sample(component, events, variables):
    """An event that the component delivers. Raises Stop where there is none: such a mapper would lose every user."""
    files = sorted(events.glob("*.event.json"), key=lambda file: (file.name != SIGN_UP.name, file.name))
    for file in [*files, SIGN_UP]:
        done = program("run", file, "--mapper", component, "--json", variables=variables, shown=False)
        if done.returncode == 0 and '"request":' in done.stdout:
            return file
    raise Stop(f"the mapper delivers no event of {events}; give it a case of a user whom it delivers")


def call(*arguments):
    """Runs a command of the workbench. Raises Stop where it fails."""
    if program(*arguments).returncode != 0:
        raise Stop(f"`mapper {arguments[0]}` failed; nothing was changed")


def program(*arguments, variables=None, shown=True):
    """Runs the workbench and returns how it ended; where it is not `shown`, with what it wrote."""
    if not MAPPER.is_file():
        raise Stop(f"{MAPPER} is missing; build it with `just build`")
    variables = {
        name: value for name, value in (variables or {}).items() if name in SETTINGS or name.startswith("MAPPER_ENV_")
    }
    # What this shell has set for a mapper is not the function's.
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAPPER_ENV_")}
    return run([MAPPER, *arguments], env=own | variables, capture_output=not shown, text=True)
