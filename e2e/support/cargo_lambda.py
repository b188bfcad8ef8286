"""Lambda on this machine: cargo-lambda has the APIs, and the functions are the packaged program.

Its Invoke API answers 500 if a function fails; Lambda would answer 200 with a header.
"""

import hashlib
import json
import urllib.request
import zipfile

from .program import PATIENCE, ROOT, Program, free_port

CARGO_LAMBDA = ROOT / "target/tools/cargo-lambda/bin/cargo-lambda"
FUNCTIONS = TRIGGER, REDELIVERY = "post-confirmation", "post-confirmation-redelivery"
# cargo-lambda knows functions by the names of a Cargo project's programs, which are not built here.
PROJECT = '[package]\nname = "functions"\nversion = "0.0.0"\n' + "".join(
    f'[[bin]]\nname = "{name}"\npath = "main.rs"\n' for name in FUNCTIONS
)


class CargoLambda:
    """The APIs at `url`, for functions of the names FUNCTIONS."""

    def __init__(self, folder):
        """Starts it; its log and its project are in `folder`."""
        (folder / "Cargo.toml").write_text(PROJECT)
        (folder / "main.rs").write_text("fn main() {}")
        port = free_port()
        where = ["--invoke-address", "127.0.0.1", "--invoke-port", port]
        command = [CARGO_LAMBDA, "lambda", "watch", "--only-lambda-apis", *where]
        self.program = Program("cargo-lambda", command, folder / "cargo-lambda.log", cwd=folder)
        self.program.wait_for_port(port)
        self.url = f"http://127.0.0.1:{port}"

    def stop(self):
        """Ends it."""
        self.program.stop()


class Function:
    """A function of CargoLambda: the `bootstrap` of a package, in a new process for each deployment."""

    def __init__(self, lambda_, name, package, folder, runner=()):
        """Unpacks function.zip and mapper.zip of the folder `package` into `folder`, and starts nothing.

        `runner` is the command that runs a program for another processor than this machine's.
        """
        self.lambda_, self.name, self.folder, self.runner, self.programs = lambda_, name, folder, runner, []
        for archive in ("function.zip", "mapper.zip"):
            with zipfile.ZipFile(package / archive) as content:
                content.extractall(folder)
        self.bootstrap, self.image = folder / "bootstrap", folder / "mapper.cwasm"
        self.bootstrap.chmod(0o755)

    def deploy(self, **settings):
        """Starts the program with its settings, in place of the former process."""
        self.stop()
        variables = {
            # A path needs a scheme before it; Lambda gives host and port alone.
            "AWS_LAMBDA_RUNTIME_API": f"{self.lambda_.url}/.rt/{self.name}",
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "MAPPER_IMAGE": str(self.image),
        }
        log = self.folder / f"{len(self.programs)}.log"
        self.programs.append(Program(self.name, [*self.runner, self.bootstrap], log, variables | settings))

    def invoke(self, payload):
        """The body of its answer to the bytes `payload`. Raises HTTPError if it fails."""
        url = f"{self.lambda_.url}/2015-03-31/functions/{self.name}/invocations"
        with urllib.request.urlopen(url, payload, timeout=PATIENCE) as answer:
            return answer.read()

    def ends(self):
        """The log lines of its running process that say how an event ended."""
        lines = [json.loads(line) for line in self.programs[-1].lines() if line.startswith("{")]
        return [line for line in lines if "end" in line]

    def logs(self):
        """All that its processes have written."""
        return "".join(program.log.read_text() for program in self.programs)

    def digest(self):
        """SHA-256 of the program that is running."""
        with open(f"/proc/{self.programs[-1].process.pid}/exe", "rb") as program:
            return hashlib.file_digest(program, "sha256").hexdigest()

    def stop(self):
        """Ends its process."""
        if self.programs:
            self.programs[-1].stop()
