"""`rollback` makes an earlier version live again."""

from support.deployed import (
    BOTH,
    NO_BACKEND,
    REDELIVERY,
    TRIGGER,
    publish,
    state,
)
from support.intercept import refused
from support.lambda_service import FUNCTIONS
from support.stack import ARCHITECTURE
from support.zips import zipped


def test_a_rollback_without_a_known_target_lists_versions(functions, recipe, proved):
    before = state(functions)
    done = recipe("rollback")
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "versions of post-confirmation:"
    number, date, rest = done.stdout.splitlines()[1].split(maxsplit=2)
    assert (number, len(date), rest) == ("1", 19, "post-confirmation-mapper:1 (live)")
    assert (
        "does not say which version was live before; choose one of these with `mapper rollback VERSION`" in done.stderr
    )
    done = recipe("rollback", "7")
    assert (done.returncode, "error: post-confirmation has no version 7; choose one of these" in done.stderr) == (
        1,
        True,
    )
    assert state(functions) == before
    proved("if the former version is not known, the versions are listed with date and mapper")

    for name in BOTH:
        functions.update_alias(FunctionName=name, Name="live", Description="version 1, before it version 1")
        publish(functions, name, MemorySize=256)
    before = state(functions)
    assert before[TRIGGER][:2] == ("2", "version 1, before it version 1")
    assert (recipe("rollback").returncode, state(functions)) == (1, before)
    proved("a description that is older than the alias's last move is ignored")
    assert recipe("rollback", "1").returncode == 0
    assert [state(functions)[name][:2] for name in BOTH] == [
        ("1", "version 1, before it version 2"),
        ("2", before[REDELIVERY][1]),
    ]
    proved("rollback goes to the given version; redelivery keeps its newest version with the same mapper")


def test_redelivery_rolls_back_to_the_same_code_and_mapper(functions, recipe, packages, proved):
    content = {"ZipFile": (packages(ARCHITECTURE) / "mapper.zip").read_bytes()}
    # Redelivery has a version more, so that the numbers differ.
    publish(functions, REDELIVERY, MemorySize=256)
    layer = functions.publish_layer_version(LayerName="post-confirmation-mapper", Content=content)["LayerVersionArn"]
    assert [publish(functions, name, Layers=[layer]) for name in BOTH] == ["2", "3"]
    done = recipe("rollback", "1")
    assert done.returncode == 0, done.stderr
    found = state(functions)
    assert [found[name][0] for name in BOTH] == ["1", "2"]
    assert {*map(str, (found[name][2:] for name in BOTH))} == {str((["post-confirmation-mapper:1"],) * 2)}
    assert functions.get_function_configuration(FunctionName=REDELIVERY)["MemorySize"] == 256
    proved("redelivery goes back to its newest version with the trigger's mapper, even if its number differs")

    # A newer version with the same mapper, which has never been live.
    functions.update_function_configuration(FunctionName=REDELIVERY, Layers=[layer], MemorySize=512)
    assert functions.publish_version(FunctionName=REDELIVERY)["Version"] == "4"
    done = recipe("rollback")
    assert (done.returncode, [state(functions)[name][0] for name in BOTH]) == (0, ["2", "3"])
    proved("of two versions with that mapper, redelivery takes the one that was live before")
    done = recipe("rollback", "2")
    assert (done.returncode, done.stdout.count("already"), "maps events" in done.stdout) == (0, 4, False)
    proved("a version that is already live stays")

    for name in BOTH:
        functions.update_function_code(FunctionName=name, ZipFile=zipped(bootstrap=b"of the next release"))
    assert [publish(functions, name, Layers=[layer]) for name in BOTH] == ["3", "5"]
    done = recipe("rollback", "2")
    assert (done.returncode, [state(functions)[name][0] for name in BOTH]) == (0, ["2", "4"])
    proved("redelivery never gets a version with the program of another release")

    another = functions.publish_layer_version(LayerName="post-confirmation-mapper", Content=content)["LayerVersionArn"]
    assert publish(functions, TRIGGER, Layers=[another]) == "4"
    before = state(functions)
    done = recipe("rollback", "4")
    assert done.returncode == 1
    assert "has no version with the code and the mapper of version 4 of post-confirmation" in done.stderr
    assert state(functions) == before
    proved("if redelivery has no version with that mapper, nothing is changed")


def test_a_rollback_after_an_upgrade_leaves_latest_alone(functions, recipe, proved):
    for name in BOTH:
        functions.update_function_code(FunctionName=name, ZipFile=zipped(bootstrap=b"of the next release"))
        assert publish(functions, name, Layers=[]) == "2"
    done = recipe("rollback", "1")
    assert done.returncode == 0, done.stderr
    for name in BOTH:
        version, _, live, latest = state(functions)[name]
        assert (version, live, latest) == ("1", ["post-confirmation-mapper:1"], [])
        assert f"function {name}: $LATEST has other code than version 1, and keeps its mapper; before" in done.stdout
    proved(
        "after a rollback to another release, $LATEST keeps code and mapper that belong together, and rollback says so"
    )


def test_rollback_asks_before_it_uses_a_failing_version(functions, recipe, proved):
    good = {"Variables": {"BACKEND_API_URL": NO_BACKEND}}
    for name in BOTH:
        publish(functions, name, Environment={"Variables": {"BACKEND_API_URL": NO_BACKEND, "MAX_ATTEMPTS": "21"}})
        publish(functions, name, Environment=good, MemorySize=256)
    before = state(functions)
    for answer in ("n\n", ""):
        done = recipe("rollback", "2", answer=answer)
        assert done.returncode == 1, done.stdout
        assert "error: not agreed; nothing was changed. Choose another version with `mapper rollback" in done.stderr
        assert f"{TRIGGER}:2 can't handle an event: Settings.Invalid\n" in done.stdout
        assert "\n  MAX_ATTEMPTS: has to be a number of attempts from 1 to 20\n" in done.stdout
        assert "Make version 2 of post-confirmation live anyway? [y/N]" in done.stdout
        assert ("use `--yes` to agree" in done.stdout) == (answer == "")
        assert state(functions) == before
    proved("rollback asks before it makes a version live that can't start, and shows the log line that says why")
    listed = done.stdout.partition("versions of post-confirmation:\n")[2].splitlines()
    assert [line.split(maxsplit=2)[2] for line in listed] == [
        "post-confirmation-mapper:1 (live)",
        "post-confirmation-mapper:1, can't handle an event: Settings.Invalid",
        "post-confirmation-mapper:1",
    ]
    proved("the versions are listed, and the one that can't handle events is marked")

    publish(functions, REDELIVERY, Environment={"Variables": {"BACKEND_API_URL": NO_BACKEND, "MAX_ATTEMPTS": "21"}})
    functions.update_alias(
        FunctionName=REDELIVERY, Name="live", FunctionVersion="3", Description="version 3, before it version 4"
    )
    before = state(functions)
    done = recipe("rollback", "1")
    assert (done.returncode, state(functions)) == (1, before)
    assert f"{TRIGGER}:1: maps events\n{REDELIVERY}:4 can't handle an event: Settings.Invalid" in done.stdout
    proved("it also asks if redelivery's version can't start")
    done = recipe("rollback", "2", "--yes")
    assert (done.returncode, [state(functions)[name][0] for name in BOTH]) == (0, ["2", "4"]), done.stderr
    proved("with `--yes` any version goes live, and the failure is still shown")


def test_rollback_asks_if_a_version_can_not_be_tried(functions, service, recipe, proved):
    for name in BOTH:
        publish(functions, name, MemorySize=256)
    before = state(functions)
    denied = refused("AccessDeniedException", "not authorized to perform: lambda:InvokeFunction")
    service.answers[f"POST {FUNCTIONS}/{TRIGGER}/invocations"] = lambda _: denied
    done = recipe("rollback", "1")
    assert (done.returncode, state(functions)) == (1, before)
    assert "AccessDeniedException" in done.stdout and "could not be tried: AccessDeniedException" in done.stdout
    assert recipe("rollback", "1", answer="y\n").returncode == 0
    assert [state(functions)[name][0] for name in BOTH] == ["1", "2"]
    proved("it also asks if a version could not be tried")


def test_many_versions_are_listed_from_the_newest(functions, recipe, proved):
    for memory in range(129, 129 + 20):
        publish(functions, TRIGGER, MemorySize=memory)
    done = recipe("rollback", "99")
    listed = done.stdout.splitlines()[1:]
    assert [line.split()[0] for line in listed[:-1]] == [str(number) for number in range(21, 1, -1)]
    assert (done.returncode, listed[-1]) == (1, "  and 1 older ones")
    proved("twenty versions are listed and tried, the others counted")
