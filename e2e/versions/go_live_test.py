"""An untried version, or one of an interrupted swap, never goes live."""

import shutil
import signal
from subprocess import PIPE, Popen

import pytest

from support.deployed import BOTH, COMPONENT, EVENT, NO_BACKEND, REDELIVERY, client_of, confirmed, event, publish, state
from support.intercept import refused
from support.lambda_service import FUNCTIONS
from support.program import MAPPER, ROOT
from support.stack import ARCHITECTURE


@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
def test_an_interrupted_swap_is_undone(twice, service, functions, cli, tmp_path, proved):
    before, path, swap, put, gets = state(functions), f"{FUNCTIONS}/{REDELIVERY}/configuration", [], [], []

    def interrupted(call):
        """Like AWS, which takes no other update while one is under way."""
        if put and len(gets) < 3:
            return refused("ResourceConflictException", "An update is in progress")
        put.append(call)
        answered = service._configure(call, REDELIVERY)
        if len(put) == 1 or twice:
            swap[0].send_signal(signal.SIGINT)
        return answered

    def under_way(call):
        status, content = service._completed(call)
        if put:
            gets.append(call)
            content["LastUpdateStatus"] = "InProgress" if len(gets) < 3 else "Successful"
        return status, content

    service.answers |= {f"PUT {path}": interrupted, f"GET {path}": under_way}
    command = [MAPPER, "swap", COMPONENT, "--yes"]
    variables = cli | {"MAPPER_CACHE_DIR": str(tmp_path)}
    swap.append(Popen(command, env=variables, cwd=ROOT, stdout=PIPE, stderr=PIPE, text=True))
    said, error = swap[0].communicate()
    assert (swap[0].returncode, "Both functions have their former mapper." in said) == (1, True), said + error
    assert len(put) == 2 and state(functions) == before
    proved(
        f"Ctrl-C {'again while the swap is undone' if twice else 'in the middle of a swap'} restores the former mapper"
    )


def test_a_wrong_setting_never_goes_live(service, recipe, backend, packages, proved):
    packages(ARCHITECTURE)
    create = "create", "--arch", ARCHITECTURE, "--set"
    assert recipe(*create, f"BACKEND_API_URL={backend.url}").returncode == 0
    # Only the function itself can read its files.
    done = recipe(*create, "BACKEND_CA_FILE=/opt/nowhere.pem")
    assert done.returncode == 1 and "The live version stays" in done.stderr
    assert "post-confirmation-redelivery:2 can't handle an event: Settings.Invalid\n" in done.stderr
    assert "\n  BACKEND_CA_FILE: names a file that can't be read\n" in done.stderr
    proved("a failed dry run shows the log lines that explain it")
    assert {state(client_of(service))[name][0] for name in BOTH} == {"1"}
    assert confirmed(service, "one") == (None, event("one")) and len(backend.users) == 1
    proved("`create` tries a version before it is live: with a wrong setting, the former version stays live")
    assert recipe(*create, "MAX_ATTEMPTS=2", "--yes").returncode == 1
    assert recipe(*create, "BACKEND_CA_FILE=", "--yes").returncode == 0
    assert confirmed(service, "two") == (None, event("two")) and len(backend.users) == 2
    proved("no other setting makes it live until the wrong one is corrected")


def test_settings_are_checked_before_anything_is_made(aws, service, recipe, packages, proved):
    packages(ARCHITECTURE)
    create = "create", "--arch", ARCHITECTURE, "--set", f"BACKEND_API_URL={NO_BACKEND}"
    wrong = {
        "BACKEND_API_URL": ("http://c2VjcmV0.example/", "has to begin with https://"),
        "MAX_ATTEMPTS": ("21", "has to be a number of attempts from 1 to 20"),
        "MAPPER_TIMEOUT_MS": ("4800", "has to be less than ANSWER_WITHIN_MS"),
        "ON_UNDELIVERED": ("c2VjcmV0", "has to be `accept` or `reject`"),
    }
    done = recipe(*create, *(part for name in wrong for part in ("--set", f"{name}={wrong[name][0]}")))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: the function would refuse these settings; nothing was changed\n")
    for name, (_, said) in wrong.items():
        assert f"\n  {name}: {said}" in done.stderr
    assert "c2VjcmV0" not in done.stderr and done.stderr.count("\n") == 1 + len(wrong)
    assert [call.operation for call in service.calls if not call.operation.startswith("GET ")] == []
    proved("the function's own code reports every wrong setting before anything is made")

    mine = {"MAX_ATTEMPTS": "99", "MAPPER_TIMEOUT_MS": "1", "MAPPER_ENV_": "x", "BACKEND_CA_FILE": "/nowhere"}
    done = recipe(*create, "--set", "MAX_ATTEMPTS=20", env=mine)
    assert done.returncode == 0, done.stderr
    proved("variables of the operator's shell do not count; the largest value is accepted")
    before = state(client_of(service))
    done = recipe("create", "--set", "MAX_ATTEMPTS=0")
    assert (done.returncode, "\n  MAX_ATTEMPTS: " in done.stderr) == (1, True)
    assert state(client_of(service)) == before
    proved("nothing changes either if the function exists already")


def test_create_asks_before_it_undoes_a_rollback(service, recipe, packages, proved):
    packages(ARCHITECTURE)
    create = "create", "--arch", ARCHITECTURE, "--set"
    assert recipe(*create, f"BACKEND_API_URL={NO_BACKEND}", "--set", "MAX_ATTEMPTS=4").returncode == 0
    bad = "--set", "MAPPER_ENV_USERS_PATH=c2VjcmV0/"
    assert recipe(*create, "MAX_ATTEMPTS=5", *bad).returncode == 0
    client = client_of(service)
    assert recipe("rollback").returncode == 0
    before, calls = state(client), len(service.calls)
    for answer in ("n\n", ""):
        done = recipe(*create, "ANSWER_WITHIN_MS=4000", answer=answer)
        assert (done.returncode, "error: not agreed; nothing was changed" in done.stderr) == (1, True)
        for name in BOTH:
            assert f"{name}: in $LATEST but not live, left there by a rollback or a failure: " in done.stdout
        assert done.stdout.count(": MAPPER_ENV_USERS_PATH, MAX_ATTEMPTS.\n") == 2
        assert "c2VjcmV0" not in done.stdout + done.stderr
    assert state(client) == before
    assert {call.operation.partition(" ")[0] for call in service.calls[calls:]} == {"GET"}
    proved("settings that a rollback left behind are listed, and nothing changes without a yes")

    done = recipe(*create, "ANSWER_WITHIN_MS=4000", "--set", "MAX_ATTEMPTS=4", "--set", "MAPPER_ENV_USERS_PATH=")
    assert (done.returncode, "[y/N]" in done.stdout) == (0, False), done.stderr
    live = client.get_function_configuration(FunctionName="post-confirmation", Qualifier="live")
    assert live["Environment"]["Variables"]["MAX_ATTEMPTS"] == "4"
    proved("create does not ask if each of them is set to its live value")
    assert recipe("rollback", "2").returncode == 0
    assert recipe(*create, "MAPPER_ENV_X=y", "--yes").returncode == 0
    live = client.get_function_configuration(FunctionName="post-confirmation", Qualifier="live")
    assert live["Environment"]["Variables"]["MAX_ATTEMPTS"] == "4"
    proved("create does not ask with `--yes`")


def test_a_mapper_that_delivers_nobody_is_not_swapped_in(functions, recipe, tmp_path, proved):
    shutil.copy(COMPONENT, tmp_path / "mapper.wasm")
    (tmp_path / "cases").mkdir()
    shutil.copy(EVENT.parent / "password-reset.event.json", tmp_path / "cases")
    for name in BOTH:
        variables = {"BACKEND_API_URL": NO_BACKEND, "MAPPER_ENV_USERS_PATH": "https://elsewhere.example/"}
        publish(functions, name, Environment={"Variables": variables})
    before = state(functions)
    done = recipe("swap", tmp_path / "mapper.wasm", "--yes")
    assert (done.returncode, state(functions)) == (1, before)
    assert "error: the mapper delivers no event of " in done.stderr
    proved("a mapper that delivers no event with the function's settings is refused")
    for name in BOTH:
        publish(functions, name, Environment={"Variables": {"BACKEND_API_URL": NO_BACKEND}})
    done = recipe("swap", tmp_path / "mapper.wasm", "--yes")
    assert (done.returncode, "maps native.event.json, which would be delivered" in done.stdout) == (0, True)
    proved("a mapper whose own cases are all skipped is tried with a sign-up")
