"""The AWS CLI without its start: a process that has loaded it, and its files, forks for each call.

It is the same CLI with the same arguments, environment and outputs. Nine tenths of a call's time are for loading, and
`doctor` makes fifteen calls.
"""

import contextlib
import json
import os
import socket
import sys

from awscli.clidriver import create_clidriver

from .aws import REGION
from .program import ROOT, Program

# Services that are loaded beforehand; others work too.
SERVICES = ("cognito-idp", "iam", "lambda", "logs", "sqs", "sts")
# Hands arguments, environment and outputs over, and ends with the status that comes back.
COMMAND = """#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({path!r})
call = [["--endpoint-url", {url!r}, *sys.argv[1:]], dict(os.environ), os.getcwd()]
socket.send_fds(server, [json.dumps(call).encode() + b"\\n"], [1, 2])
sys.exit(int(server.recv(3) or b"255"))
"""


class ForkingCli:
    """An `aws` in `folder` that calls AWS at `url`."""

    def __init__(self, folder, url, models=""):
        """Starts it; it also loads the services' models in the folder `models`, which AWS_DATA_PATH may name."""
        self.folder, path = folder, folder / "socket"
        python = ROOT / "target/e2e/python/bin/python"
        command, variables = [python, "-m", __name__, path, models], {"AWS_DATA_PATH": str(models)} if models else {}
        self.program = Program("aws", command, folder / "aws.log", variables, cwd=ROOT / "e2e")
        self.program.wait_for("its socket", path.exists)
        command = folder / "aws"
        command.write_text(COMMAND.format(python=python, path=str(path), url=url))
        command.chmod(0o755)

    def stop(self):
        """Ends it."""
        self.program.stop()


def serve(path, models):
    """Forks for each call that comes to the socket at `path`, with the models of the folder `models` loaded."""
    driver = create_clidriver()
    for service in SERVICES:
        driver.session.create_client(service, REGION)
        # A call without an operation fails, and has loaded what every call of the service needs.
        with contextlib.suppress(SystemExit):
            driver.main([service])
    server = socket.socket(socket.AF_UNIX)
    # The socket appears under its name when it listens.
    server.bind(f"{path}.new")
    server.listen(64)
    os.rename(f"{path}.new", path)
    while True:
        call, _ = server.accept()
        if os.fork() == 0:
            # A grandchild, for which no process must wait.
            if os.fork() == 0:
                answer(call, driver, models)
            os._exit(0)
        call.close()
        os.wait()


def answer(call, driver, models):
    """Runs one call of the CLI; the status goes back to the caller."""
    asked, outputs, _, _ = socket.recv_fds(call, 65536, 2)
    while not asked.endswith(b"\n"):
        asked += call.recv(65536)
    arguments, environment, folder = json.loads(asked)
    for output, ours in zip(outputs, (1, 2), strict=True):
        os.dup2(output, ours)
    # The CLI itself adds its own folder to those that have models.
    own = os.environ["AWS_DATA_PATH"].removeprefix(models).lstrip(os.pathsep)
    if environment.get("AWS_DATA_PATH", "") != models:
        driver = None
    environment["AWS_DATA_PATH"] = os.pathsep.join(filter(None, [environment.get("AWS_DATA_PATH"), own]))
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    try:
        status = (driver or create_clidriver()).main(arguments)
    except SystemExit as end:
        status = end.code or 0
    sys.stdout.flush()
    sys.stderr.flush()
    call.send(str(status).encode())


if __name__ == "__main__":
    serve(*sys.argv[1:])
