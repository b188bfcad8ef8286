"""`doctor` finds each fault of a deployment, names its fix, and reports nothing else."""

import json

import pytest

from support.doctor import DEAD_LETTERS, FUNCTION, REDELIVERY, Deployment
from support.faults import FAULT, WARNING, function, network, queue, trigger, users
from support.intercept import refused
from support.program import ROOT, free_port

EVENT = json.loads((ROOT / "guest/cases/native.event.json").read_text())
EVERY = trigger.FAULTS + function.FAULTS + network.FAULTS + queue.FAULTS + users.FAULTS


@pytest.fixture(scope="module")
def healthy(recipes):
    """A healthy deployment, made by `create` and `attach`, with a way to run recipes on it."""
    recipes.create()
    pool = recipes.new_pool()
    recipes.succeeds("attach", pool, "--yes")
    deployment = Deployment(recipes.account, pool)
    deployment.recipe = recipes.run
    return deployment


@pytest.fixture
def deployment(healthy):
    """The same, to be broken: it is restored afterwards."""
    yield healthy
    healthy.restore()


def findings(deployment, pool=None, function=FUNCTION):
    """The findings of `doctor` as JSON, after checking that its exit status matches them."""
    done = deployment.recipe("doctor", pool or deployment.pool, "--function", function, "--json")
    assert done.stderr == ""
    found = json.loads(done.stdout)
    levels = [finding["level"] for finding in found["findings"]]
    assert (found["faults"], found["warnings"]) == (levels.count(FAULT), levels.count(WARNING))
    assert done.returncode == (1 if FAULT in levels else 0)
    assert all(finding["what"] and finding["why"] and finding["fix"] for finding in found["findings"])
    return found["findings"]


def test_a_healthy_deployment_has_no_fault(deployment, proved):
    done = deployment.recipe("doctor", deployment.pool)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\n0 faults, 0 warnings, 0 checks not made\n")
    lines = done.stdout.splitlines()[:-2]
    assert len(lines) == 26 and all(line.endswith(" ok") for line in lines)
    proved("each check is listed as ok, and both functions pass a dry run")


@pytest.mark.parametrize("inject, check, level, what, fix, follows", EVERY)
def test_doctor_finds_each_fault(inject, check, level, what, fix, follows, deployment, proved):
    inject(deployment)
    found = findings(deployment)
    wrong = {finding["check"]: finding["level"] for finding in found if finding["level"] != "not checked"}
    assert wrong == {check: level} | follows
    [finding] = [finding for finding in found if finding["check"] == check][:1]
    assert what in finding["what"] and fix in finding["fix"]
    # No value of a setting, and no user data.
    assert "c2VjcmV0" not in json.dumps(found) and EVENT["request"]["userAttributes"]["email"] not in json.dumps(found)
    proved(f"{finding['level']}: {finding['what']}")


def test_what_may_be_written_has_no_fault(deployment, proved):
    deployment.may_write()
    deployment.cognito.create_group(UserPoolId=deployment.pool, GroupName="members")
    deployment.set_both(COGNITO_ATTRIBUTES="custom:plan, custom:backend_id", COGNITO_GROUPS="members")
    assert findings(deployment) == []
    proved("attributes of the schema, an existing group and the rights on the pool are no fault")


def test_settings_are_read_as_the_function_reads_them(deployment, proved):
    for allowed in ("ON", " on ", ""):
        deployment.set_both(BACKEND_ALLOW_HTTP=allowed)
        assert findings(deployment) == []
    proved("a switch may be written in capitals, and http on loopback needs none")


def test_checks_that_depend_on_a_missing_part_are_not_made(deployment, proved):
    found = findings(deployment, pool="eu-central-1_Nowhere01")
    assert {finding["check"]: finding["level"] for finding in found} == {
        "pool": FAULT,
        "trigger": "not checked",
        "permission": "not checked",
    }
    assert "AWS_PROFILE" in found[0]["fix"]
    proved("without the pool, everything except its trigger and the permission is checked")

    found = findings(deployment, function="joined")
    wrong = {finding["check"]: finding["fix"] for finding in found if finding["level"] == FAULT}
    assert set(wrong) == {"trigger", "function"}
    assert f"`mapper attach {deployment.pool} --function joined`" in wrong["trigger"]
    assert "`mapper create --function joined`" in wrong["function"]
    assert [finding["level"] for finding in found].count("not checked") == 23
    proved("without the function, every check that depends on it is listed as not made, and fixes name the function")


def test_a_vpc_with_a_nat_gateway_has_no_fault(deployment, proved):
    deployment.route("nat")
    assert findings(deployment) == []
    proved("a NAT gateway is a way out of the VPC")
    variables = deployment.configurations[FUNCTION]["Environment"]["Variables"]
    nowhere = variables | {"BACKEND_API_URL": f"http://127.0.0.1:{free_port()}/"}
    for name, vpc in ((FUNCTION, deployment.subnet), (REDELIVERY, {})):
        deployment.configure(name, VpcConfig=vpc, Environment={"Variables": nowhere})
    [finding] = findings(deployment)
    assert (finding["check"], finding["level"]) == ("backend", WARNING)
    assert "not tried from the function's VPC" in finding["why"]
    proved("if the function is in a VPC, a backend that this machine can't reach is only a warning")


def test_a_check_without_its_right_names_the_right(deployment, proved):
    functions = "/2015-03-31/functions"
    denied = refused("AccessDeniedException", "User: somebody is not authorized to perform this")
    answers = {
        "DescribeUserPool": "cognito-idp:DescribeUserPool",
        f"GET {functions}/{FUNCTION}/policy": "lambda:GetPolicy",
        f"GET {functions}/{REDELIVERY}/configuration": "lambda:GetFunctionConfiguration",
        f"POST {functions}/{FUNCTION}/invocations": "lambda:InvokeFunction",
        "GetQueueAttributes": "sqs:GetQueueAttributes",
    }
    for operation, right in answers.items():
        deployment.account.answers[operation] = lambda _: denied
        found = findings(deployment)
        assert found and all(finding["level"] == "not checked" for finding in found)
        assert f"needs {right}" in {finding["what"] for finding in found}
        assert f"ask for the right {right}" in {finding["fix"] for finding in found}
        deployment.account.answers.clear()
    proved("a refusal of AWS is not a fault: doctor names the right that it needs")

    for operation in answers:
        deployment.account.answers[operation] = lambda _: denied
    done = deployment.recipe("doctor", deployment.pool)
    assert done.returncode == 0
    assert f"{'permission':23}could not be checked: needs cognito-idp:DescribeUserPool\n" in done.stdout
    assert "\n0 faults, 0 warnings, " in done.stdout and not done.stdout.endswith(", 0 checks not made\n")
    proved("the summary counts the checks that were not made")


# Unexpected answers of AWS, and how the CLI passes them on.
ODD = {
    "denied": refused("AccessDeniedException", "User: somebody is not authorized to perform this"),
    "throttled": refused("TooManyRequestsException", "Rate\nexceeded\x1b[31m"),
    "nothing": (200, {}),
    "another form": (200, b"[]"),
    "garbage": (200, b"<html>\n<body>Moved</body>"),
}
# Calls whose answer may have any form: it is not needed, or it is the function's own.
ANY_FORM = ("/concurrency", "/invocations", "DescribeSecret")


@pytest.mark.parametrize("odd", ODD)
def test_an_unexpected_answer_stops_no_other_check(odd, deployment, proved):
    named = f"odd/{odd.replace(' ', '-')}"
    secret = deployment.account.aws.client("secretsmanager").create_secret(Name=named, SecretString="Bearer x")["ARN"]
    deployment.allow(REDELIVERY, "Log", "Queue")
    deployment.set_both(BACKEND_AUTHORIZATION=secret)
    deployment.call(None)
    account = deployment.account
    seen = len(account.calls)
    healthy = {finding["check"]: finding["level"] for finding in findings(deployment)}
    assert healthy["trigger"] == FAULT
    operations = {call.operation for call in account.calls[seen:] if not call.operation.startswith("GET /zips")}
    assert len(operations) >= 12
    for operation in sorted(operations):
        if odd not in ("denied", "throttled") and operation.endswith(ANY_FORM):
            continue
        account.answers[operation] = lambda _: ODD[odd]
        done = deployment.recipe("doctor", deployment.pool)
        account.answers.clear()
        assert done.stderr == "", (operation, done.stderr)
        lines = [line for line in done.stdout.splitlines() if "could not be checked: " in line]
        assert lines and all(map(str.isprintable, lines)), (operation, done.stdout)
        told = (
            operation == "DescribeUserPool"
            or done.stdout.startswith("fault: ")
            and "\n  fix: `mapper attach" in done.stdout
        )
        assert told, (operation, done.stdout)
        assert "\n{:23}".format("logs") in done.stdout and done.stdout.endswith("checks not made\n")
    proved(
        f"any call may be answered like this ({odd}): the fault is still explained, and a line says what is not known"
    )


def test_the_report_lists_faults_first(deployment, proved):
    deployment.call(None)
    deployment.wait(DEAD_LETTERS)
    done = deployment.recipe("doctor", deployment.pool)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"{'pool':23}ok\n{'trigger':23}fault\n{'permission':23}ok\n" in done.stdout
    assert done.stdout.startswith("fault: trigger: ")
    places = "\n  fix: `mapper attach ", "\nwarning: waiting users: ", "`mapper redrive`", f"\n{'pool':23}ok\n"
    assert [*places] == sorted(places, key=done.stdout.index)
    assert done.stdout.endswith("\n1 faults, 1 warnings, 0 checks not made\n")
    proved("faults come first, each with its reason and its fix")
    assert deployment.recipe("doctor").returncode == 2
    done = deployment.recipe("doctor", deployment.pool, FUNCTION)
    assert (done.returncode, f"name the function with `--function {FUNCTION}`" in done.stderr) == (2, True)
    proved("a missing argument is wrong usage; so is a function without `--function`, which the message names")


def test_the_deployment_is_healthy_after_all_faults(deployment, proved):
    assert findings(deployment) == []
    proved("after all faults are repaired, doctor finds nothing")
