"""`replay` maps the messages that wait and the dead letters, and takes none away."""

import json
import signal
from subprocess import PIPE, Popen

import pytest

from support.deployed import COMPONENT, NO_BACKEND, REDELIVERY, publish
from support.intercept import refused
from support.program import MAPPER, PATIENCE, ROOT
from support.waiting import CANARIES, DEAD_LETTERS, QUEUE, Waiting, canary

# It skips those who only reset a password, and fails for those without a name.
SOURCE = """
export function transform({ triggerSource, attributes }) {
  if (triggerSource.tag !== 'confirm-sign-up') return { skip: 'no-sign-up' };
  if (!attributes.name) throw { code: 'no-name', message: `${attributes.email} has no name` };
  console.log(attributes.email);
  return { deliver: { method: 'post', path: 'users/', body: { cognito_id: attributes.sub, name: attributes.name } } };
}
"""
RESET = "PostConfirmation_ConfirmForgotPassword"


@pytest.fixture
def waiting(aws):
    """The two queues."""
    return Waiting(aws.client("sqs"))


@pytest.fixture
def candidate(tmp_path):
    """The folder of a mapper that is to be tried."""
    folder = tmp_path / "candidate"
    folder.mkdir()
    (folder / "mapper.js").write_text(SOURCE)
    return folder


def test_the_messages_are_counted_by_what_would_become_of_them(functions, waiting, recipe, candidate, proved):
    waiting.put(DEAD_LETTERS, canary(1), canary(2), canary(3, triggerSource=RESET))
    waiting.put(QUEUE, canary(4, name=None))
    done = recipe("replay", candidate)
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[:10] == [
        f"{DEAD_LETTERS}: 3 messages were looked at",
        f"{QUEUE}: 1 messages were looked at",
        "  SQS counts this look as one of 5 attempts (--dead-letters)",
        "",
        f"of 4 messages, with {candidate / 'mapper.wasm'}:",
        "     2 would be delivered",
        "     1 would be skipped: no-sign-up",
        "     1 would still fail: Mapper.Failed: the mapper failed: no-name",
        f"       (message {waiting.ids(QUEUE)[0]})",
        "",
    ]
    proved("it counts what would be delivered, skipped by which code, and would still fail of what")
    assert done.stdout.splitlines()[10] == "beside the deployed mapper, of 4 events:"
    assert "     1 outcome: deliver became Mapper.Failed\n" in done.stdout
    assert "     2 body /email: removed\n" in done.stdout
    proved("and what is not as the deployed mapper makes it, by kind")

    found = recipe("replay", candidate, "--json")
    report = json.loads(found.stdout)
    assert (found.returncode, report["delivered"], report["skipped"]) == (1, 2, {"no-sign-up": 1})
    [failed] = report["failed"]
    assert (failed["errorType"], failed["messageIds"]) == ("Mapper.Failed", waiting.ids(QUEUE))
    assert (report["deployed"]["events"], report["deployed"]["differences"]["body /email: removed"]) == (4, 2)
    assert [queue["messages"] for queue in report["queues"]] == [3, 1]
    proved("machines read the same as JSON")

    (candidate / "mapper.js").write_text(SOURCE.replace("!attributes.name", "false"))
    done = recipe("replay", candidate)
    assert (done.returncode, "still fail" in done.stdout) == (0, False), done.stdout + done.stderr
    assert "building" in done.stderr
    proved("the mapper is built anew when its source has changed, and then nothing would fail")


def test_no_value_of_a_user_is_shown_unless_asked_for(functions, waiting, recipe, candidate, proved):
    waiting.put(DEAD_LETTERS, canary(1), canary(2, name=None), canary(3, triggerSource=RESET), "canary, and no JSON")
    for args in ((), ("--json",)):
        done = recipe("replay", candidate, *args)
        assert done.returncode == 1
        for value in CANARIES:
            assert value not in (done.stdout + done.stderr).lower(), args
    proved("neither the text nor the JSON holds a value of a user, and neither does what the mapper writes")
    for args in ((), ("--json",)):
        shown = recipe("replay", candidate, "--show", *args).stdout.lower()
        assert all(value in shown for value in ("carla canary", "canary@canary.example", "canary-value"))
    proved("with --show both hold the events and the requests")


def test_kept_cases_hold_no_value_of_the_events(functions, waiting, recipe, candidate, proved):
    events = [canary(1), canary(2, name=None), canary(3, triggerSource=RESET), canary(4, name="Carlos Canary")]
    waiting.put(DEAD_LETTERS, *events)
    done = recipe("replay", candidate, "--keep", "3", "--json")
    kept = [case["file"] for case in json.loads(done.stdout)["kept"]]
    assert {case["outcome"].split(":")[0] for case in json.loads(done.stdout)["kept"]} == {
        "would be delivered",
        "would be skipped",
        "would still fail",
    }
    assert sorted(map(str, (candidate / "cases").iterdir())) == sorted(kept)
    proved("one of each kind is kept, more than that only if there is room")
    for file in kept:
        text = open(file).read()
        assert [value for value in CANARIES if value in text.lower()] == []
        made = json.loads(text)
        assert made["userName"] == made["request"]["userAttributes"]["sub"]
        assert {*made["request"]["userAttributes"]} <= {*canary(0)["request"]["userAttributes"]}
    proved("they have the shape of the messages, and none of their values, nor a name that the user has chosen")

    test = recipe("test", candidate / "cases", "--mapper", candidate / "mapper.wasm", "--bless", "--json")
    assert (test.returncode, json.loads(test.stdout)["passed"]) == (0, 3), test.stderr
    again = recipe("replay", candidate, "--keep", "3", "--json")
    assert [case["file"] for case in json.loads(again.stdout)["kept"]] == kept
    proved("`mapper test` takes them, and keeping the same messages again makes the same cases")


def test_a_case_that_ends_in_another_way_is_told(functions, waiting, recipe, candidate, proved):
    waiting.put(DEAD_LETTERS, canary(1))
    ours = "if (!attributes.email.endsWith('@canary.example')) return { skip: 'elsewhere' };\n  console.log("
    (candidate / "mapper.js").write_text(SOURCE.replace("console.log(", ours))
    done = recipe("replay", candidate, "--keep", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ".event.json: it would be skipped: elsewhere\n  the message itself would be delivered: " in done.stdout
    proved("if a mapping depends on a value that is made up, it says so")


def test_cases_of_the_default_mapper_go_to_the_working_folder(functions, waiting, recipe, tmp_path, proved):
    waiting.put(DEAD_LETTERS, canary(1))
    done = recipe("replay", "default-mapper", "--keep", "1", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    [kept] = json.loads(done.stdout)["kept"]
    assert [f"cases/{file.name}" for file in (tmp_path / "cases").iterdir()] == [kept["file"]]
    assert not (MAPPER.parent / "cases").exists()
    proved("cases for `default-mapper` are kept in the folder of the operator, and not among installed files")


def test_no_message_is_taken_away(functions, waiting, recipe, candidate, proved):
    waiting.put(DEAD_LETTERS, *(canary(number) for number in range(23)))
    waiting.put(QUEUE, *(canary(number) for number in range(3)))
    assert recipe("replay", candidate, "--dead-letters", "--at-most", "12").returncode == 0
    assert (waiting.counts(DEAD_LETTERS), waiting.counts(QUEUE)) == ((23, 0), (3, 0))
    done = recipe("replay", candidate)
    assert (done.returncode, f"{DEAD_LETTERS}: 23 messages were looked at\n" in done.stdout) == (0, True), done.stdout
    assert (waiting.counts(DEAD_LETTERS), waiting.counts(QUEUE)) == ((23, 0), (3, 0))
    assert [int(message["Attributes"]["ApproximateReceiveCount"]) for message in waiting.receive(QUEUE)] == [2, 2, 2]
    proved("all messages are there and visible afterwards; --dead-letters does not look at the queue")

    done = recipe("replay", candidate, "--at-most", "12")
    assert f"{DEAD_LETTERS}: 12 messages were looked at, and about 11 more are there (--at-most)" in done.stdout
    assert "the queue was not read" in done.stdout
    proved("not more than --at-most are read, the dead letters first")

    assert len(waiting.receive(QUEUE, hidden=600)) == 3
    done = recipe("replay", candidate, "--at-most", "30")
    assert f"{QUEUE}: 0 messages were looked at; about 3 are just being delivered\n" in done.stdout
    proved("messages that redelivery has at the moment are counted")


def test_a_message_without_another_attempt_is_told(functions, waiting, recipe, candidate, proved):
    waiting.put(QUEUE, canary(1))
    waiting.use_up(QUEUE, 4)
    done = recipe("replay", candidate)
    told = "  1 have no attempt left and become dead letters, which `mapper redrive` moves back\n"
    assert (done.returncode, told in done.stdout) == (0, True), done.stdout
    assert waiting.counts(QUEUE) == (1, 0)
    proved("it says how many messages of the queue become dead letters because they were looked at")


@pytest.mark.parametrize("which", [1, 2, 3])
def test_an_interruption_leaves_all_messages_visible(which, functions, service, waiting, cli, proved):
    waiting.put(DEAD_LETTERS, *(canary(number) for number in range(15)))
    started = []

    def interrupting(call):
        if len(service.asked("ReceiveMessage")) == which:
            started[0].send_signal(signal.SIGINT)
        return call.forward()

    service.answers["ReceiveMessage"] = interrupting
    started.append(Popen([MAPPER, "replay", COMPONENT], env=cli, stdout=PIPE, stderr=PIPE, text=True, cwd=ROOT))
    output, errors = started[0].communicate(timeout=PATIENCE)
    assert started[0].returncode == 2, output + errors
    assert errors.splitlines()[-1].startswith("error: interrupted"), errors
    assert len(service.asked("ChangeMessageVisibilityBatch")) == 1 + (which > 1)
    assert waiting.counts(DEAD_LETTERS) == (15, 0)
    proved(f"an interruption while SQS answers call {which} ends it when all messages are visible again")


def test_an_interruption_of_a_build_leaves_no_file(functions, candidate, cli, proved):
    (candidate / "mapper.js").write_text("for (;;); export function transform() {}")
    replay = Popen([MAPPER, "replay", candidate], env=cli, stdout=PIPE, stderr=PIPE, text=True, cwd=ROOT)
    assert any(line.startswith("building ") for line in replay.stderr)
    replay.send_signal(signal.SIGINT)
    output, errors = replay.communicate(timeout=PATIENCE)
    assert (replay.returncode, "error: interrupted; nothing was changed\n" in errors) == (2, True), output + errors
    assert [file.name for file in candidate.iterdir()] == ["mapper.js"]
    proved("an interruption while the mapper is built ends it after that, and leaves nothing of the build")


def test_a_refusal_leaves_all_messages_visible(functions, service, waiting, recipe, candidate, proved):
    waiting.put(DEAD_LETTERS, *(canary(number) for number in range(15)))
    denied = refused("AccessDenied", "User: you is not authorized to perform: sqs:receivemessage")
    service.answers["ReceiveMessage"] = lambda call: (
        denied if len(service.asked("ReceiveMessage")) > 1 else call.forward()
    )
    done = recipe("replay", candidate)
    assert (done.returncode, "aws sqs receive-message: AccessDenied" in done.stderr) == (2, True), done.stderr
    assert waiting.counts(DEAD_LETTERS) == (15, 0)
    proved("after an error of AWS, too")

    service.answers = {"ChangeMessageVisibilityBatch": lambda _: denied}
    done = recipe("replay", candidate, "--dead-letters")
    assert done.returncode == 0
    assert f"15 messages of {DEAD_LETTERS} stay hidden for up to 230 seconds" in done.stderr, done.stderr
    proved("if they can't be made visible, it says when they are")


def test_what_is_no_event_is_counted_and_named(functions, waiting, recipe, candidate, proved):
    others = {
        "it is not JSON": "{oops",
        "it has no `triggerSource` and no `request`": '{"order": 7}',
        "the event is inside of something else": json.dumps({"Body": json.dumps(canary(1))}),
    }
    waiting.put(DEAD_LETTERS, *others.values())
    # `reconcile` and people send without the attributes that the function gives.
    waiting.put(DEAD_LETTERS, canary(2), attributes={})
    done = recipe("replay", candidate, "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["delivered"]) == (1, 1)
    assert {(failed["errorType"], failed["error"], failed["count"]) for failed in report["failed"]} == {
        ("Queue.RecordUnreadable", why, 1) for why in others
    }
    assert {failed["messageIds"][0] for failed in report["failed"]} == {*waiting.ids(DEAD_LETTERS)[:3]}
    proved("messages that are no events are counted by reason and named by their ids, and the others are mapped")


def test_without_a_deployed_mapper_it_does_not_compare(functions, waiting, recipe, candidate, proved):
    waiting.put(DEAD_LETTERS, canary(1))
    publish(functions, REDELIVERY, Layers=[])
    done = recipe("replay", candidate)
    assert (done.returncode, "     1 would be delivered\n" in done.stdout) == (0, True), done.stdout + done.stderr
    why = "what differs from the deployed mapper can't be shown: no mapper is deployed\n"
    assert why in done.stdout and "beside the deployed mapper" not in done.stdout
    assert (
        json.loads(recipe("replay", candidate, "--json").stdout)["deployed"]["notCompared"] == "no mapper is deployed"
    )
    proved("it says why it can't compare, and the messages are mapped all the same")


def test_empty_queues_are_fine(functions, waiting, recipe, candidate, proved):
    done = recipe("replay", candidate)
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [f"{name}: 0 messages were looked at" for name in (DEAD_LETTERS, QUEUE)],
    )
    proved("empty queues are no failure")


def test_what_can_not_be_tried_is_told(functions, waiting, recipe, candidate, tmp_path, proved):
    done = recipe("replay", candidate, "--function", "joined")
    assert (done.returncode, "there is no function joined-redelivery:live" in done.stderr) == (2, True)
    (candidate / "mapper.js").write_text("export function transform( {")
    waiting.put(DEAD_LETTERS, canary(1))
    done = recipe("replay", candidate)
    assert (done.returncode, "the mapper can't be built, so no message was read" in done.stderr) == (2, True)
    assert recipe("replay", tmp_path / "missing").returncode == 2
    [message] = waiting.receive(DEAD_LETTERS)
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    proved("no function, a mapper that does not build, and none at all: status 2, and no message was read")


def test_it_maps_with_the_functions_own_settings(functions, waiting, recipe, candidate, proved):
    waiting.put(DEAD_LETTERS, canary(1))
    source = SOURCE.replace("path: 'users/'", "path: process.env.USERS_PATH ?? '../no'")
    (candidate / "mapper.js").write_text(source)
    done = recipe("replay", candidate, env={"MAPPER_ENV_USERS_PATH": "shell/"})
    assert (done.returncode, "Mapper.AnswerRefused" in done.stdout) == (1, True), done.stdout
    settings = {"BACKEND_API_URL": NO_BACKEND, "MAPPER_ENV_USERS_PATH": "people/"}
    publish(functions, REDELIVERY, Environment={"Variables": settings})
    done = recipe("replay", candidate)
    assert (done.returncode, "path segment 1: changed" in done.stdout) == (0, False), done.stdout
    proved("variables are those of the deployed function, and not those of the shell")
