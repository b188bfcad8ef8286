"""examples/backend-django by itself: its own tests, its settings, and many requests at once to its workers."""

import json
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from subprocess import run

import pytest
from standardwebhooks import Webhook

from support.django import PROJECT, Django, new_secret
from support.program import ROOT

AT_ONCE, ROUNDS = 16, 5


@pytest.fixture
def django(tmp_path):
    """The backend, not started."""
    django = Django(tmp_path, new_secret())
    yield django
    django.stop()


def test_the_backends_own_tests_pass(django, proved):
    said = django.manage("test", "--noinput")
    ran = next(line for line in said.splitlines() if line.startswith("Ran "))
    assert "\nOK" in said and int(ran.split()[1]) > 30
    proved(f"answers, signatures, shapes, races, CORS and admin of the backend: {ran}")


def test_the_migrations_make_the_table(django, proved):
    django.manage("makemigrations", "--check", "--dry-run")
    proved("every change of the table has a migration")


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "BACKEND_SIGNING_SECRET"])
def test_the_backend_does_not_start_without_a_security_setting(django, name, proved):
    command = ["gunicorn", "--check-config"]
    for value, starts in ((django.env[name], True), ("", False)):
        done = run(command, env=django.env | {name: value}, cwd=PROJECT, capture_output=True, text=True)
        assert (done.returncode == 0) == starts, done.stderr
    assert f"set the variable {name}: " in done.stderr
    proved(f"without {name}, the backend says so and does not start")


def test_concurrent_requests_for_one_user_make_one_row(django, proved):
    django.start()
    barrier = threading.Barrier(AT_ONCE)

    def send(user):
        body, when = json.dumps(user), datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": f"evt_{user['cognito_id']}",
            "webhook-timestamp": str(int(when.timestamp())),
            "webhook-signature": Webhook(django.secret).sign(f"evt_{user['cognito_id']}", when, body),
        }
        request = urllib.request.Request(f"{django.url}users/", body.encode(), headers)
        barrier.wait()
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    with ThreadPoolExecutor(AT_ONCE) as senders:
        for n in range(ROUNDS):
            user = {"cognito_id": str(n), "username": str(n), "user_pool_id": "pool"}
            assert sorted(senders.map(send, [user] * AT_ONCE)) == [200] * (AT_ONCE - 1) + [201]
    assert [row["sub"] for row in django.rows()] == [str(n) for n in range(ROUNDS)]
    proved(f"of {AT_ONCE} concurrent requests, one is answered 201 and all others 200, in every round")


def test_the_requirements_are_the_tested_versions(proved):
    tested = (ROOT / "e2e/requirements.txt").read_text().splitlines()
    installed = (PROJECT / "requirements.txt").read_text().splitlines()
    assert {*installed} and {*installed} <= {*tested}
    proved("its requirements are the versions that the tests run with")
