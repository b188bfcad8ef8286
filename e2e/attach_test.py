"""`attach` and `detach` change the trigger of a user pool and nothing else."""

import json
from subprocess import run

import pytest

from support.cognito_model import cli_with, model
from support.intercept import refused
from support.pool_settings import DROPPED_BY_MOTO, FUNCTION, SETTINGS
from support.program import MAPPER, announced
from support.zips import zipped

ALIAS = f"{FUNCTION}:post-confirmation:live"
INVOKE = "POST /2015-03-31/functions/post-confirmation/invocations"


@pytest.fixture
def recipe(cli, newest, tmp_path):
    """Runs a recipe in a folder of its own; `knows` are the variables that name the AWS CLI's model."""

    def run_recipe(name, *args, answer="", knows=newest):
        command = [MAPPER, name, *args]
        variables = {variable: value for variable, value in cli.items() if variable not in newest} | knows
        variables["XDG_STATE_HOME"] = str(tmp_path / "state")
        return announced(run(command, env=variables, input=answer, capture_output=True, text=True, cwd=tmp_path))

    return run_recipe


@pytest.fixture
def function(aws, interceptor):
    """The function with its alias, which passes every dry run."""
    interceptor.answers[INVOKE] = lambda _: (200, {"dryRun": {"end": "delivered", "mapper": "0"}})
    role = aws.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    client, code = aws.client("lambda"), {"ZipFile": zipped(bootstrap=b"")}
    name = {"FunctionName": "post-confirmation"}
    client.create_function(**name, Runtime="provided.al2023", Handler="bootstrap", Role=role, Code=code)
    client.create_alias(**name, Name="live", FunctionVersion=client.publish_version(**name)["Version"])
    return client


@pytest.fixture
def pools(aws):
    """boto3's client of Cognito."""
    return aws.client("cognito-idp")


def new_pool(pools, **settings):
    """The id of a pool with `settings`."""
    return pools.create_user_pool(**{"PoolName": "people"} | settings)["UserPool"]["Id"]


def described(pools, pool):
    """The pool's description, without what changes by itself."""
    found = pools.describe_user_pool(UserPoolId=pool)["UserPool"]
    mfa = pools.get_user_pool_mfa_config(UserPoolId=pool)
    return json.loads(json.dumps([found, mfa | {"ResponseMetadata": None}], default=str))


def leaves(value, path=()):
    """The leaves of nested objects, by path."""
    if not isinstance(value, dict):
        return {path: value}
    return {leaf: found for name, part in value.items() for leaf, found in leaves(part, (*path, name)).items()}


def differences(before, after):
    """The paths at which two descriptions of a pool differ."""
    (before, mfa_before), (after, mfa_after) = before, after
    was, found = (leaves({"pool": one, "mfa": mfa}) for one, mfa in ((before, mfa_before), (after, mfa_after)))
    # Moto keeps it next to the setting that replaces it; AWS refuses both together.
    superseded = ("pool", "AdminCreateUserConfig", "UnusedAccountValidityDays")
    return {path for path in was | found if was.get(path) != found.get(path)} - {superseded}


def taken(shapes, shape="UpdateUserPoolRequest", parent=""):
    """The dotted paths of everything in a shape."""
    members = shapes[shape].get("members", {})
    if shapes[shape]["type"] == "list":
        return taken(shapes, shapes[shape]["member"]["shape"], parent)
    found = {f"{parent}.{name}".lstrip("."): member["shape"] for name, member in members.items()}
    return set(found).union(*(taken(shapes, shape, path) for path, shape in found.items()))


def valued(value, parent=""):
    """The dotted paths of everything that has a value, and of the keys of maps."""
    if isinstance(value, list):
        return set().union(*(valued(item, parent) for item in value))
    if not isinstance(value, dict):
        return set()
    found = {f"{parent}.{name}".lstrip("."): part for name, part in value.items()}
    return set(found).union(*(valued(part, path) for path, part in found.items()))


def test_attach_knows_every_setting_of_the_aws_cli(function, pools, recipe, tmp_path_factory, proved):
    settings, ignorant = taken(model()["shapes"]), model()
    members = ignorant["shapes"]["UpdateUserPoolRequest"]["members"]
    ignorant["shapes"]["UpdateUserPoolRequest"]["members"] = {"UserPoolId": members["UserPoolId"]}
    done = recipe("attach", new_pool(pools), "--yes", knows=cli_with(ignorant, tmp_path_factory.mktemp("ignorant")))
    missing = done.stderr.partition(" these settings, which an update would reset: ")[2].partition("\n")[0]
    assert {*missing.split(", "), "UserPoolId"} == settings
    proved(f"`attach` knows the {len(settings)} settings of the newest AWS CLI, so it notices a CLI that lacks some")
    assert settings - valued(SETTINGS) == {"UserPoolId"}
    proved("the test sets each of them")


def test_attach_changes_only_the_trigger(function, pools, recipe, interceptor, tmp_path, proved):
    pool = new_pool(pools, **SETTINGS)
    before = described(pools, pool)
    assert {name: before[0].get(name) for name in SETTINGS if name != "PoolName"} == {
        name: value for name, value in SETTINGS.items() if name != "PoolName"
    }
    done = recipe("attach", pool, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert differences(before, described(pools, pool)) == {("pool", "LambdaConfig", "PostConfirmation")}
    assert pools.describe_user_pool(UserPoolId=pool)["UserPool"]["LambdaConfig"]["PostConfirmation"] == ALIAS
    proved("in a pool with every setting, only LambdaConfig.PostConfirmation has changed afterwards")

    [sent] = interceptor.asked("UpdateUserPool")
    wanted = json.loads(json.dumps(SETTINGS)) | {"UserPoolId": pool}
    wanted["LambdaConfig"]["PostConfirmation"] = ALIAS
    del wanted["AdminCreateUserConfig"]["UnusedAccountValidityDays"]
    assert sent == wanted
    proved("the update sends every setting except UnusedAccountValidityDays, which the newer setting replaces")

    file = tmp_path / f"state/post-confirmation/{pool}.before-1.json"
    saved = json.loads(file.read_text())
    assert saved["UserPool"]["Policies"] == SETTINGS["Policies"]
    assert saved["MfaConfig"]["MfaConfiguration"] == "OPTIONAL"
    assert f"\n{file}: the pool as it was\n" in done.stdout and file.stat().st_mode & 0o77 == 0
    assert [*tmp_path.iterdir()] == [tmp_path / "state"]
    assert f"- {FUNCTION}:somebody-else (this function is no longer called)\n  + {ALIAS}\n" in done.stdout
    proved("attach shows the former function and saves the pool's description in a file of this user's state")

    [permission] = json.loads(function.get_policy(FunctionName="post-confirmation")["Policy"])["Statement"]
    assert permission == {
        "Sid": f"cognito-{pool}",
        "Effect": "Allow",
        "Principal": {"Service": "cognito-idp.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": ALIAS,
        "Condition": {
            "ArnLike": {"AWS:SourceArn": f"arn:aws:cognito-idp:eu-central-1:123456789012:userpool/{pool}"},
            "StringEquals": {"AWS:SourceAccount": "123456789012"},
        },
    }
    order = [
        call.operation for call in interceptor.calls if call.operation == "UpdateUserPool" or "POST" in call.operation
    ]
    assert [call.rpartition("/")[2] for call in order] == ["invocations", "policy", "UpdateUserPool"]
    proved("the alias passes a dry run, and the pool has its permission before the trigger names it")


@pytest.mark.parametrize("name", DROPPED_BY_MOTO)
def test_moto_drops_settings_that_no_update_changes(name, pools, proved):
    pool = new_pool(pools, **{name: DROPPED_BY_MOTO[name]})
    assert described(pools, pool)[0][name] == DROPPED_BY_MOTO[name]
    pools.update_user_pool(UserPoolId=pool)
    assert name not in described(pools, pool)[0]
    proved(f"moto still drops {name}, so pools of these tests are made without it")


def test_moto_accepts_updates_that_aws_refuses(pools, proved):
    pool = new_pool(pools, MfaConfiguration="OPTIONAL")
    pools.update_user_pool(UserPoolId=pool, MfaConfiguration="OFF")
    assert described(pools, pool)[1]["MfaConfiguration"] == "OPTIONAL"
    proved("moto still ignores MfaConfiguration in an update, so these tests check the request")
    pools.update_user_pool(
        UserPoolId=pool,
        AdminCreateUserConfig={"UnusedAccountValidityDays": 5},
        Policies={"PasswordPolicy": {"MinimumLength": 9, "TemporaryPasswordValidityDays": 5}},
    )
    proved("moto accepts UnusedAccountValidityDays together with its replacement, which AWS refuses")


def test_a_lost_setting_is_reported(function, pools, recipe, interceptor, proved):
    pool = new_pool(pools, **{name: DROPPED_BY_MOTO[name] for name in ("UsernameAttributes", "UsernameConfiguration")})

    def off(call):
        pools.set_user_pool_mfa_config(
            UserPoolId=pool, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="OPTIONAL"
        )
        return call.forward()

    interceptor.answers["UpdateUserPool"] = off
    done = recipe("attach", pool, "--yes")
    assert done.returncode == 1
    assert '\n  UsernameAttributes: was ["email"], is not set\n' in done.stderr
    assert "\n  UsernameConfiguration.CaseSensitive: was false, is not set\n" in done.stderr
    assert '\n  (MFA configuration).MfaConfiguration: was "OFF", is "OPTIONAL"\n' in done.stderr
    assert "\n  (MFA configuration).SoftwareTokenMfaConfiguration.Enabled: was not set, is true\n" in done.stderr
    assert f"{pool}.before-1.json holds the pool as it was" in done.stderr
    proved("if another setting has changed, attach exits with 1, names both values, and the file with the former ones")


def test_a_function_that_fails_its_dry_run_is_not_attached(function, pools, recipe, interceptor, proved):
    pool = new_pool(pools)
    before = described(pools, pool)

    def fails(call):
        call.headers["X-Amz-Function-Error"] = "Unhandled"
        return 200, {"errorType": "Settings.Invalid", "errorMessage": "no"}

    interceptor.answers[INVOKE] = fails
    done = recipe("attach", pool, "--yes")
    assert done.returncode == 1
    assert "error: post-confirmation:live can't handle an event: Settings.Invalid" in done.stderr
    assert described(pools, pool) == before
    proved("a function that can't start fails its dry run, and the pool stays as it was")


def test_attach_asks_before_it_changes_the_pool(function, pools, recipe, tmp_path, proved):
    pool = new_pool(pools, LambdaConfig={"PreSignUp": f"{FUNCTION}:before-sign-up"})
    before = described(pools, pool)
    for answer in ("n\n", "\n", ""):
        done = recipe("attach", pool, answer=answer)
        assert (done.returncode, done.stderr) == (1, "error: not agreed; nothing was changed\n")
    assert described(pools, pool) == before
    assert list(tmp_path.iterdir()) == []
    proved("nothing changes without a yes")

    saved = tmp_path / "state/post-confirmation"
    saved.mkdir(parents=True)
    (saved / f"{pool}.before-1.json").write_text("older")
    assert recipe("attach", pool, answer="y\n").returncode == 0
    assert differences(before, described(pools, pool)) == {("pool", "LambdaConfig", "PostConfirmation")}
    assert (saved / f"{pool}.before-1.json").read_text() == "older"
    assert (saved / f"{pool}.before-2.json").exists()
    proved("after a yes the trigger is set next to the other one, and an older description is kept")


def test_attaching_again_fixes_only_the_permission(function, pools, recipe, interceptor, proved):
    pool = new_pool(pools)
    assert recipe("attach", pool, "--yes").returncode == 0
    before = described(pools, pool)
    done = recipe("attach", pool)
    assert done.returncode == 0
    assert f"permission cognito-{pool}: exists\n" in done.stdout
    assert "already; nothing to change" in done.stdout
    proved("a second run changes nothing")

    name = {"FunctionName": "post-confirmation", "StatementId": f"cognito-{pool}", "Qualifier": "live"}
    function.remove_permission(**name)
    assert f"permission cognito-{pool}: added\n" in recipe("attach", pool).stdout
    proved("a missing permission is added again")

    function.remove_permission(**name)
    function.add_permission(**name, Action="lambda:InvokeFunction", Principal="cognito-idp.amazonaws.com")
    interceptor.calls.clear()
    assert f"permission cognito-{pool}: replaced\n" in recipe("attach", pool).stdout
    [permission] = json.loads(function.get_policy(FunctionName="post-confirmation")["Policy"])["Statement"]
    assert permission["Condition"]["StringEquals"] == {"AWS:SourceAccount": "123456789012"}
    sid, calls = f"cognito-{pool}", (call.operation for call in interceptor.calls if "/policy" in call.operation)
    changes = [f"{call.split()[0]} {call.partition('/policy')[2]}" for call in calls if not call.startswith("GET")]
    assert changes == ["POST ", f"DELETE /{sid}", "POST ", f"DELETE /{sid}-meanwhile"]
    proved("a permission that allows too much is replaced, and a temporary one covers the gap")
    assert len(interceptor.asked("UpdateUserPool")) == 0 and described(pools, pool) == before
    proved("the pool was not updated")


def test_detach_removes_the_trigger_and_the_permission(function, pools, recipe, proved):
    pool = new_pool(pools, LambdaConfig={"PreSignUp": f"{FUNCTION}:before-sign-up"})
    before = described(pools, pool)
    assert recipe("attach", pool, "--yes").returncode == 0
    done = recipe("detach", pool, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert differences(before, described(pools, pool)) == set()
    with pytest.raises(function.exceptions.ResourceNotFoundException):
        function.get_policy(FunctionName="post-confirmation")
    proved("after attach and detach the pool is as before, and may call nothing")

    done = recipe("detach", pool)
    assert done.returncode == 0
    assert "nothing to change" in done.stdout and "there was none" in done.stdout
    proved("a second detach does nothing")

    pools.update_user_pool(UserPoolId=pool, LambdaConfig={"PostConfirmation": f"{FUNCTION}:post-confirmation-2:live"})
    before = described(pools, pool)
    done = recipe("detach", pool, "--yes")
    assert done.returncode == 1
    assert f"calls another function, {FUNCTION}:post-confirmation-2:live; nothing was changed" in done.stderr
    assert described(pools, pool) == before
    proved("detach keeps the trigger of another function")


def test_an_old_aws_cli_is_refused_and_a_newer_one_works(
    function, pools, recipe, interceptor, tmp_path_factory, proved
):
    pool = new_pool(pools)
    done = recipe("attach", pool, "--yes", knows={})
    assert done.returncode == 1
    assert "these settings, which an update would reset: AcrConfiguration, DcrConfiguration, " in done.stderr
    assert interceptor.asked("UpdateUserPool") == []
    proved("version 1 of the AWS CLI lacks new settings and is refused before anything changes")

    older, newer = model(), model()
    del older["shapes"]["LambdaConfigType"]["members"]["InboundFederation"]
    done = recipe("attach", pool, "--yes", knows=cli_with(older, tmp_path_factory.mktemp("older")))
    assert done.returncode == 1
    assert "would reset: LambdaConfig.InboundFederation, LambdaConfig.InboundFederation.LambdaArn, " in done.stderr
    proved("a CLI that lacks a single nested setting is refused too")

    for shape in ("UpdateUserPoolRequest", "UserPoolType"):
        newer["shapes"][shape]["members"]["FutureSetting"] = {"shape": "StringType"}

    def describe(call):
        status, answer = call.forward()
        answer["UserPool"]["FutureSetting"] = "on"
        return status, answer

    interceptor.answers["DescribeUserPool"] = describe
    done = recipe("attach", pool, "--yes", knows=cli_with(newer, tmp_path_factory.mktemp("newer")))
    assert (done.returncode, done.stderr) == (0, "")
    assert interceptor.asked("UpdateUserPool")[0]["FutureSetting"] == "on"
    proved("settings that only a newer AWS CLI knows are sent back too")


def test_a_refused_update_leaves_the_pool_unchanged(function, pools, recipe, interceptor, proved):
    pool = new_pool(pools)
    before = described(pools, pool)
    interceptor.answers["UpdateUserPool"] = lambda _: refused("ConcurrentModificationException", "One at a time")
    done = recipe("attach", pool, "--yes")
    assert done.returncode == 1
    assert "one update of a pool at a time, and another one is running; run this again" in done.stderr
    interceptor.answers["UpdateUserPool"] = lambda _: refused("InvalidParameterException", "No such role")
    done = recipe("attach", pool, "--yes")
    assert done.returncode == 1
    assert "InvalidParameterException: No such role\nAWS refused the update, so the pool is as it was" in done.stderr
    assert described(pools, pool) == before
    proved("an update that AWS refuses is reported with its reason, and that nothing was changed")


def test_a_concurrent_change_of_the_pool_is_kept(function, pools, recipe, interceptor, proved):
    pool = new_pool(pools)

    def describe(call):
        if len(interceptor.asked("DescribeUserPool")) == 2:
            pools.update_user_pool(UserPoolId=pool, UserPoolTags={"by": "somebody else"})
        return call.forward()

    interceptor.answers["DescribeUserPool"] = describe
    done = recipe("attach", pool, answer="y\n")
    assert done.returncode == 1
    assert "was changed by somebody else meanwhile; nothing was changed here, run this again" in done.stderr
    assert described(pools, pool)[0]["UserPoolTags"] == {"by": "somebody else"}
    assert interceptor.asked("UpdateUserPool") == []
    proved("a change between the question and the answer stops attach, which would undo it")


def test_empty_and_superseded_settings_are_not_sent(function, pools, recipe, interceptor, proved):
    pool = new_pool(pools, AdminCreateUserConfig={"AllowAdminCreateUserOnly": False, "UnusedAccountValidityDays": 5})
    interceptor.answers["DescribeUserPool"] = describe_with(
        {
            "AccountRecoverySetting": {"RecoveryMechanisms": []},
            "AutoVerifiedAttributes": [],
            "SmsAuthenticationMessage": "",
            "EmailConfiguration": {"ReplyToEmailAddress": "", "EmailSendingAccount": "COGNITO_DEFAULT"},
            "UserPoolAddOns": {},
            "Policies": {"PasswordPolicy": {"MinimumLength": 9}},
        }
    )
    done = recipe("attach", pool, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    [sent] = interceptor.asked("UpdateUserPool")
    assert sent["AutoVerifiedAttributes"] == []
    assert sent["EmailConfiguration"] == {"EmailSendingAccount": "COGNITO_DEFAULT"}
    assert not {"AccountRecoverySetting", "SmsAuthenticationMessage", "UserPoolAddOns"} & set(sent)
    proved("empty values that AWS shows and refuses are not sent")
    assert sent["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": False, "UnusedAccountValidityDays": 5}
    proved("UnusedAccountValidityDays is sent if it is in force")


def describe_with(more):
    """Answers describe-user-pool as moto does, with `more`."""

    def describe(call):
        status, answer = call.forward()
        return status, {"UserPool": answer["UserPool"] | more}

    return describe


def test_a_missing_pool_function_or_argument_is_reported(pools, recipe, proved):
    done = recipe("attach", "eu-central-1_Nowhere01", "--yes")
    assert done.returncode == 1
    assert "no user pool eu-central-1_Nowhere01 in this account and region" in done.stderr
    done = recipe("attach", new_pool(pools), "--yes")
    assert done.returncode == 1
    assert "there is no function post-confirmation with an alias live" in done.stderr
    assert recipe("attach").returncode == 2
    proved("a missing pool, function or argument is reported")
