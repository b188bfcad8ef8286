"""A mapper in another language changes the rows of a pool in use, without another program for the function."""

import os
import shutil
from subprocess import run

import pytest

from support.program import BARE_ENVIRONMENT, ROOT, skip_or_fail

MAPPER = ROOT / "target/dist/mapper"
# By language: the tool that it needs, if any, and the source to start from.
LANGUAGES = {
    "JavaScript": (None, "mapper-js", "mapper.js"),
    "Python": (ROOT / "target/python/bin/componentize-py", "mapper-python", "mapper.py"),
}


@pytest.fixture(scope="session")
def image_of(tmp_path_factory):
    """Builds an example's mapper with one part of its source changed, and gives the image's path."""

    def build(language, part, changed):
        tool, example, file = LANGUAGES[language]
        if tool and not tool.exists():
            skip_or_fail(f"{tool} is missing, which builds a mapper in {language}: `just e2e` installs it")
        folder = tmp_path_factory.mktemp("mapper") / example
        shutil.copytree(ROOT / "examples" / example, folder, ignore=shutil.ignore_patterns("mapper.wasm"))
        source = (folder / file).read_text("utf-8")
        assert source.count(part) == 1
        (folder / file).write_text(source.replace(part, changed), "utf-8")
        env = BARE_ENVIRONMENT | {"PATH": f"{ROOT / 'target/python/bin'}:{os.environ['PATH']}"}
        for command in ("build", "compile"):
            done = run([MAPPER, command], cwd=folder, env=env, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
        return folder / "mapper.cwasm"

    return build


def test_three_mappers_take_turns_under_one_program(stack, image_of, proved):
    # Each of the two maps one field differently from the default mapper.
    javascript = image_of("JavaScript", "'email', 'email_verified',", "'email', 'email_verified', 'locale',")
    python = image_of("Python", '"username": event.user_name,', '"name": "Dr. " + user.get("name", ""),')
    programs, mappers = [], []

    def row_of(name):
        user = {"email": f"{name}@example.com", "name": name, "locale": "de-DE"}
        sub = stack.pool.sign_up(user["email"], **user)
        stack.pool.confirm(user["email"])
        [end], [row] = stack.function.ends(), stack.django.rows(sub=sub)
        assert (end["end"], end["status"]) == ("delivered", 201)
        programs.append(stack.function.digest())
        mappers.append(end["mapper"])
        return row

    row = row_of("Alice")
    fields = {*row["profile"]}
    assert (row["name"], row["username"]) == ("Alice", row["sub"])
    assert not fields & {"locale"}
    proved("with the default mapper, in Rust, the row has the fields that its cases describe")

    stack.deploy(MAPPER_IMAGE=str(javascript))
    row = row_of("Bob")
    assert (row["name"], row["username"], row["profile"]["locale"]) == ("Bob", row["sub"], "de-DE")
    assert {*row["profile"]} == fields | {"locale"}
    proved("with a mapper in JavaScript, the next user's row has one field more")

    stack.deploy(MAPPER_IMAGE=str(python))
    row = row_of("Carol")
    assert (row["name"], row["username"]) == ("Dr. Carol", "")
    assert {*row["profile"]} == fields - {"username"}
    proved("with a mapper in Python, the next user's row has one field less, and another name")

    assert len({*mappers}) == 3
    assert len({*programs}) == 1
    assert len(stack.django.rows(user_pool_id=stack.pool.id)) == 3
    proved(f"three mappers, three users, and the same program throughout: sha256 {programs[0][:12]}…")
