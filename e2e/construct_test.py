"""The CDK construct of packaging/cdk makes what deploy/template.yaml makes."""

import json
from functools import partial

from awscli.customizations.cloudformation.yamlhelper import yaml_parse

from support.aws import REGION
from support.construct import PROPERTIES, stack
from support.made import NESTED, by_template, comparable, differences, made, replaced
from support.template import (
    ALL,
    KEY,
    PARAMETER,
    POOL,
    SECRET,
    TEMPLATE,
    URL,
    VALUES,
    TemplateStack,
    findings,
    rights,
    source,
    without_aliases,
)

FROM_POOL = {"UserPoolId": POOL}


def test_the_constructs_own_tests_pass(construct, proved):
    assert construct.tests.returncode == 0, construct.tests.stdout + construct.tests.stderr
    proved("the construct compiles, and its own tests pass")


def test_the_construct_has_the_templates_parameters(proved):
    assert PROPERTIES.keys() | {"UserPoolId"} == yaml_parse(TEMPLATE)["Parameters"].keys()
    proved("each parameter of the template is a property of the construct")


def test_the_construct_makes_what_the_template_makes(construct, proved):
    given = [
        URL,
        {name: text for name, text in ALL.items() if name != "UserPoolId"},
        URL | {"BackendAuthorizationArn": f"{SECRET}:KEY::", "BackendSigningSecretArn": PARAMETER},
        URL | {"SecretsKeyArn": KEY, "CognitoAttributes": "nickname"},
        URL | {"CognitoGroups": "a,b"},
    ]
    results = construct.synthesized(*[(POOL, parameters) for parameters in given])
    for parameters, result in zip(given, results, strict=True):
        it = made(stack(result["templates"]["Stack"]))
        assert differences(it, by_template(**parameters, **FROM_POOL)) == set()
    (arm,) = construct.synthesized((POOL, URL | {"architecture": "arm64"}))
    expected = by_template(lambda text: text.replace("x86_64", "arm64"), **URL, **FROM_POOL)
    assert differences(made(stack(arm["templates"]["Stack"])), expected) == set()
    proved(f"construct and template make the same {len(it)} resources and more, in {len(given) + 1} combinations")


CHANGES = [
    ("Timeout: 30", "Timeout: 31", "Redelivery.Timeout"),
    ("MemorySize: 128", "MemorySize: 256", "Trigger.MemorySize"),
    ("ON_UNDELIVERED: ", "ON_UNSENT: ", "Trigger.Environment"),
    ("VisibilityTimeout: 180", "VisibilityTimeout: 200", "Undelivered.VisibilityTimeout"),
    ("[sqs:ReceiveMessage, ", "[sqs:PurgeQueue, ", "RedeliveryRole.Policies"),
    ("BatchSize: 10", "BatchSize: 9", "RedeliveryFromQueue.BatchSize"),
    ("DeletionPolicy: RetainExceptOnCreate", "DeletionPolicy: Delete", "DeadLetters.DeletionPolicy"),
    ("SourceAccount: !Ref AWS::AccountId", "SourceAccount: '1'", "CognitoMayInvoke.SourceAccount"),
    ("Default: 5", "Default: 6", "RedeliveryFromQueue.ScalingConfig"),
    ("Threshold: 4000", "Threshold: 4100", "DurationAlarm.Threshold"),
    ("Namespace: AWS/SQS", "Namespace: AWS/SNS", "QueueAgeAlarm.Namespace"),
    ('"p99"}]', '"p90"}]', "Dashboard.DashboardBody"),
    ('Default: "true"', 'Default: "false"', "Dashboard"),
]


def test_a_change_of_the_template_alone_is_found(construct, proved):
    (result,) = construct.synthesized((POOL, URL))
    it = made(stack(result["templates"]["Stack"]))
    for old, new, found in CHANGES:
        assert any(old in text for text in [TEMPLATE, *map(source, NESTED)]), old
        changed = by_template(partial(replaced, old, new), **URL, **FROM_POOL)
        assert found in differences(it, changed)
    proved(f"{len(CHANGES)} changes of the template or the stacks in it are found: the construct has to follow")


def test_the_construct_refuses_what_the_template_refuses(construct, proved):
    # Key, topic and pool are objects of the library.
    objects = {"SecretsKeyArn", "AlarmTopicArn", "UserPoolId"}
    wrong, right = [], []
    for parameter, obeying, breaking in VALUES:
        if parameter not in objects:
            right.append((parameter, obeying))
            wrong += [(parameter, text) for text in breaking]
    results = construct.synthesized(*[(POOL, URL | dict([one])) for one in wrong + right])
    for (parameter, text), result in zip(wrong, results[: len(wrong)], strict=True):
        assert PROPERTIES[parameter] in result.get("error", ""), (parameter, text)
    assert all("templates" in result for result in results[len(wrong) :])
    proved(f"{len(wrong)} values that the template refuses are refused, with the property's name")


OPTIONS = {name: text for name, text in ALL.items() if name not in ("UserPoolId", "SecretsKeyArn", "AlarmTopicArn")}
OPTIONS |= {"Dashboard": "true"}


def test_cfn_lint_finds_only_explained_problems(construct, proved):
    results = construct.synthesized(*[(pool, OPTIONS) for pool in ("own", "beside", POOL)])
    for templates in (result["templates"] for result in results):
        # W3005: the library has functions wait for their roles, which they name anyway.
        explained = {("W3005", "Trigger"), ("W3005", "Redelivery")}
        assert findings(json.dumps(templates["Stack"])) == explained
        assert "Pools" not in templates or findings(json.dumps(templates["Pools"])) == set()
    proved("cfn-lint finds no cycle and only what is explained: pool in the stack, beside it, and imported")


def test_a_pool_has_the_same_beside_it_as_in_the_template(construct, proved):
    (result,) = construct.synthesized(("own", OPTIONS))
    it = stack(result["templates"]["Stack"])
    parameters = {name: text for name, text in OPTIONS.items() if name in yaml_parse(source("with-pool"))["Parameters"]}
    expected = TemplateStack(yaml_parse(source("with-pool")), parameters)
    permission = expected.resources["PoolMayInvoke"] | {"FunctionName": "TriggerAliaslive"}
    assert it.of_type("Lambda::Permission") == {"PoolPostConfirmationCognito": permission}
    written = expected.resources["WriteToUsers"] | {"Roles": ["TriggerRole", "RedeliveryRole"]}
    assert comparable(it.resources["PoolWriteToUsers"]) == comparable(written)
    assert it.resources["Pool"]["LambdaConfig"] == {"PostConfirmation": "TriggerAliaslive"}
    proved("a pool of the app has the trigger, and beside it the permission and the rights of with-pool.yaml")


def test_the_librarys_validation_finds_nothing(construct, proved):
    construct.synthesized(("own", OPTIONS), validation=True)
    report = json.loads((construct.folder / "0/validation-report.json").read_text())
    assert report["pluginReports"] == []
    proved("the validation of aws-cdk-lib itself finds nothing")


def test_the_constructs_stack_is_created(aws, construct, proved):
    # moto 5.2.5 makes no pool in a stack, so it is there before.
    pool = aws.client("cognito-idp").create_user_pool(PoolName="users")["UserPool"]
    (result,) = construct.synthesized((pool["Id"], OPTIONS))
    template = result["templates"]["Stack"]
    bucket = stack(template).resources["Trigger"]["Code"]["S3Bucket"]
    where = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    aws.client("s3").create_bucket(Bucket=bucket, **where)
    for asset in (construct.folder / "0").glob("asset.*.zip"):
        aws.client("s3").put_object(Bucket=bucket, Key=asset.name.removeprefix("asset."), Body=asset.read_bytes())
    aws.client("cloudformation").create_stack(
        StackName="stack", TemplateBody=json.dumps(without_aliases(template)), Capabilities=["CAPABILITY_IAM"]
    )
    (there,) = aws.client("cloudformation").describe_stacks()["Stacks"]
    assert there["StackStatus"] == "CREATE_COMPLETE"
    functions = aws.client("lambda")
    for name in ("sign-ups", "sign-ups-redelivery"):
        variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        assert variables["BACKEND_SIGNING_SECRET"] == SECRET
        assert len(functions.list_versions_by_function(FunctionName=name)["Versions"]) == 2
    (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    statement = json.loads(functions.get_policy(FunctionName="sign-ups")["Policy"])["Statement"][0]
    assert statement["Principal"] == {"Service": "cognito-idp.amazonaws.com"}
    assert statement["Condition"]["ArnLike"]["AWS:SourceArn"] == pool["Arn"]
    iam = aws.client("iam")
    for role in (role["RoleName"] for role in iam.list_roles()["Roles"]):
        document = iam.get_role_policy(RoleName=role, PolicyName="write-to-users")["PolicyDocument"]
        actions = ("cognito-idp:AdminUpdateUserAttributes", "cognito-idp:AdminAddUserToGroup")
        assert rights(document["Statement"]) == {(action, pool["Arn"]) for action in actions}
    proved("CloudFormation creates the construct's stack: functions with versions, mapping, permission and rights")
