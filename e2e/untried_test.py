"""What nobody has tried, or what is interrupted, never gets live."""

import shutil
import signal
from subprocess import PIPE, Popen

import pytest

from parts.between import refused
from parts.chain import ARCHITECTURE
from parts.deployed import (  # noqa: F401  (fixtures, too)
    BOTH,
    COMPONENT,
    EVENT,
    NOBODY,
    REDELIVERY,
    backend,
    between,
    client_of,
    confirmed,
    event,
    functions,
    publish,
    recipe,
    service,
    state,
)
from parts.lambda_service import FUNCTIONS
from parts.program import ROOT

pytest_plugins = ["parts.aws_cli"]


@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
def test_who_interrupts_a_swap_has_everything_as_it_was(twice, service, functions, cli, tmp_path, proved):
    before, path, swap, put, gets = state(functions), f"{FUNCTIONS}/{REDELIVERY}/configuration", [], [], []

    def interrupted(call):
        """As AWS, which takes no other update while one is under way."""
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
    command = ["python", ROOT / "deploy/swap_mapper.py", COMPONENT, "--yes"]
    variables = cli | {"MAPPER_CACHE_DIR": str(tmp_path)}
    swap.append(Popen(command, env=variables, cwd=ROOT, stdout=PIPE, stderr=PIPE, text=True))
    said, error = swap[0].communicate()
    assert (swap[0].returncode, "Both functions have their former mapper." in said) == (1, True), said + error
    assert len(put) == 2 and state(functions) == before
    proved(f"who presses Ctrl-C {'again while that is put back' if twice else 'in the middle'} has what was there")


def test_a_setting_that_is_wrong_never_gets_live(service, recipe, backend, packages, proved):
    packages(ARCHITECTURE)
    create = "create", "--arch", ARCHITECTURE, "--set"
    assert recipe(*create, f"BACKEND_API_URL={backend.url}").returncode == 0
    done = recipe(*create, "ANSWER_WITHIN_MS=10000")
    assert done.returncode == 1 and "post-confirmation:2 can't handle an event: " in done.stderr
    assert "what is live stays as it was" in done.stderr
    assert {state(client_of(service))[name][0] for name in BOTH} == {"1"}
    assert confirmed(service, "one") == (None, event("one")) and len(backend.users) == 1
    proved("`create` tries a version before it is live: with a wrong setting, the former one goes on")
    assert recipe(*create, "MAX_ATTEMPTS=2").returncode == 1
    assert recipe(*create, "ANSWER_WITHIN_MS=4000").returncode == 0
    assert confirmed(service, "two") == (None, event("two")) and len(backend.users) == 2
    proved("and no other setting brings it there, until it is mended")


def test_a_mapper_that_delivers_nobody_is_not_swapped_in(functions, recipe, tmp_path, proved):
    shutil.copy(COMPONENT, tmp_path / "mapper.wasm")
    (tmp_path / "cases").mkdir()
    shutil.copy(EVENT.parent / "password-reset.event.json", tmp_path / "cases")
    for name in BOTH:
        variables = {"BACKEND_API_URL": NOBODY, "MAPPER_ENV_USERS_PATH": "https://elsewhere.example/"}
        publish(functions, name, Environment={"Variables": variables})
    before = state(functions)
    done = recipe("swap_mapper", tmp_path / "mapper.wasm", "--yes")
    assert (done.returncode, state(functions)) == (1, before)
    assert "error: the mapper delivers no event of " in done.stderr
    proved("a mapper that delivers nobody, in the function's own settings, is refused")
    for name in BOTH:
        publish(functions, name, Environment={"Variables": {"BACKEND_API_URL": NOBODY}})
    done = recipe("swap_mapper", tmp_path / "mapper.wasm", "--yes")
    assert (done.returncode, "maps native.event.json, which would be delivered" in done.stdout) == (0, True)
    proved("one whose own cases are all skipped is tried with a sign-up")
