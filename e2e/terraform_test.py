"""The Terraform module of packaging/terraform makes what deploy/template.yaml makes."""

import re
from functools import partial

import pytest
from awscli.customizations.cloudformation.yamlhelper import yaml_parse

from support.aws import ACCOUNT, REGION
from support.made import NESTED, comparable, differences, replaced, without_iam
from support.template import ALL, KEY, PARAMETER, POOL, SECRET, TEMPLATE, URL, VALUES, source
from support.terraform import MODULE, VARIABLES, called, made, refused

POOL_ARN = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{POOL}"
FROM_POOL = {"UserPoolId": POOL}


def variables(parameters):
    """The module's variables for values of the template's parameters."""
    given = {"user_pool_arn": POOL_ARN}
    for name, text in parameters.items():
        value = text.split(",") if name in ("CognitoAttributes", "CognitoGroups") else text
        value = text == "true" if name == "Dashboard" else value
        given[VARIABLES.get(name, name)] = int(value) if name in ("MaximumConcurrency", "LogRetentionDays") else value
    return given | ({"user_pool_arn": parameters["UserPoolId"]} if "UserPoolId" in parameters else {})


@pytest.mark.parametrize(
    "parameters",
    [
        URL,
        {name: text for name, text in ALL.items() if name != "UserPoolId"},
        URL | {"BackendAuthorizationArn": f"{SECRET}:KEY::", "BackendSigningSecretArn": PARAMETER},
        URL | {"SecretsKeyArn": KEY, "CognitoAttributes": "nickname"},
        URL | {"CognitoGroups": "a,b"},
    ],
)
def test_the_module_makes_what_the_template_makes(parameters, tmp_path, proved):
    blocks = called(tmp_path, **variables(parameters))
    assert refused(blocks) == []
    it = {name: comparable(one) for name, one in made(blocks).items()}
    assert differences(it, without_iam(**parameters, **FROM_POOL)) == set()
    proved(f"the module makes the template's {len(it)} resources with {', '.join(parameters)}")


CHANGES = [
    ("Timeout: 30", "Timeout: 31", "Redelivery.Timeout"),
    ("ON_UNDELIVERED: ", "ON_UNSENT: ", "Trigger.Environment"),
    ("VisibilityTimeout: 180", "VisibilityTimeout: 200", "Undelivered.VisibilityTimeout"),
    ("maxReceiveCount: 5", "maxReceiveCount: 6", "Undelivered.RedrivePolicy"),
    ("[sqs:ReceiveMessage, ", "[sqs:PurgeQueue, ", "RedeliveryRole.Rights"),
    ("BatchSize: 10", "BatchSize: 9", "RedeliveryFromQueue.BatchSize"),
    ("SourceAccount: !Ref AWS::AccountId", "SourceAccount: '1'", "CognitoMayInvoke.SourceAccount"),
    ("Default: 30", "Default: 60", "TriggerLog.RetentionInDays"),
    ("Threshold: 4000", "Threshold: 4100", "DurationAlarm.Threshold"),
    ("Namespace: AWS/SQS", "Namespace: AWS/SNS", "QueueAgeAlarm.Namespace"),
    ('"p99"}]', '"p90"}]', "Dashboard.DashboardBody"),
    ('Default: "true"', 'Default: "false"', "Dashboard"),
]


def test_a_change_of_the_template_alone_is_found(tmp_path, proved):
    it = {name: comparable(one) for name, one in made(called(tmp_path, **variables(URL))).items()}
    for old, new, found in CHANGES:
        assert any(old in text for text in [TEMPLATE, *map(source, NESTED)]), old
        changed = without_iam(partial(replaced, old, new), **URL, **FROM_POOL)
        assert found in differences(it, changed)
    proved(f"{len(CHANGES)} changes of the template or the stacks in it are found: the module has to follow")


def test_the_module_refuses_what_the_template_refuses(tmp_path, proved):
    count = 0
    for parameter, obeying, breaking in VALUES:
        right = POOL_ARN if parameter == "UserPoolId" else obeying
        # The ARN is what the module wants of a pool.
        wrong = [text for text in breaking if text != POOL_ARN] + ([POOL] if parameter == "UserPoolId" else [])
        assert refused(called(tmp_path, **variables(URL | {parameter: right}))) == []
        for text in wrong:
            said = refused(called(tmp_path, **variables(URL | {parameter: text})))
            assert said and all(VARIABLES[parameter] in message for message in said), (parameter, text)
            count += 1
    proved(f"{count} wrong values are refused, with the variable's name")


def test_the_modules_variables_are_the_templates_parameters(tmp_path, proved):
    declared = {one["address"].removeprefix("variable."): one for one in called(tmp_path, **variables(URL))["variable"]}
    parameters = yaml_parse(TEMPLATE)["Parameters"]
    assert VARIABLES.keys() == parameters.keys()
    own = {"mapper", "function", "architecture", "environment"}
    assert declared.keys() == {*VARIABLES.values()} | own
    assert all(one["description"] for one in declared.values())
    for parameter, name in VARIABLES.items():
        if parameter != "UserPoolId":
            default = declared[name].get("default")
            expected = parameters[parameter].get("Default")
            assert (str(default).lower() if default is True else default or "") == (expected or ""), name
    proved("the module's variables have descriptions, and the names and defaults of the template's parameters")


def test_what_holds_users_is_not_destroyed(tmp_path, proved):
    blocks = called(tmp_path, **variables(URL))
    assert all(queue["lifecycle"]["prevent_destroy"] for queue in blocks["aws_sqs_queue"])
    kept = {group["name"] for group in blocks["aws_cloudwatch_log_group"] if group["skip_destroy"]}
    assert kept == {"/aws/lambda/post-confirmation"}
    assert all(layer["skip_destroy"] for layer in blocks["aws_lambda_layer_version"])
    assert all(function["publish"] for function in blocks["aws_lambda_function"])
    # Versions are made by `publish`; the alias names the newest.
    assert re.search(
        r"function_version = aws_lambda_function\.this\[each\.key\]\.version", (MODULE / "main.tf").read_text()
    )
    proved("queues, the trigger's log and old versions stay, and `live` names the newest version")
