"""`swap` runs the mapper's own cases, and a mapper that fails them never goes live."""

import json
import shutil
from subprocess import run

import pytest

from support.deployed import BOTH, COMPONENT, EVENT, NO_BACKEND, publish, state
from support.program import ROOT

# In MiB: more than a sandbox of 8 MiB has, and less than one of 64 MiB.
MUCH = 20


@pytest.fixture(scope="session")
def misbehaving():
    """A component that does what its event asks for."""
    command = "cargo build --locked --profile mapper --target wasm32-wasip2 --package misbehaving-mapper".split()
    done = run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return ROOT / "target/wasm32-wasip2/mapper/misbehaving_mapper.wasm"


@pytest.fixture
def mapper(misbehaving, tmp_path):
    """Puts that component beside cases: what each event asks for, and the body expected of it, None for a new case."""

    def put(**cases):
        folder = tmp_path / "mapper"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "cases").mkdir(parents=True)
        shutil.copy(misbehaving, folder / "mapper.wasm")
        for name, (behaviour, body) in cases.items():
            event = json.loads(EVENT.read_bytes())
            event["request"]["userAttributes"]["custom:behaviour"] = behaviour
            (folder / f"cases/{name}.event.json").write_text(json.dumps(event))
            if body is not None:
                expected = {"deliver": {"method": "POST", "path": "users/", "bodyText": body}}
                (folder / f"cases/{name}.expected.json").write_text(json.dumps(expected))
        return folder / "mapper.wasm"

    return put


FINE = "text mapped", "mapped"


@pytest.mark.parametrize(
    ("case", "verdict"),
    [
        (("panic", "mapped"), "FAILED"),
        (("path ../elsewhere", None), "FAILED"),
        (("random", None), "UNSTABLE"),
        (("clock", "mapped"), "UNSTABLE"),
        (("text another", "mapped"), "DIFFERS"),
    ],
    ids=["trap", "refused request", "random number", "clock", "another body"],
)
def test_a_mapper_with_a_bad_case_is_not_swapped_in(case, verdict, mapper, functions, recipe, proved):
    before = state(functions)
    done = recipe("swap", mapper(fine=FINE, bad=case), "--yes")
    assert (done.returncode, state(functions)) == (1, before)
    assert done.stderr.endswith(f"error: the mapper has cases that are {verdict}; nothing was changed\n")
    assert f"{verdict:<9} bad " in done.stdout and "---- bad ----" in done.stdout
    assert len(functions.list_layer_versions(LayerName="post-confirmation-mapper")["LayerVersions"]) == 1
    proved(f"a mapper with a case that is {verdict} does not go live, and the case is explained")


def test_every_failing_verdict_is_reported(mapper, functions, recipe, proved):
    bad = {"trap": ("panic", None), "random": ("random", None), "other": ("text another", "mapped")}
    done = recipe("swap", mapper(fine=FINE, **bad), "--yes")
    assert (done.returncode, "cases that are DIFFERS and FAILED and UNSTABLE;" in done.stderr) == (1, True), done.stderr
    proved("several verdicts are reported together")


def test_a_mapper_that_passes_is_compiled_once(mapper, functions, recipe, tmp_path, proved):
    cache = tmp_path / "images"
    done = recipe("swap", mapper(fine=FINE, new=("text new", None)), "--yes", env={"MAPPER_CACHE_DIR": str(cache)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert ": none is DIFFERS or FAILED or UNSTABLE\n" in done.stdout
    assert [state(functions)[name][0] for name in BOTH] == ["2", "2"]
    proved("a mapper goes live if its cases pass or have no expected result yet")
    assert not cache.exists() or list(cache.rglob("*.cwasm")) == []
    proved("the image that is tried is the image that goes live: nothing else is compiled")


def test_cases_run_within_the_functions_limits(mapper, functions, recipe, proved):
    large = mapper(fine=FINE, large=(f"allocate {MUCH}", None))
    mine = {"MAPPER_MEMORY_MB": "8", "MAPPER_ENV_X": "shell"}
    assert recipe("swap", large, "--yes", env=mine).returncode == 0
    proved("limits that the operator's shell sets do not count")
    for name in BOTH:
        publish(functions, name, Environment={"Variables": {"BACKEND_API_URL": NO_BACKEND, "MAPPER_MEMORY_MB": "8"}})
    before = state(functions)
    done = recipe("swap", mapper(fine=("text other", "other"), large=(f"allocate {MUCH}", None)), "--with-host")
    assert (done.returncode, state(functions)) == (1, before)
    assert "cases that are FAILED; nothing was changed" in done.stderr and "Mapper.OutOfMemory" in done.stdout
    proved("the function's limits count")


def test_cases_do_not_see_the_functions_variables(functions, recipe, tmp_path, proved):
    for name in BOTH:
        publish(
            functions, name, Environment={"Variables": {"BACKEND_API_URL": NO_BACKEND, "MAPPER_ENV_USERS_PATH": "x/"}}
        )
    shutil.copy(COMPONENT, tmp_path / "mapper.wasm")
    shutil.copytree(ROOT / "guest/cases", tmp_path / "cases")
    done = recipe("swap", tmp_path / "mapper.wasm", "--yes", "--with-host")
    assert done.returncode == 0, done.stdout + done.stderr
    proved("cases do not see the function's variables, so their results are the author's")


def test_a_mapper_without_cases_may_map_differently(misbehaving, functions, recipe, tmp_path, proved):
    shutil.copy(misbehaving, tmp_path / "mapper.wasm")
    done = recipe("swap", tmp_path / "mapper.wasm", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 sample events: none is FAILED or UNSTABLE\n" in done.stdout
    proved("a mapper without cases is tried with sample events, and may map them differently")
