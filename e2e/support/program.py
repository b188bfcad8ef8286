"""Starting a program, waiting for its effect, and stopping it."""

import os
import platform
import shutil
import socket
import time
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen

import pytest

ROOT = Path(__file__).parents[2]
# The program with the recipes, which `just build` puts there.
MAPPER = ROOT / "target/dist/mapper"
# This machine's processor as npm names it.
NPM = {"x86_64": "x64", "aarch64": "arm64"}[platform.machine()]
# Without the variables of this shell that a function, a backend or AWS would read.
BARE_ENVIRONMENT = {"PATH": f"{ROOT / 'target/e2e/python/bin'}:{os.environ.get('PATH', os.defpath)}"}
# In seconds: far longer than any step takes on a slow machine.
PATIENCE = 60
# The sockets of the ports that were given away.
RESERVED = []


class Program:
    """A started program. Its output goes to a log of its own; its standard input closes when this process ends."""

    def __init__(self, name, command, log, env=None, cwd=None):
        """Starts `command`, with the variables `env` besides a bare environment and its output in the file `log`."""
        self.name, self.log = name, Path(log)
        with self.log.open("wb") as output:
            self.process = Popen(
                [*map(str, command)],
                env=BARE_ENVIRONMENT | (env or {}),
                cwd=cwd,
                stdin=PIPE,
                stdout=output,
                stderr=STDOUT,
            )

    def lines(self):
        """The whole lines that it has written."""
        return self.log.read_text("utf-8", "replace").split("\n")[:-1]

    def wait_for(self, what, probe):
        """The first result of `probe` that is true, while the program runs."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if found := probe():
                return found
            assert self.process.poll() is None, f"{self.name} ended and {what} did not come:\n{self.log.read_text()}"
            time.sleep(0.01)
        raise AssertionError(f"{what} did not come within {PATIENCE} seconds:\n{self.log.read_text()}")

    def wait_for_port(self, port):
        """Waits until it listens on `port` of loopback."""
        self.wait_for(f"port {port}", lambda: listens(port))

    def stop(self):
        """Ends it at once: none of the programs has anything to save."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def announced(done):
    """The end of a recipe, after checking that its first line names account and region, and taking it away."""
    first, _, rest = done.stdout.partition("\n")
    if rest or first:
        assert first == "account 123456789012, region eu-central-1", done.stdout
    done.stdout = rest
    return done


def program_beside(folder, files):
    """`mapper` in the new folder `folder`, beside these files, name by content."""
    folder.mkdir(parents=True)
    program = folder / "mapper"
    # It finds what is beside it by its own path, so a symbolic link is not enough.
    try:
        os.link(MAPPER, program)
    except OSError:
        shutil.copy(MAPPER, program)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return program


def skip_or_fail(because):
    """Skips a test for which this machine lacks a program. If ALL_PARTS is `on`, as in CI, the test fails instead."""
    if os.environ.get("ALL_PARTS") == "on":
        pytest.fail(because)
    pytest.skip(because)


def listens(port):
    """Whether something listens on `port` of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port():
    """A free port of loopback, which no other program gets as long as this process lives."""
    reserved = socket.socket()
    # A program that listens on this port sets the same option, and gets it. A program that asks for any port does not.
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    RESERVED.append(reserved)
    return reserved.getsockname()[1]
