"""What a mapper costs in each language: sizes, compiling, an edit, start, time per event and memory.

`just costs` builds the programs and runs this; it prints the table of docs/languages.md, and whether an edit shows its
verdict within the bound of its language; if not, it ends with status 1. The real function runs between a stand-in for
the Runtime API and the sample backend, all on 127.0.0.1. Times are medians.
"""

import json
import os
import shutil
import statistics
import sys
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from subprocess import DEVNULL, PIPE, Popen, run
from threading import Thread

ROOT = Path(__file__).resolve().parent.parent
DIST, SCRATCH = Path(os.environ.get("DIST", ROOT / "target/dist")), ROOT / "target/costs"
BACKEND = ROOT / "examples/backend.py"
DEFAULT = ROOT / "target/wasm32-wasip2/mapper/post_confirmation_guest.wasm"
EVENT = (ROOT / "guest/cases/native.event.json").read_bytes()
STARTS, EVENTS, EDITS = 20, 300, 5
# Of a new mapper: the source, a part of it that an edit changes, and the seconds within which the verdict is there.
NEW = {
    "js": ("mapper.js", "users/", 1),
    "ts": ("mapper.ts", "users/", 1),
    "python": ("mapper.py", "users/", 15),
    "rust": ("src/lib.rs", "v2/accounts/{}", 3),
}
PATH = f"{DIST}:{ROOT / 'target/python/bin'}:{os.environ['PATH']}"


class Runtime(ThreadingHTTPServer):
    """Lambda's Runtime API: hands out the events in `events`, and records when it is asked for one."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.events, self.asked, self.answers = Queue(), Queue(), Queue()
        Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """Ignores the connection that an ended function leaves open."""


class Handler(BaseHTTPRequestHandler):
    """One connection of a function to the Runtime API."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.server.asked.put(time.perf_counter())
        if (event := self.server.events.get()) is None:
            self.close_connection = True
            return
        deadline = str(int(time.time() * 1000) + 6000)
        self.reply(200, event, {"Lambda-Runtime-Aws-Request-Id": "costs", "Lambda-Runtime-Deadline-Ms": deadline})

    def do_POST(self):
        self.server.answers.put((self.path, self.rfile.read(int(self.headers["content-length"]))))
        self.reply(202, b"", {})

    def reply(self, status, body, headers):
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


@contextmanager
def function(image, api_url):
    """The function with an image: its Runtime API, its process, when it was started, and its log."""
    runtime = Runtime()
    variables = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "costs",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "BACKEND_API_URL": api_url,
        "MAPPER_IMAGE": str(image),
    }
    log = SCRATCH / "function.log"
    with log.open("wb") as out:
        started = time.perf_counter()
        process = Popen([DIST / "bootstrap"], env=variables, stdin=DEVNULL, stdout=out)
    try:
        yield runtime, process, started, log
    finally:
        process.kill()
        process.wait()
        runtime.events.put(None)
        runtime.shutdown()
        runtime.server_close()


def start(image, api_url):
    """Milliseconds from starting the process to its asking for the first event."""
    with function(image, api_url) as (runtime, _, started, _):
        return (runtime.asked.get(timeout=20) - started) * 1e3


def events(image, api_url):
    """Milliseconds of mapping an event, and megabytes resident after many."""
    with function(image, api_url) as (runtime, process, _, log):
        for _ in range(EVENTS):
            runtime.events.put(EVENT)
            path, answer = runtime.answers.get(timeout=20)
            if not path.endswith("/response"):
                sys.exit(f"the function failed: {answer}")
        status = Path(f"/proc/{process.pid}/status").read_text()
        lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(lines) == EVENTS and all(line["end"] == "delivered" for line in lines)
    resident = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return statistics.median(line["milliseconds"]["mapping"] for line in lines), int(resident) / 1024


def environment(**variables):
    """The environment of the workbench."""
    return {**os.environ, "PATH": PATH, "MAPPER_CACHE_DIR": str(SCRATCH / "cache"), **variables}


def mapper(*args, **variables):
    """Runs the workbench."""
    command = [DIST / "mapper", *map(str, args)]
    run(command, check=True, stdout=DEVNULL, stderr=DEVNULL, env=environment(**variables))


def example(name):
    """The component of a mapper in `examples`."""
    folder = SCRATCH / name
    shutil.copytree(ROOT / "examples" / name, folder)
    mapper("build", folder)
    return folder / "mapper.wasm"


def verdict(language):
    """Seconds from an edit of a new mapper to the verdict on its cases, which `mapper dev` shows."""
    folder = SCRATCH / f"edited-{language}"
    mapper("new", folder, "--lang", language)
    # What does not build would be waited for.
    mapper("build", folder)
    name, part, _ = NEW[language]
    source, took = folder / name, []
    text = source.read_text("utf-8")
    command = [DIST / "mapper", "dev"]
    with Popen(command, cwd=folder, env=environment(), stdout=PIPE, stderr=DEVNULL, text=True) as dev:

        def shown():
            return next(line for line in dev.stdout if " passed, " in line)

        assert " 0 failed" in shown()
        for edit in range(EDITS):
            begun = time.perf_counter()
            source.write_text(text.replace(part, f"edit-{edit}/{part}"), "utf-8")
            assert " 0 failed" not in shown()
            took.append(time.perf_counter() - begun)
        dev.terminate()
    return statistics.median(took)


def row(name, component, language, api_url):
    """Prints the table's row for a component, and returns the seconds from an edit to its verdict."""
    image = SCRATCH / name / "mapper.cwasm"
    begun = time.perf_counter()
    mapper("compile", component, "--output", image, MAPPER_CACHE_DIR=str(SCRATCH / "compile" / name))
    compiled = time.perf_counter() - begun
    starts = statistics.median(start(image, api_url) for _ in range(STARTS))
    mapping, resident = events(image, api_url)
    edited = verdict(language)
    sizes = " | ".join(f"{path.stat().st_size / 1e6:.2f} MB" for path in (component, image))
    print(
        f"| {name} | {sizes} | {compiled:.1f} s | {edited:.1f} s | {starts:.1f} ms | {mapping:.3f} ms | "
        f"{resident:.0f} MB |",
        flush=True,
    )
    return edited


def main():
    """Measures the default mapper in each language. Returns whether the bounds are met."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    backend = Popen([sys.executable, BACKEND], stdout=PIPE, stderr=DEVNULL, text=True)
    try:
        api_url = backend.stdout.readline().split()[-1]
        Thread(target=backend.stdout.read, daemon=True).start()
        print("| mapper | component | image | compile | edit to verdict | start | one event | memory |")
        print("|---|---|---|---|---|---|---|---|")
        edited = {
            "js": row("JavaScript", example("mapper-js"), "js", api_url),
            "ts": row("TypeScript", example("mapper-ts"), "ts", api_url),
            "python": row("Python", example("mapper-python"), "python", api_url),
            "rust": row("Rust", DEFAULT, "rust", api_url),
        }
    finally:
        backend.kill()
    print()
    bounds = {language: (took, NEW[language][2]) for language, took in edited.items()}
    for language, (took, bound) in bounds.items():
        word = "met" if took <= bound else "NOT MET"
        print(f"{word:<8} edit to verdict, {language:<8} {took:5.2f} s  at most {bound} s")
    return all(took <= bound for took, bound in bounds.values())


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
