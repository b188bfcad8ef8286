"""A sign-up ends at the backend on the same machine while its mapper is written, with `mapper dev` as the function."""

import json
import shutil
import urllib.error
import urllib.request
from subprocess import run

import pytest

from support.cognito import Cognito
from support.django import Django, new_secret
from support.program import BARE_ENVIRONMENT, MAPPER, PATIENCE, ROOT, Program, free_port

FUNCTION, EVENT = "users", ROOT / "guest/cases/native.event.json"
PASSED, ADDED = "passed, 0 failed", "'email', 'email_verified',"
# What the CLI asks for before it sends anything. The stand-in looks at no signature.
CLI = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "eu-central-1"}


class Dev:
    """The mapper of the example in JavaScript under `mapper dev`, between an emulated pool and Django."""

    def __init__(self, folder):
        """Starts all; their files are in `folder`."""
        folders = {name: folder / name for name in ("cognito", "django")}
        for each in folders.values():
            each.mkdir()
        self.parts, self.mapper = [], folder / "mapper"
        shutil.copytree(ROOT / "examples/mapper-js", self.mapper, ignore=shutil.ignore_patterns("mapper.wasm"))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        try:
            self.django = self._part(Django(folders["django"], new_secret()))
            self.django.start()
            settings = {"BACKEND_SIGNING_SECRET": self.django.secret}
            command = [MAPPER, "dev", "--backend", self.django.url, "--port", port]
            log = folder / "dev.log"
            self.program = self._part(Program("mapper dev", command, log, settings, self.mapper))
            self.says(PASSED)
            self.cognito = self._part(Cognito(folders["cognito"], self.url, FUNCTION))
        except BaseException:
            self.stop()
            raise
        self.pool = self.cognito.new_pool("email")

    def _part(self, part):
        self.parts.append(part)
        return part

    def says(self, part, times=1):
        """Waits until `part` is in so many lines."""
        self.program.wait_for(part, lambda: sum(part in line for line in self.program.lines()) >= times)

    def edit(self, part, changed):
        """Changes one part of the mapper's source, as an editor does."""
        source = self.mapper / "mapper.js"
        text = source.read_text("utf-8")
        assert text.count(part) == 1
        new = source.with_suffix(".new")
        new.write_text(text.replace(part, changed), "utf-8")
        new.replace(source)

    def sign_up(self, name):
        """A person signs up and confirms. Returns the row that results."""
        email = f"{name}@example.com"
        sub = self.pool.sign_up(email, email=email, name=name, locale="de-DE")
        self.pool.confirm(email)
        [row] = self.django.rows(sub=sub)
        return row

    def stop(self):
        """Ends all."""
        for part in reversed(self.parts):
            part.stop()


@pytest.fixture
def dev(tmp_path):
    """All of it."""
    dev = Dev(tmp_path)
    yield dev
    dev.stop()


def test_a_sign_up_goes_through_the_mapper_that_is_being_written(dev, proved):
    row = dev.sign_up("alice")
    assert (row["email"], "locale" in row["profile"]) == ("alice@example.com", False)
    dev.says("delivered  201")
    dev.says(row["event_id"])
    proved("a sign-up at the emulated pool is a row in Django's table, and the terminal shows the request")

    dev.edit(ADDED, f"{ADDED} 'locale',")
    dev.says(": before, and now")
    dev.says('+   "locale": "de-DE"')
    assert len(dev.django.rows(user_pool_id=dev.pool.id)) == 1
    proved("an edit shows what becomes of the last event now, and sends nothing")
    assert dev.sign_up("bob")["profile"]["locale"] == "de-DE"
    proved("the next sign-up goes through the mapper that was built last")

    dev.edit("switch (event", "switch event")
    dev.says("not built: the last good mapper stays")
    assert dev.sign_up("carol")["profile"]["locale"] == "de-DE"
    proved("a source that can't be built leaves the last good mapper in its place")


def test_the_aws_cli_calls_the_stand_in(dev, tmp_path, proved):
    answer = tmp_path / "answer.json"
    command = ["aws", "lambda", "invoke", "--endpoint-url", dev.url, "--function-name", FUNCTION]
    command += ["--payload", f"fileb://{EVENT}", answer]

    def invoke(*args):
        done = run([*command, *args], env=BARE_ENVIRONMENT | CLI, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert invoke() == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    event = json.loads(EVENT.read_bytes())
    assert json.loads(answer.read_bytes()) == event
    [row] = dev.django.rows(user_pool_id=event["userPoolId"])
    assert row["sub"] == event["request"]["userAttributes"]["sub"]
    proved("`aws lambda invoke` gets the event back, and the user is in Django's table")
    assert invoke("--invocation-type", "Event") == {"StatusCode": 202}
    dev.says("delivered  2", times=2)
    assert invoke("--invocation-type", "DryRun") == {"StatusCode": 204}
    proved("`--invocation-type Event` does not wait, and `DryRun` calls nothing")


def test_a_page_in_a_browser_cannot_call_the_stand_in(dev, proved):
    url = f"{dev.url}/2015-03-31/functions/{FUNCTION}/invocations"
    request = urllib.request.Request(url, EVENT.read_bytes(), {"Origin": "https://example.com"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=PATIENCE)
    refused.value.close()
    assert refused.value.code == 403 and dev.django.rows() == []
    proved("a request with an `Origin` is refused")
