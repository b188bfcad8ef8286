"""The way out of a fault of the mapper, as docs/operate.md has it: mend, `replay`, `swap`, `redrive`."""

import json

import pytest

from support.deployed import EVENT, REDELIVERY, confirmed, event
from support.no_sleep import without_sleeping
from support.redrives import Redrives
from support.stack import ARCHITECTURE
from support.waiting import DEAD_LETTERS

FAULTY = """
export function transform({ triggerSource, attributes }) {
  if (triggerSource.tag !== 'confirm-sign-up') return { skip: 'no-sign-up' };
  const body = { cognito_id: attributes.sub, name: attributes.name.trim() };
  return { deliver: { method: 'post', path: 'users/', body, acceptStatus: [409] } };
}
"""
MENDED = FAULTY.replace("attributes.name.trim()", "attributes.name?.trim() ?? null")
# Redelivery's attempts before a message is a dead letter.
ATTEMPTS = 5


@pytest.fixture
def accounts(tmp_path):
    """The folder of a mapper that fails for users without a name, which its only case does not show."""
    folder = tmp_path / "accounts"
    (folder / "cases").mkdir(parents=True)
    (folder / "mapper.js").write_text(FAULTY)
    named = event("named")
    named["request"]["userAttributes"]["name"] = "Alice"
    (folder / "cases" / EVENT.name).write_text(json.dumps(named))
    return folder


def test_a_faulty_mappers_dead_letter_reaches_the_backend_once(
    service, recipe, backend, packages, accounts, tmp_path, proved
):
    packages(ARCHITECTURE)
    assert recipe("create", "--set", f"BACKEND_API_URL={backend.url}", "--arch", ARCHITECTURE).returncode == 0
    done = recipe("swap", accounts, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    sqs = service.aws.client("sqs")
    redrives = Redrives(sqs, service)
    assert confirmed(service, "nameless") == (None, event("nameless"))
    assert (backend.users, redrives.count("queue")) == ([], 1)
    # Each attempt comes at once, and the one after the last makes the message a dead letter.
    sqs.set_queue_attributes(QueueUrl=redrives.urls["queue"], Attributes={"VisibilityTimeout": "0"})
    for _ in range(ATTEMPTS):
        assert len(service.redeliver(REDELIVERY)) == 1
    assert "Messages" not in sqs.receive_message(QueueUrl=redrives.urls["queue"])
    assert (redrives.count("queue"), redrives.count("dead"), backend.users) == (0, 1, [])
    proved("a user whom the mapper fails to map waits, and then is a dead letter")

    done = recipe("replay", accounts, "--keep", "1")
    assert (done.returncode, f"{DEAD_LETTERS}: 1 messages were looked at\n" in done.stdout) == (1, True), done.stderr
    assert "     1 would still fail: Mapper.Failed: the mapper failed: exception\n" in done.stdout
    [kept] = [case for case in (accounts / "cases").iterdir() if case.name not in (EVENT.name, "native.expected.json")]
    test = recipe("test", accounts / "cases", "--mapper", accounts / "mapper.wasm", "--json")
    assert test.returncode == 1 and "nameless" not in kept.read_text()
    proved("replay finds it and keeps a case of it, which fails, too")

    (accounts / "mapper.js").write_text(MENDED)
    done = recipe("replay", accounts)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "     1 would be delivered\n" in done.stdout
    assert "     1 outcome: Mapper.Failed became deliver\n" in done.stdout
    bless = recipe("test", accounts / "cases", "--mapper", accounts / "mapper.wasm", "--bless", "--json")
    assert bless.returncode == 0, bless.stdout
    assert (redrives.count("dead"), backend.users) == (1, [])
    proved("replay says that the mended mapper would deliver it; nothing is sent, and the dead letter is where it was")

    done = recipe("swap", accounts, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    done = recipe("redrive", env=without_sleeping(tmp_path / "no_sleep"))
    assert (done.returncode, redrives.count("dead"), redrives.count("queue")) == (0, 0, 1), done.stderr
    assert service.redeliver(REDELIVERY) == []
    assert [user["cognito_id"] for user in backend.users] == ["nameless"]
    assert (redrives.count("queue"), redrives.count("dead")) == (0, 0)
    proved("after swap and redrive the backend has the user, once")
