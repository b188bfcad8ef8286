"""The stack that deploy/template.yaml makes with the values of its parameters."""

import re
from itertools import product

import pytest
from awscli.customizations.cloudformation.yamlhelper import yaml_parse

from support.aws import ACCOUNT, REGION
from support.program import ROOT
from support.rights import rights_of_create
from support.template import (
    ALL,
    EXPLAINED,
    KEY,
    PARAMETER,
    POOL,
    SECRET,
    TEMPLATE,
    TOPIC,
    URL,
    VALUES,
    TemplateStack,
    alarms,
    findings,
    linted,
    rights,
    rights_of,
    source,
    template_stack,
)


def changed(text, *changes):
    """The text with each pair (old, new) replaced; it holds every old one."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def test_cfn_lint_finds_only_explained_problems(proved):
    assert findings(TEMPLATE) == {("W3011", "Trigger"), ("W3011", "Redelivery")}
    # W3002: the nested template is uploaded by `aws cloudformation package`.
    assert findings(source("with-pool")) == {("W3002", "PostConfirmation")}
    assert findings(source("alarms")) == findings(source("dashboard")) == set()
    assert linted(TEMPLATE) == EXPLAINED
    proved("cfn-lint finds only the explained problems in the templates and in SAM's expansion of them")


@pytest.mark.parametrize(
    ("what", "change", "rule"),
    [
        ("a runtime that does not exist", ("Runtime: provided.al2023", "Runtime: provided.al2029"), "E3030"),
        ("a reference to nothing", ("ON_UNDELIVERED: !Ref OnUndelivered", "ON_UNDELIVERED: !Ref Nothing"), "E1020"),
        ("a timeout beyond Lambda's", ("Timeout: 30", "Timeout: 901"), "E3717"),
        ("a retention beyond SQS's", ("MessageRetentionPeriod: 1209600 ", "MessageRetentionPeriod: 1209601 "), "E3034"),
        ("a misspelt property", ("SqsManagedSseEnabled", "SqsManagedSse"), "E3002"),
        ("a cycle", ("LogGroupName: !Sub", "KmsKeyId: !Ref Trigger\n      LogGroupName: !Sub"), "E3004"),
    ],
)
def test_a_mistake_in_the_template_is_found(what, change, rule, proved):
    assert rule in {found for found, _ in linted(changed(TEMPLATE, change))}
    proved(f"{what} is found ({rule})")


def test_a_pool_in_the_same_stack_makes_no_cycle(proved):
    text = source("with-pool")
    passed = ("BackendApiUrl: !Ref BackendApiUrl", "BackendApiUrl: !Ref BackendApiUrl\n        UserPoolId: !Ref Pool")
    assert {"E3004"} == {rule for rule, _ in findings(changed(text, passed)) if rule.startswith("E")}
    resources = yaml_parse(text)["Resources"]
    alias = {"Fn::GetAtt": ["PostConfirmation", "Outputs.FunctionAliasArn"]}
    assert resources["Pool"]["Properties"]["LambdaConfig"] == {"PostConfirmation": alias}
    assert resources["PoolMayInvoke"]["Properties"] == {
        "FunctionName": alias,
        "Action": "lambda:InvokeFunction",
        "Principal": "cognito-idp.amazonaws.com",
        "SourceAccount": {"Ref": "AWS::AccountId"},
        "SourceArn": {"Fn::GetAtt": ["Pool", "Arn"]},
    }
    assert "FunctionAliasArn" in yaml_parse(TEMPLATE)["Outputs"]
    proved("with-pool.yaml: the pool names the alias, the permission names both, and the test would find a cycle")


# The first would be the cycle; the others are the same in every deployment of the example.
NOT_PASSED = {"UserPoolId"} | {"OnUndelivered", "MaximumConcurrency", "LogRetentionDays", "FunctionName", "Dashboard"}


def test_a_pool_in_the_same_stack_drops_no_secret(proved):
    pool, nested = yaml_parse(source("with-pool")), yaml_parse(TEMPLATE)["Parameters"]
    passed = nested.keys() - NOT_PASSED
    assert NOT_PASSED < nested.keys()
    assert pool["Parameters"] == {name: nested[name] for name in passed}
    given = pool["Resources"]["PostConfirmation"]["Properties"]["Parameters"]
    assert given == {name: {"Ref": name} for name in passed}
    assert all("Default" in nested[name] for name in NOT_PASSED)
    proved(f"with-pool.yaml takes the same values as template.yaml, and passes on {', '.join(sorted(passed))}")


@pytest.mark.parametrize(("parameters", "name"), [({}, "post-confirmation"), (ALL, "sign-ups")])
def test_the_stack_has_the_names_and_limits_of_the_recipes(parameters, name, proved):
    it = template_stack(**parameters)
    found = it.of_type("Lambda::Function")
    for function, timeout in (("Trigger", 6), ("Redelivery", 30)):
        common = {"Runtime": "provided.al2023", "Handler": "bootstrap", "MemorySize": 128, "Timeout": timeout}
        assert common.items() <= found[function].items()
        assert found[function]["Architectures"] == ["x86_64"]
        assert found[function]["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": f"{function}Log"}
        (alias,) = (alias for alias in it.of_type("Lambda::Alias") if alias.startswith(function))
        assert it.resources[alias]["Name"] == "live"
    assert [found["Trigger"]["FunctionName"], found["Redelivery"]["FunctionName"]] == [name, f"{name}-redelivery"]
    assert {layer["LayerName"] for layer in it.of_type("Lambda::LayerVersion").values()} == {f"{name}-mapper"}
    days = int(it.parameters["LogRetentionDays"])
    groups = {group["LogGroupName"]: int(group["RetentionInDays"]) for group in it.of_type("Logs::LogGroup").values()}
    assert groups == {f"/aws/lambda/{name}": days, f"/aws/lambda/{name}-redelivery": days}
    proved(f"both functions of {name}: provided.al2023, 128 MB, 6 and 30 s, alias live, JSON, own log groups")


def test_the_queues_keep_users_14_days_and_outlive_the_stack(proved):
    it = template_stack()
    queues = it.of_type("SQS::Queue")
    assert {queue["QueueName"] for queue in queues.values()} == {
        "post-confirmation-undelivered",
        "post-confirmation-dead-letters",
    }
    for name, queue in queues.items():
        assert (queue["MessageRetentionPeriod"], queue["SqsManagedSseEnabled"]) == (14 * 24 * 3600, True)
        kept = it.template["Resources"][name]
        assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    dead = f"arn:aws:sqs:{REGION}:{ACCOUNT}:post-confirmation-dead-letters"
    assert queues["Undelivered"]["RedrivePolicy"] == {"deadLetterTargetArn": dead, "maxReceiveCount": 5}
    timeout = it.of_type("Lambda::Function")["Redelivery"]["Timeout"]
    assert queues["Undelivered"]["VisibilityTimeout"] == 6 * timeout
    proved("both queues: 14 days, encrypted, kept if the stack is deleted; visibility six times redelivery's timeout")


def test_redelivery_reads_the_queue_and_reports_failed_records(proved):
    (mapping,) = template_stack(MaximumConcurrency="7").of_type("Lambda::EventSourceMapping").values()
    assert mapping == {
        "FunctionName": "RedeliveryAliaslive",
        "EventSourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:post-confirmation-undelivered",
        "BatchSize": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": "7"},
    }
    proved("the mapping: alias live, batches of ten, ReportBatchItemFailures, MaximumConcurrency as given")


def test_only_one_pool_may_call_the_alias(proved):
    assert template_stack().of_type("Lambda::Permission") == {}
    assert template_stack(UserPoolId=POOL).of_type("Lambda::Permission") == {
        "CognitoMayInvoke": {
            "FunctionName": "TriggerAliaslive",
            "Action": "lambda:InvokeFunction",
            "Principal": "cognito-idp.amazonaws.com",
            "SourceAccount": ACCOUNT,
            "SourceArn": f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{POOL}",
        }
    }
    proved("the permission: cognito-idp.amazonaws.com for this pool and account, on live; without a pool, none")


def test_the_roles_allow_only_what_the_options_need(proved):
    combinations = list(product(["", SECRET, PARAMETER], ["", SECRET, PARAMETER], ["", KEY]))
    for authorization, signing, key in combinations:
        it = template_stack(BackendAuthorizationArn=authorization, BackendSigningSecretArn=signing, SecretsKeyArn=key)
        assert it.of_type("IAM::Role").keys() == {"TriggerRole", "RedeliveryRole"}
        for role, suffix in (("TriggerRole", ""), ("RedeliveryRole", "-redelivery")):
            own_key = {("kms:Decrypt", key)} if key else set()
            found = rights_of(it, role)
            assert found == rights_of_create(f"post-confirmation{suffix}", authorization, signing) | own_key
            assert not {"*", ""} & {resource for _, resource in found}
            (trust,) = it.resources[role]["AssumeRolePolicyDocument"]["Statement"]
            assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
    proved(
        f"both roles, in {len(combinations)} combinations of options: what `create` gives, and the key's; nothing on *"
    )


@pytest.mark.parametrize(("attributes", "groups"), [*product(["", "custom:backend_id"], ["", "members"])])
def test_the_roles_may_write_only_what_is_listed(attributes, groups, proved):
    lists = {"CognitoAttributes": attributes, "CognitoGroups": groups}
    rights_by_list = ("AdminUpdateUserAttributes", attributes), ("AdminAddUserToGroup", groups)
    actions = [f"cognito-idp:{action}" for action, listed in rights_by_list if listed]
    arn = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{POOL}"
    for role in ("TriggerRole", "RedeliveryRole"):
        plain, listed = rights_of(template_stack(), role), {(action, arn) for action in actions}
        assert rights_of(template_stack(**lists), role) == plain
        assert rights_of(template_stack(UserPoolId=POOL, **lists), role) == plain | listed
    proved(f"both roles of the stack: {', '.join(actions) or 'nothing'} on its pool alone; without a pool, nothing")

    given = TemplateStack(yaml_parse(source("with-pool")), URL | lists).of_type("IAM::Policy").values()
    beside = [(one["Roles"], rights(one["PolicyDocument"]["Statement"])) for one in given]
    outputs = "TriggerRoleName", "RedeliveryRoleName"
    roles = [f"PostConfirmation.Outputs.{name}" for name in outputs]
    assert beside == ([(roles, {(action, "Pool.Arn") for action in actions})] if actions else [])
    made = {name: output["Value"] for name, output in yaml_parse(TEMPLATE)["Outputs"].items() if name in outputs}
    assert made == {name: {"Ref": name.removesuffix("Name")} for name in outputs}
    proved("with-pool.yaml: the same rights beside the pool")


def test_the_alarms_watch_existing_metrics(proved):
    emitted = (ROOT / "host/src/report/metrics.rs").read_text("utf-8")
    (namespace,) = re.findall(r'NAMESPACE: &str = "(\w+)"', emitted)
    (dimension,) = re.findall(r'dimensions: \[\["(\w+)"\]\]', emitted)
    names = set(re.findall(r'metric\("(\w+)", ', emitted))
    watched = set()
    for alarm in alarms(AlarmTopicArn=TOPIC).values():
        assert alarm["TreatMissingData"] == "notBreaching" and alarm["AlarmActions"] == [TOPIC]
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        ((dimensions,),) = [[(it["Name"], it["Value"]) for it in alarm["Dimensions"]]]
        if alarm["Namespace"] == namespace:
            assert alarm["MetricName"] in names and dimensions[0] == dimension
        statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        watched.add((alarm["Namespace"], alarm["MetricName"], *dimensions, statistic, alarm["Threshold"]))
    function, redelivery = "post-confirmation", "post-confirmation-redelivery"
    queue, dead = "post-confirmation-undelivered", "post-confirmation-dead-letters"
    assert watched == {
        ("PostConfirmation", "Undelivered", "FunctionName", function, "Sum", 1),
        ("PostConfirmation", "Duration", "FunctionName", function, "p99", 4000),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue, "Maximum", 240),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", dead, "Maximum", 1),
        ("AWS/Lambda", "Errors", "FunctionName", function, "Sum", 1),
        ("AWS/Lambda", "Errors", "FunctionName", redelivery, "Sum", 1),
        ("AWS/Lambda", "Throttles", "FunctionName", function, "Sum", 1),
    }
    assert all("AlarmActions" not in alarm for alarm in alarms().values())
    proved(
        "seven alarms, on metrics with the names and dimensions that the host emits; they notify the topic, if given"
    )


def test_the_environment_holds_settings_of_the_reference(proved):
    table = (ROOT / "docs/reference.md").read_text("utf-8").split("## Settings")[1].split("## ")[0]
    known = {name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`(\w+)`", row)}
    functions = template_stack(**ALL).of_type("Lambda::Function")
    common = {
        "BACKEND_API_URL": URL["BackendApiUrl"],
        "BACKEND_AUTHORIZATION": PARAMETER,
        "BACKEND_SIGNING_SECRET": SECRET,
        "COGNITO_ATTRIBUTES": ALL["CognitoAttributes"],
        "COGNITO_GROUPS": ALL["CognitoGroups"],
    }
    own = {"UNDELIVERED_QUEUE_URL": "Undelivered", "ON_UNDELIVERED": "reject"}
    assert (common | own).keys() <= known
    assert functions["Redelivery"]["Environment"]["Variables"] == common
    assert functions["Trigger"]["Environment"]["Variables"] == common | own
    proved("both functions have the settings of the parameters, with names of the reference")


def version(it, function):
    """The logical id and properties of a version, whose change makes CloudFormation publish a new one."""
    return next((name, made) for name, made in it.of_type("Lambda::Version").items() if name.startswith(function))


CHANGES = [
    *({name: value} for name, value in ALL.items() if name != "BackendApiUrl"),
    {"BackendAuthorizationArn": SECRET},
    {"BackendApiUrl": "https://api.example.com/v2/"},
    {"contents": {"function-x86_64.zip": "new code"}},
    {"contents": {"mapper.zip": "new mapper"}},
    {"text": TEMPLATE.replace("MemorySize: 128", "MemorySize: 256")},
    {"text": TEMPLATE.replace("Variables:\n", "Variables:\n        MAPPER_LOGS: 'on'\n", 1)},
]


@pytest.mark.parametrize("function", ["Trigger", "Redelivery"])
def test_a_version_is_published_only_if_the_function_changes(function, proved):
    before, seen = template_stack(), {True: set(), False: set()}
    for change in CHANGES:
        after = template_stack(**change)
        # A layer's logical id has a digest of the layer, so this is everything that makes up the function. A version
        # without a change would fail the deployment: Lambda does not publish it.
        differs = before.resources[function] != after.resources[function]
        assert (version(before, function) != version(after, function)) == differs, change
        seen[differs].add(next(iter(change)))
    settings = {"BackendApiUrl", "BackendAuthorizationArn", "BackendSigningSecretArn", "FunctionName"}
    settings |= {"CognitoAttributes", "CognitoGroups"}
    own = {"OnUndelivered"} if function == "Trigger" else set()
    assert seen[True] == settings | own | {"contents", "text"}
    proved(f"{function}: a change of code, mapper, memory or any of its settings makes a version")
    proved(f"{function}: {', '.join(sorted(seen[False]))} make no version")


def test_old_versions_stay_and_long_names_fit_a_description(proved):
    name = "n" * 64
    long = {
        parameter: SECRET.replace("post-confirmation/signing", name) for parameter in ALL if parameter.endswith("Arn")
    }
    it = template_stack(
        BackendApiUrl="https://".ljust(100, "a"), **{key: long[key] for key in long if key.startswith("Backend")}
    )
    for function in ("Trigger", "Redelivery"):
        logical_id, made = version(it, function)
        assert it.template["Resources"][logical_id]["DeletionPolicy"] == "Retain"
        assert it.template["Resources"][logical_id]["UpdateReplacePolicy"] == "Retain"
        assert len(made["Description"]) <= 256 and made["Description"].count(name) == 2
    proved("versions stay for a rollback; an address of 100 characters and secrets' names of 64 fit")


@pytest.mark.parametrize(("parameter", "obeying", "breaking"), VALUES)
def test_a_parameter_takes_only_valid_values(parameter, obeying, breaking, proved):
    declared = yaml_parse(TEMPLATE)["Parameters"][parameter]
    pattern = re.compile(declared["AllowedPattern"])
    right = [obeying, declared.get("Default", obeying)]
    assert all(map(pattern.fullmatch, right)) and not any(map(pattern.fullmatch, breaking))
    proved(f"{parameter}: {len(breaking)} wrong values are refused")
