"""The demo: three sign-ups end to end with real programs, then another mapper, in JavaScript, under the same host.

This file decides which programs run, what is shown of an event and what must be true of it. `just demo` builds the
programs: the function as Lambda runs it, the workbench, a sample backend, and cargo-lambda as Lambda. They listen only
on 127.0.0.1, and the demo writes only to target/demo. Exit status: 0 if everything is as expected, else 1.
"""

import difflib
import hashlib
import http.client
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
from contextlib import closing
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen, SubprocessError, check_output

EVENTS = Path("guest/cases")
BOOTSTRAP, WORKBENCH, IMAGE = (Path("target/dist") / name for name in ("bootstrap", "mapper", "mapper.cwasm"))
BACKEND = Path("examples/backend.py")
CARGO_LAMBDA = Path("target/tools/cargo-lambda/bin/cargo-lambda")
DEMO = Path("target/demo")
DEPLOYED = DEMO / "mapper.cwasm"
OTHER_MAPPER = DEMO / "accounts"
# cargo-lambda knows functions by the names of the Cargo project's binaries and refuses any other.
FUNCTION = "bootstrap"
# Without the variables of this shell that a function, a backend or AWS would read.
BARE_ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath)}
# In seconds: far longer than any step takes on a slow machine.
PATIENCE = 20


class Program:
    """A started program; its output goes to a log of its own."""

    started = []

    def __init__(self, name, command, env):
        """Starts `command` in the environment `env`."""
        self.name, self.log = name, DEMO / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = Popen([*map(str, command)], env=env, stdin=DEVNULL, stdout=log, stderr=STDOUT)
        self.started.append(self)

    def lines(self):
        """The whole lines that it has written."""
        return self.log.read_text("utf-8", "replace").split("\n")[:-1]

    def wait_for(self, what, probe):
        """The first result of `probe` that is true, while the program runs."""
        for attempt in range(PATIENCE * 100):
            if found := probe():
                return found
            self.check(self.process.poll() is None, f"{self.name} ended, and {what} did not come")
            if attempt == 100:  # Most waits are too short for a message.
                print(f"... waiting for {what}, at most {PATIENCE} seconds")
            time.sleep(0.01)
        self.check(False, f"{what} did not come within {PATIENCE} seconds")

    def ask(self, address, method, path, body=None):
        """The body of the answer that the program must give at an address."""
        with closing(http.client.HTTPConnection(address, timeout=PATIENCE)) as connection:
            connection.request(method, path, body, {"content-type": "application/json"})
            self.wait_for(f"the answer of {self.name}", lambda: select.select([connection.sock], [], [], 0)[0])
            return connection.getresponse().read()

    def check(self, holds, otherwise):
        """Ends the demo with the sentence `otherwise` unless a condition holds."""
        if not holds:
            sys.exit(f"\nFAILED: {otherwise}; see {self.log}")

    def stop(self):
        """Ends it at once: none of the programs has anything to save."""
        self.process.kill()
        self.process.wait()


class Demo:
    """The running programs, and how the events ended."""

    def __init__(self):
        """Starts the backend and the stand-in for Lambda."""
        self.hashes, self.table = [], []
        self.backend = Program("backend", [sys.executable, BACKEND], BARE_ENVIRONMENT)
        self.api_url = self.backend.wait_for("the backend's address", self.backend.lines)[0].split()[-1]
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        where = ["--invoke-address=127.0.0.1", f"--invoke-port={port}"]
        emulator = Program("cargo-lambda", [CARGO_LAMBDA, "lambda", "watch", "--only-lambda-apis", *where], os.environ)
        emulator.wait_for("Lambda's port", lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
        self.runtime = f"127.0.0.1:{port}"
        print(f"backend       {self.api_url} ({BACKEND})")
        print(f"Lambda        http://{self.runtime}/ (cargo-lambda)")

    def start_function(self, log):
        """Starts the function as Lambda does."""
        self.hashes.append(hashlib.sha256(BOOTSTRAP.read_bytes()).hexdigest())
        print(f"Lambda starts {BOOTSTRAP}, {BOOTSTRAP.stat().st_size / 2**20:.1f} MB, sha256 {self.hashes[-1][:12]}…")
        print(f"with mapper   {DEPLOYED}, {DEPLOYED.stat().st_size / 2**10:.0f} KB\n")
        variables = {
            # A path needs a scheme before it; the real Lambda gives host and port alone.
            "AWS_LAMBDA_RUNTIME_API": f"http://{self.runtime}/.rt/{FUNCTION}",
            "AWS_LAMBDA_FUNCTION_NAME": FUNCTION,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "BACKEND_API_URL": self.api_url,
            "MAPPER_IMAGE": str(DEPLOYED),
        }
        self.function = Program(log, [BOOTSTRAP], {**BARE_ENVIRONMENT, **variables})

    def make(self, event):
        """The deployed mapper's outcome for an event, from the workbench."""
        command = [WORKBENCH, "run", event, "--mapper", DEPLOYED, "--json"]
        made = json.loads(output_of(command, BACKEND_API_URL=self.api_url))
        if "request" in made:
            request = made["request"]
            request.update(path="/" + request["url"][len(self.api_url) :], body=json.loads(request["body"]))
        return made

    def received(self):
        """All requests that the backend has received."""
        return json.loads(self.backend.ask(self.api_url.split("/")[2], "GET", "/requests"))

    def ends(self):
        """The function's log lines that say how an event ended."""
        return [json.loads(line) for line in self.function.lines() if line.startswith("{") and '"end":' in line]

    def event(self, title, file, start=None):
        """Takes one event all the way and shows it. If `start` names a log, the function starts for this event."""
        section(f"{title} ({file})")
        event, made, had_received = file.read_bytes().strip(), self.make(file), len(self.received())
        if start:
            self.start_function(start)
        check, had_ended = self.function.check, len(self.ends())
        answer = self.function.ask(self.runtime, "POST", f"/2015-03-31/functions/{FUNCTION}/invocations", event)
        received, ends = self.received()[had_received:], self.ends()[had_ended:]
        check(len(ends) == 1, f"the function logged {len(ends)} ends instead of 1")
        end, status, took = ends[0]["end"], str(ends[0].get("status", "-")), ends[0]["milliseconds"]

        if "request" in made:
            show("The mapper made", made["request"])
            check(len(received) == 1, f"the event ended as {end}, the backend received {len(received)} requests")
            show("The backend received", received[0])
            # Host and length belong to the connection, the trace to the invocation.
            others = ("host", "content-length", "x-amzn-trace-id", "traceparent")
            own = [header for header in received[0]["headers"] if header["name"] not in others]
            same = made["request"] == {**made["request"], **received[0], "headers": own}
            check(same, "the backend received another request than the mapper made")
            print(f"the same?     yes: method, path, {len(own)} headers and body; host, length and trace were added")
        else:
            print(f"mapper made   no request: it skips the event with the code `{made.get('skipped')}`")
            check(not received, "the backend received a request that the mapper did not make")
            print("backend got   nothing")
        check(answer == event, f"Cognito did not get its own event but: {answer.decode('utf-8', 'replace')}")
        print(f"Cognito got   its own event back, the same {len(answer)} bytes")
        check(end == ("delivered" if received else "skipped"), f"the event ended as {end}")
        print(f"it ended      {end}" + (f", the backend answered {status}" if received else ""))
        total = took.pop("total")
        for attempt in ends[0]["attempts"]:
            took["backend"] = took.get("backend", 0) + attempt["milliseconds"]
        took["total"] = total
        print("it took      ", ", ".join(f"{step} {milliseconds:.3g} ms" for step, milliseconds in took.items()))
        note = "cold, the start included" if ends[0]["coldStart"] else ""
        self.table.append((title, end, status, f"{took['total']:.2f}", note))

    def swap(self):
        """Writes, builds and deploys another mapper under the same program, and shows what it makes of one more."""
        section("The mapper is swapped for one in JavaScript")
        for arguments in (["new", OTHER_MAPPER, "--lang", "js"], ["build", OTHER_MAPPER]):
            print("$ mapper", *arguments)
            print(output_of([WORKBENCH, *arguments]), end="")
        # Another user: for the first one the backend would answer 409.
        event, sub = json.loads((EVENTS / "native.event.json").read_bytes()), "44444444-dddd-4ddd-8ddd-444444444444"
        event["request"]["userAttributes"].update(sub=sub, email="dana@example.com", given_name="Dana")
        file = DEMO / "another-sign-up.json"
        file.write_text(json.dumps({**event, "userName": sub}, indent=2), "utf-8")
        before = self.make(file)["request"]
        self.function.stop()
        print(output_of([WORKBENCH, "compile", OTHER_MAPPER / "mapper.wasm", "--output", DEPLOYED]), end="")
        self.event("4. A user signs up, with the other mapper", file, start="bootstrap-with-other-mapper")

        section("What the other mapper changed for this user")
        after, names = self.make(file)["request"], ("default mapper", "other mapper")
        for line in difflib.unified_diff(as_lines(before), as_lines(after), *names, n=99, lineterm=""):
            print("    " + styled({"+": "32", "-": "31"}.get(line[0], "0"), line))

    def run(self):
        """The events, the swap and the summary."""
        self.event("1. A user signs up", EVENTS / "native.event.json", start="bootstrap")
        self.event("2. A user comes from Google", EVENTS / "federated.event.json")
        self.event("3. A user sets a new password", EVENTS / "password-reset.event.json")
        self.swap()
        section("Summary")
        for row in [("event", "end", "backend", "ms", ""), *self.table]:
            print("{:<44}{:<12}{:>8}{:>9}  {}".format(*row).rstrip())
        print(f"\nsha256 of {BOOTSTRAP}\nbefore the swap  {self.hashes[0]}\nafter the swap   {self.hashes[-1]}")
        self.function.check(len(set(self.hashes)) == 1, "the program changed with its mapper")


def styled(code, text):
    """`text` with a style if the output is a terminal."""
    return f"\033[{code}m{text}\033[0m" if sys.stdout.isatty() else text


def section(title):
    """Prints a heading."""
    print("\n" + styled("1", f"== {title} ".ljust(100, "=")))


def as_lines(request):
    """A request as lines of text, its body indented."""
    headers = [f"{header['name']}: {header['value']}" for header in request["headers"]]
    body = json.dumps(request["body"], indent=2, ensure_ascii=False).splitlines()
    return [f"{request['method']} {request.get('url', request['path'])}", *headers, "", *body]


def show(title, request):
    """Prints a request under a title."""
    print("\n".join([styled("1", title), *(f"    {line}".rstrip() for line in as_lines(request)), ""]))


def output_of(command, **variables):
    """The output of a command of the workbench."""
    return check_output([*map(str, command)], env={**BARE_ENVIRONMENT, **variables}, timeout=PATIENCE).decode()


def main():
    """Runs the demo and stops every program that it started."""
    os.chdir(Path(__file__).resolve().parent.parent)
    sys.stdout.reconfigure(encoding="utf-8", line_buffering=True)
    # A demo that gets SIGTERM must stop its programs too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        shutil.rmtree(DEMO, ignore_errors=True)
        DEMO.mkdir()
        shutil.copy(IMAGE, DEPLOYED)
        shutil.copy(IMAGE.with_suffix(".json"), DEPLOYED.with_suffix(".json"))
        section("The parts")
        Demo().run()
        print(styled("32", "\nEverything is as expected."))
    except (OSError, ValueError, SubprocessError, http.client.HTTPException) as error:
        sys.exit(f"\nFAILED: {error}; see the logs in {DEMO}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        for program in Program.started:
            program.stop()


if __name__ == "__main__":
    main()
