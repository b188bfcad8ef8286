"""The backend: examples/backend-django under gunicorn, with a database of its own."""

import base64
import json
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from subprocess import run

from .program import BARE_ENVIRONMENT, PATIENCE, ROOT, Program, free_port

PROJECT = ROOT / "examples/backend-django"


class Django:
    """The backend at `url`, which stays the same when it is stopped and started again."""

    def __init__(self, folder, secret):
        """Makes the database in `folder`; starts nothing. Requests must be signed with `secret`."""
        self.folder, self.secret, self.database = folder, secret, folder / "db.sqlite3"
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}/"
        self.env = BARE_ENVIRONMENT | {
            "SECRET_KEY": "of-the-tests",
            "ALLOWED_HOSTS": "127.0.0.1",
            "BACKEND_SIGNING_SECRET": secret,
            "DATABASE_PATH": str(self.database),
            # A test must leave nothing in the project's folder.
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.programs = []
        self.manage("migrate", "--verbosity", "0")

    def manage(self, *args, **variables):
        """Runs manage.py with additional variables, checks that it succeeds, and returns its output."""
        command = ["python", "manage.py", *args]
        done = run(command, env=self.env | variables, cwd=PROJECT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def start(self):
        """Starts gunicorn with its workers."""
        log = self.folder / f"gunicorn-{len(self.programs)}.log"
        self.programs.append(Program("gunicorn", ["gunicorn", "--bind", self.address], log, self.env, PROJECT))
        self.programs[-1].wait_for_port(int(self.address.split(":")[1]))

    def stop(self):
        """Ends gunicorn with its workers, which would outlive a killed master by some seconds."""
        if self.programs:
            self.programs[-1].process.terminate()
            self.programs[-1].process.wait(PATIENCE)
            self.programs[-1].stop()

    def freeze(self, frozen=True):
        """Freezes the processes, as if the machine hung, or lets them go on."""
        master, to = self.programs[-1].process.pid, signal.SIGSTOP if frozen else signal.SIGCONT
        # First the master, which could otherwise start another worker.
        os.kill(master, to)
        for worker in Path(f"/proc/{master}/task/{master}/children").read_text().split():
            os.kill(int(worker), to)

    def rows(self, **columns):
        """The rows of users with these values, as dictionaries with their JSON parsed."""
        where = " AND ".join(f"{column} = ?" for column in columns) or "TRUE"
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            rows = database.execute(f"SELECT * FROM users_cognitouser WHERE {where} ORDER BY id", [*columns.values()])
            return [self._read(row) for row in rows]

    def _read(self, row):
        return dict(row) | {name: json.loads(row[name]) for name in ("custom", "identities", "profile")}

    def delete(self, sub):
        """Deletes the row of the user `sub`."""
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute("DELETE FROM users_cognitouser WHERE sub = ?", [sub])

    def logs(self):
        """All that gunicorn and the project have written."""
        return "".join(program.log.read_text() for program in self.programs)


def new_secret():
    """A secret that signs requests."""
    return f"whsec_{base64.b64encode(os.urandom(32)).decode()}"
