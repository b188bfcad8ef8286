"""`swap` swaps mappers under the packaged program, with functions that run."""

import base64
import hashlib
import json
import re
import shutil
import zipfile

import pytest

from support.deployed import (
    BOTH,
    COMPONENT,
    EVENT,
    NO_BACKEND,
    REDELIVERY,
    TRIGGER,
    client_of,
    confirmed,
    deploy,
    event,
    publish,
    send,
    state,
)
from support.intercept import refused
from support.lambda_service import FUNCTIONS, LAYERS
from support.program import ROOT, program_beside
from support.stack import ARCHITECTURE
from support.zips import zipped

TARGETS = {"x86_64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}


@pytest.fixture(scope="session")
def in_javascript(tmp_path_factory):
    """A mapper in JavaScript with one attribute more than the default mapper."""
    folder = tmp_path_factory.mktemp("mapper") / "accounts"
    shutil.copytree(ROOT / "examples/mapper-js", folder, ignore=shutil.ignore_patterns("mapper.wasm"))
    source, part = (folder / "mapper.js").read_text("utf-8"), "'email', 'email_verified',"
    assert source.count(part) == 1
    (folder / "mapper.js").write_text(source.replace(part, part + " 'locale',"), "utf-8")
    for case in (folder / "cases").iterdir():
        if case.name not in (EVENT.name, "native.expected.json"):
            case.unlink()
    expected = json.loads((folder / "cases/native.expected.json").read_bytes())
    expected["deliver"]["body"]["locale"] = json.loads(EVENT.read_bytes())["request"]["userAttributes"]["locale"]
    (folder / "cases/native.expected.json").write_text(json.dumps(expected))
    return folder


def test_a_mapper_is_swapped_and_rolled_back(service, recipe, backend, packages, in_javascript, proved):
    packages(ARCHITECTURE)
    done = recipe("create", "--set", f"BACKEND_API_URL={backend.url}", "--arch", ARCHITECTURE)
    assert done.returncode == 0, done.stderr
    client = client_of(service)
    assert confirmed(service, "first") == (None, event("first"))
    fields, programs = {*backend.users[0]}, {service.function(TRIGGER).digest()}
    proved("the backend gets a user from the default mapper")

    # Other layers, before and after.
    for name in BOTH:
        others = [
            client.publish_layer_version(LayerName=layer, Content={"ZipFile": zipped(**{layer: name})})
            for layer in ("before", "after")
        ]
        arns = [other["LayerVersionArn"] for other in others]
        [mapper] = client.get_function_configuration(FunctionName=name)["Layers"]
        client.update_function_configuration(FunctionName=name, Layers=[arns[0], mapper["Arn"], arns[1]])
    sqs = service.aws.client("sqs")
    url = sqs.get_queue_url(QueueName="post-confirmation-undelivered")["QueueUrl"]
    send(sqs, url, event("waiting"))
    before = state(client)
    done = recipe("swap", in_javascript, answer="n\n")
    assert (done.returncode, "error: not agreed; nothing was changed" in done.stderr) == (1, True)
    assert '"locale"' in done.stdout
    assert "Put this mapper into post-confirmation and post-confirmation-redelivery? [y/N]" in done.stdout
    assert done.stdout.count(" differs from the live version, and this goes live too: Layers.\n") == 2
    assert state(client) == before
    assert len(client.list_layer_versions(LayerName="post-confirmation-mapper")["LayerVersions"]) == 1
    proved("swap shows what the new mapper, in JavaScript, does differently; without a yes nothing changes")

    # Not the folder again: another build has other bytes.
    component = in_javascript / "mapper.wasm"
    done = recipe("swap", component, answer="y\n")
    assert done.returncode == 0, done.stderr
    after = state(client)
    for name in BOTH:
        version, described, live, latest = after[name]
        assert (version, described) == ("2", "version 2, before it version 1")
        assert [layer.split(":")[0] for layer in live] == ["before", "post-confirmation-mapper", "after"]
        assert (live[1], latest) == ("post-confirmation-mapper:2", live)
        for qualifier in ("2", "live"):
            assert f"{name}:{qualifier}: maps native.event.json, which would be delivered\n" in done.stdout
    # What is tried does not count as a user.
    assert len(backend.users) == 1
    steps = re.findall(r"^(function|alias)? ?(post-confirmation[a-z-]*(?::\w+)?): ", done.stdout, re.MULTILINE)
    assert [step for step in steps if step[0] != "function"] == [
        ("", f"{REDELIVERY}:2"),
        ("", f"{TRIGGER}:2"),
        ("alias", f"{REDELIVERY}:live"),
        ("", f"{REDELIVERY}:live"),
        ("alias", f"{TRIGGER}:live"),
        ("", f"{TRIGGER}:live"),
    ]
    proved("both functions' new versions are tried before they are live; the other layers and their order stay")

    assert confirmed(service, "second") == (None, event("second"))
    assert {*backend.users[1]} == fields | {"locale"}
    assert service.redeliver(REDELIVERY) == []
    assert (backend.users[2]["cognito_id"], {*backend.users[2]}) == ("waiting", fields | {"locale"})
    programs.add(service.function(TRIGGER).digest())
    assert len(programs) == 1
    proved("the next user has one field more, and so has the user who waited in the queue; the program is the same")

    done = recipe("swap", component, "--yes")
    assert (done.returncode, state(client)) == (0, after)
    assert "This mapper is live already; nothing to change.\n" in done.stdout
    proved("a swap to the same mapper changes nothing")

    done = recipe("rollback")
    assert done.returncode == 0, done.stderr
    for name in BOTH:
        version, described, live, latest = state(client)[name]
        assert (version, described) == ("1", "version 1, before it version 2")
        assert live == latest == ["post-confirmation-mapper:1"]
    assert confirmed(service, "third") == (None, event("third"))
    assert {*backend.users[3]} == fields
    proved("after a rollback the next user is as before, and so is the next version")
    done = recipe("rollback")
    assert (done.returncode, state(client)[TRIGGER][0]) == (0, "2")
    assert confirmed(service, "fourth") == (None, event("fourth"))
    assert {*backend.users[4]} == fields | {"locale"}
    proved("a second rollback undoes the first")


PLACES = {
    "a layer that can't be put into redelivery": (f"PUT {FUNCTIONS}/{REDELIVERY}/configuration", 1),
    "a version that can't be published": (f"POST {FUNCTIONS}/{REDELIVERY}/versions", 1),
    "a dry run that redelivery fails": (f"POST {FUNCTIONS}/{REDELIVERY}/invocations", 1),
    "an alias that can't be moved": (f"PUT {FUNCTIONS}/{TRIGGER}/aliases/live", 1),
    "a dry run that the trigger fails when it is live": (f"POST {FUNCTIONS}/{TRIGGER}/invocations", 2),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_failed_swap_is_undone(place, functions, service, recipe, proved):
    # Somebody has changed a function and not published it.
    functions.update_function_configuration(FunctionName=REDELIVERY, MemorySize=256)
    before, (operation, at) = state(functions), PLACES[place]
    service.answers[operation] = failing(service, operation, at)
    done = recipe("swap", COMPONENT, "--yes")
    assert done.returncode == 1
    assert "KMSDisabledException: not now" in done.stderr
    assert (
        "Note: $LATEST of post-confirmation-redelivery differs from the live version, and this goes live too: "
        "MemorySize." in (done.stdout)
    )
    assert "That failed; restoring the former state\n" in done.stdout
    assert done.stdout.endswith("Both functions have their former mapper.\n")
    assert state(functions) == before
    assert functions.get_function_configuration(FunctionName=REDELIVERY)["MemorySize"] == 256
    proved(f"{place}: the error is shown, and aliases and layers are restored")


def failing(service, operation, at):
    """An answer that refuses the call number `at` of an operation, counted from now."""
    before = len(service.asked(operation))

    def answer(call):
        if len(service.asked(operation)) - before == at:
            return refused("KMSDisabledException", "not now")
        del service.answers[operation]
        try:
            return service.answer(call)
        finally:
            service.answers[operation] = answer

    return answer


def test_an_upgrade_moves_program_and_mapper_together(aws, service, recipe, packages, tmp_path, proved):
    package, former = packages(ARCHITECTURE), tmp_path / "former.zip"
    shutil.copy(package / "function.zip", former)
    with zipfile.ZipFile(former, "a") as another:
        another.writestr("release", "the former one")
    client = client_of(service)
    deploy(client, aws, ARCHITECTURE, former, package / "mapper.zip")

    def codes(qualifier):
        return {
            client.get_function_configuration(FunctionName=name, Qualifier=qualifier)["CodeSha256"] for name in BOTH
        }

    before, code = state(client), codes("live")
    broken = program_beside(
        tmp_path / "release", {f"function-{ARCHITECTURE}.zip": zipped(bootstrap="#!/bin/sh\nexit 1\n")}
    )
    done = recipe("swap", COMPONENT, "--with-host", "--yes", program=broken)
    assert (done.returncode, "Runtime.ExitError" in done.stderr) == (1, True), done.stderr
    assert (state(client), codes("live"), codes("$LATEST")) == (before, code, code)
    proved("a program that can't start never goes live, and code and mapper are restored")

    done = recipe("swap", COMPONENT, "--with-host", "--yes")
    assert done.returncode == 0, done.stderr
    assert len(code) == 1 and codes("live") == {digest(package / "function.zip")} != code
    assert {state(client)[name][2][0] for name in BOTH} == {"post-confirmation-mapper:3"}
    proved("with --with-host, a new program and a mapper of its release go live together")
    done = recipe("swap", COMPONENT, "--with-host", "--yes")
    assert (done.returncode, "nothing to change" in done.stdout) == (0, True)
    proved("a second upgrade changes nothing")


def test_a_swap_that_can_not_be_undone_is_reported(functions, service, recipe, proved):
    alias, layers = f"PUT {FUNCTIONS}/{TRIGGER}/aliases/live", f"PUT {FUNCTIONS}/{TRIGGER}/configuration"
    # The alias moves, the function fails when it is live, and neither alias nor layers can be moved back.
    service.answers[alias] = failing(service, alias, 2)
    service.answers[layers] = failing(service, layers, 2)
    invocations = f"POST {FUNCTIONS}/{TRIGGER}/invocations"
    service.answers[invocations] = failing(service, invocations, 2)
    done = recipe("swap", COMPONENT, "--yes")
    assert done.returncode == 1
    first, heading, *rest = done.stderr[done.stderr.index("error: ") :].strip().split("\n")
    assert first == "error: aws lambda invoke: KMSDisabledException: not now"
    assert heading == "Not everything could be restored:"
    assert rest == [
        "  post-confirmation: aws lambda update-alias: KMSDisabledException: not now",
        "  post-confirmation: aws lambda update-function-configuration: KMSDisabledException: not now",
    ]
    assert state(functions)[REDELIVERY] == ("1", "", *2 * [["post-confirmation-mapper:1"]])
    proved("changes that AWS does not let it undo are reported with the first error; the others are undone")


def test_a_mapper_that_fails_only_when_deployed_is_not_live(functions, service, recipe, proved):
    variables = {"BACKEND_API_URL": NO_BACKEND, "MAPPER_ENV_USERS_PATH": "https://elsewhere.example.com/"}
    publish(functions, REDELIVERY, Environment={"Variables": variables})
    before = state(functions)
    done = recipe("swap", COMPONENT, "--yes")
    assert done.returncode == 1
    assert "error: post-confirmation-redelivery:3 can't handle an event: Mapper.AnswerRefused" in done.stderr
    assert ":live: updated" not in done.stdout
    assert state(functions) == before
    proved("a mapper that fails with redelivery's settings is replaced before it gets an event")

    publish(functions, REDELIVERY, Environment={"Variables": {"BACKEND_API_URL": NO_BACKEND}})
    before = state(functions)
    service.answers[f"POST {FUNCTIONS}/{TRIGGER}/invocations"] = lambda _: (
        200,
        {"dryRun": {"end": "delivered", "mapper": "another"}},
    )
    done = recipe("swap", COMPONENT, "--yes")
    assert done.returncode == 1
    assert "error: post-confirmation:3 maps with the mapper another instead of the new one, " in done.stderr
    assert state(functions) == before
    proved("a function that answers with another mapper than the new one is restored too")


def test_an_invalid_mapper_changes_nothing(functions, service, recipe, tmp_path, proved):
    before = state(functions)
    (tmp_path / "text.wasm").write_text("no component")
    (tmp_path / "empty").mkdir()
    for mapper, status in ((tmp_path / "text.wasm", 1), (tmp_path / "empty", 1), (tmp_path / "nothing.wasm", 2)):
        done = recipe("swap", mapper, "--yes")
        assert done.returncode == status, done.stderr
    assert recipe("swap", EVENT, "--yes").returncode == 2
    done = recipe("swap", COMPONENT, "--yes", "--function", "other")
    assert done.returncode == 1
    assert "error: there is no function other with an alias live in this account and region; make it" in done.stderr
    assert state(functions) == before
    assert service.asked(f"POST {LAYERS}/post-confirmation-mapper/versions") != []
    assert len(functions.list_layer_versions(LayerName="post-confirmation-mapper")["LayerVersions"]) == 1
    proved("an invalid mapper or a missing function is refused before anything changes")


def test_a_mapper_for_another_processor_is_compiled_for_it(aws, service, recipe, packages, proved):
    other = "arm64" if ARCHITECTURE == "x86_64" else "x86_64"
    client = client_of(service)
    deploy(client, aws, other, *(packages(other) / f"{name}.zip" for name in ("function", "mapper")))

    def dry_run(_):
        return 200, {"dryRun": {"end": "delivered", "mapper": published(client, service)["component"]["sha256"]}}

    for name in BOTH:
        service.answers[f"POST {FUNCTIONS}/{name}/invocations"] = dry_run
    done = recipe("swap", COMPONENT, "--yes")
    assert done.returncode == 0, done.stderr
    said = f"The deployed mapper is native code for {TARGETS[other]}, so what the swap changes can't be shown"
    assert said in done.stdout
    assert published(client, service)["target"] == TARGETS[other]
    assert [state(client)[name][0] for name in BOTH] == ["2", "2"]
    proved(f"for a function of {other} the mapper is compiled for it, and swap says that it can't compare it here")


def published(client, service):
    """The manifest in the newest version of the layer."""
    newest = client.list_layer_versions(LayerName="post-confirmation-mapper")["LayerVersions"][0]["LayerVersionArn"]
    with zipfile.ZipFile(service._layer(newest)) as layer:
        return json.loads(layer.read("mapper.json"))


def test_an_unreadable_deployed_mapper_is_replaced(functions, recipe, packages, proved):
    def deployed(**files):
        content = {"ZipFile": zipped(**files)}
        arn = functions.publish_layer_version(LayerName="post-confirmation-mapper", Content=content)["LayerVersionArn"]
        return [publish(functions, name, Layers=[arn]) for name in BOTH]

    for files, said in (
        ({"mapper.cwasm": b""}, "can't be read, so what the swap changes is not shown: it has no mapper.json\n"),
        (
            {"mapper.cwasm": b"", "mapper.json": b"{"},
            "can't be read, so what the swap changes is not shown: its mapper.json is not JSON: ",
        ),
        (
            {"mapper.cwasm": b"", "mapper.json": json.dumps({"target": TARGETS[ARCHITECTURE]})},
            "The deployed mapper can't be compared on this machine, so what the swap changes is not shown.",
        ),
    ):
        versions_before = deployed(**files)
        done = recipe("swap", COMPONENT, "--yes")
        assert (done.returncode, said in done.stdout) == (0, True), done.stdout + done.stderr
        assert [len(state(functions)[name][2]) for name in BOTH] == [1, 1]
        assert int(state(functions)[TRIGGER][0]) == int(versions_before[0]) + 1
    proved("a layer without image or manifest, or with broken ones, is replaced")

    for name in BOTH:
        publish(functions, name, Layers=[])
    done = recipe("swap", COMPONENT, "--yes")
    assert (done.returncode, "No mapper is deployed, so there is nothing to compare with.\n" in done.stdout) == (
        0,
        True,
    )
    layers = state(functions)[TRIGGER][2]
    assert [layer.split(":")[0] for layer in layers] == ["post-confirmation-mapper"]
    proved("if there is no mapper yet, it is added")


def test_without_the_functions_program_nothing_is_changed(functions, recipe, tmp_path, proved):
    before = state(functions)
    for folder, advice in (
        ("alone", ", which is installed with `mapper`; install the whole package again"),
        ("target/dist", f"; build it with `just package {ARCHITECTURE}`"),
    ):
        alone = program_beside(tmp_path / folder, {})
        done = recipe("swap", COMPONENT, "--with-host", "--yes", program=alone)
        missing = f"{alone.parent}/function-{ARCHITECTURE}.zip"
        assert (done.returncode, done.stderr) == (1, f"error: {missing} is missing{advice}\n")
    assert state(functions) == before
    proved("if the function's program is missing, it says how to get it: installed, and in a checkout")


def digest(file):
    """The SHA-256 of a file as Lambda shows it."""
    return base64.b64encode(hashlib.sha256(file.read_bytes()).digest()).decode()
