"""What `just release` has made, installed as its users do it, where nothing else is on the PATH."""

import platform
import shutil
import sys
import time
from subprocess import run

from .program import NPM, ROOT, skip_or_fail

PACKAGES = ROOT / "target/release-packages"
# What a user of the packages needs not have.
NOT_NEEDED = ("cargo", "rustup", "cc", "gcc", "just", "npm", "zip")


def package(pattern):
    """The package whose name fits `pattern`."""
    found = list(PACKAGES.glob(pattern))
    if len(found) != 1:
        skip_or_fail(f"there is no package {pattern}: build it with `just release`")
    return found[0]


def npm_packages():
    """The packages of npm for this machine."""
    return [package("post-confirmation-[0-9]*.tgz"), package(f"post-confirmation-linux-{NPM}-*.tgz")]


def by_pip(folder):
    """Installs the wheel into `folder` and returns the folder of its programs."""
    wheel = package(f"*_{platform.machine()}.whl")
    run([sys.executable, "-m", "venv", folder / "environment"], check=True)
    programs = folder / "environment/bin"
    run([programs / "pip", "install", "--quiet", "--no-index", wheel], check=True)
    return programs


def by_npm(folder):
    """Installs the packages of npm into `folder` and returns the folder of their programs."""
    options = ["--offline", "--silent", "--no-audit", "--no-fund"]
    run(["npm", "install", *options, "--prefix", folder, *npm_packages()], check=True)
    programs = folder / "node_modules/.bin"
    (programs / "node").symlink_to(shutil.which("node"))
    return programs


def from_archive(folder):
    """Unpacks the archive into `folder` and returns the folder of its programs."""
    run(["tar", "-xzf", package(f"*-linux-{NPM}.tar.gz"), "-C", folder], check=True)
    (programs,) = folder.glob("*/bin")
    return programs


class Installed:
    """`mapper` as one of these functions has installed it into `folder`, with the mapper `accounts` beside it."""

    def __init__(self, install, folder, *commands, **variables):
        """Installs it. The PATH has these other commands, and the environment these variables."""
        self.since, self.folder = time.monotonic(), folder
        programs, system = install(folder), folder / "system"
        system.mkdir()
        (folder / "home").mkdir()
        # `env` finds Node.js for the package of npm.
        for command in ("/usr/bin/env", *commands):
            (system / command.rpartition("/")[2]).symlink_to(command)
        self.environment = variables | {"PATH": f"{programs}:{system}", "HOME": str(folder / "home")}
        assert not any(shutil.which(name, path=self.environment["PATH"]) for name in NOT_NEEDED)
        self.mapper = shutil.which("mapper", path=self.environment["PATH"])
        self.accounts = folder / "accounts"

    def run(self, *arguments, folder=None, answer=""):
        """How a command ends, in `folder`, by default that of the mapper `accounts`; `answer` answers its questions."""
        command, streams = [self.mapper, *map(str, arguments)], {"capture_output": True, "text": True}
        return run(command, env=self.environment, cwd=folder or self.accounts, input=answer, **streams)

    def succeeds(self, *arguments, **how):
        """What a command prints that succeeds."""
        done = self.run(*arguments, **how)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def shared(self, name):
        """A file that is installed with it."""
        (found,) = {file.resolve() for file in self.folder.glob(f"**/share/post-confirmation/{name}")}
        return found

    def seconds(self):
        """The seconds since its installation began."""
        return time.monotonic() - self.since
