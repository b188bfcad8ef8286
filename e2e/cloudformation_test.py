"""The AWS CLI packages deploy/template.yaml, and CloudFormation creates its stack."""

import json
from subprocess import run

import pytest
from awscli.customizations.cloudformation.yamlhelper import yaml_parse

from support.aws import ACCOUNT, REGION
from support.made import NESTED
from support.template import (
    ALL,
    EXPLAINED,
    POOL,
    SECRET,
    TEMPLATE,
    URL,
    TemplateStack,
    dashboard,
    expanded,
    linted,
    rights,
    source,
    without_aliases,
)
from support.zips import zipped


@pytest.fixture
def project(tmp_path):
    """A folder as `mapper package --into` makes it, with zips that hold words instead of programs."""

    def make(arch, template):
        for file, members in ((f"function-{arch}", ["bootstrap"]), ("mapper", ["mapper.cwasm", "mapper.json"])):
            content = zipped(**{member: f"{member} for {arch}" for member in members})
            (tmp_path / f"{file}.zip").write_bytes(content)
        (tmp_path / "template.yaml").write_text(template)
        for name in ("alarms", "dashboard", "with-pool"):
            (tmp_path / f"{name}.yaml").write_text(source(name))
        return tmp_path

    return make


def packaged_by_the_cli(aws, folder, name="template"):
    """What `aws cloudformation package` makes of a template, with its files in the bucket `bucket`."""
    where = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    aws.client("s3").create_bucket(Bucket="bucket", **where)
    command = ["aws", "cloudformation", "package", "--template-file", f"{name}.yaml", "--s3-bucket", "bucket"]
    done = run(
        [*command, "--output-template-file", "stack.yaml"], cwd=folder, env=aws.env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return yaml_parse((folder / "stack.yaml").read_text())


@pytest.mark.parametrize("arch", ["x86_64", "arm64"])
def test_the_cli_packages_the_template(arch, aws, project, proved):
    folder = project(arch, TEMPLATE.replace("x86_64", arch))
    it = TemplateStack(expanded(packaged_by_the_cli(aws, folder), URL), URL)
    codes = [function["Code"] for function in it.of_type("Lambda::Function").values()]
    layers = [layer["Content"] for layer in it.of_type("Lambda::LayerVersion").values()]
    for place, file in [(code, f"function-{arch}.zip") for code in codes] + [(layer, "mapper.zip") for layer in layers]:
        stored = aws.client("s3").get_object(Bucket=place["S3Bucket"], Key=place["S3Key"])["Body"].read()
        assert stored == (folder / file).read_bytes()
    assert (len(codes), len(layers)) == (2, 1)
    assert {tuple(function["Architectures"]) for function in it.of_type("Lambda::Function").values()} == {(arch,)}
    assert [layer["CompatibleArchitectures"] for layer in it.of_type("Lambda::LayerVersion").values()] == [[arch]]
    proved(f"`aws cloudformation package` uploads the zips of {arch} unchanged, and both functions are {arch}")


def test_the_cli_packages_the_pool_with_the_functions_stack(aws, project, proved):
    pool = packaged_by_the_cli(aws, project("x86_64", TEMPLATE), "with-pool")
    bucket, key = pool["Resources"]["PostConfirmation"]["Properties"]["TemplateURL"].rsplit("/", 2)[1:]
    nested = yaml_parse(aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode())
    uris = [nested["Resources"][name]["Properties"]["CodeUri"] for name in ("Trigger", "Redelivery")]
    assert all(uri.startswith("s3://bucket/") for uri in uris)
    assert linted(json.dumps(nested)) == EXPLAINED
    proved("with-pool.yaml is packaged together with the function's stack and its zips")


def test_the_stack_is_created(aws, project, proved):
    given = ALL | {"Dashboard": "true"}
    template = expanded(packaged_by_the_cli(aws, project("x86_64", TEMPLATE)), given)
    for name in NESTED.values():
        nested = template["Resources"][name]["Properties"]
        # moto finds the bucket in the path only at this address.
        nested["TemplateURL"] = f"https://s3.amazonaws.com/bucket/{nested['TemplateURL'].rpartition('/')[2]}"
    # Of the rest, moto 5.2.5 passes over AWS::CloudWatch::Alarm, and forgets LoggingConfig and a layer's name.
    aws.client("cloudformation").create_stack(
        StackName="stack",
        TemplateBody=json.dumps(without_aliases(template)),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    made, *inside = aws.client("cloudformation").describe_stacks()["Stacks"]
    assert made["StackName"] == "stack"
    assert sorted(it["StackName"].split("-")[1] for it in inside) == sorted(NESTED.values())
    assert {it["StackStatus"] for it in (made, *inside)} == {"CREATE_COMPLETE"}
    outputs = {output["OutputKey"]: output["OutputValue"] for output in made["Outputs"]}
    assert outputs["FunctionName"] == "sign-ups"
    (board,) = aws.client("cloudwatch").list_dashboards()["DashboardEntries"]
    body = aws.client("cloudwatch").get_dashboard(DashboardName=board["DashboardName"])["DashboardBody"]
    assert board["DashboardName"] == f"sign-ups-{REGION}"
    assert json.loads(body) == dashboard(FunctionName="sign-ups")["DashboardBody"]
    proved("CloudFormation creates the stack with all options")

    functions, queues, logs = aws.client("lambda"), aws.client("sqs"), aws.client("logs")
    for name, timeout in (("sign-ups", 6), ("sign-ups-redelivery", 30)):
        there = functions.get_function_configuration(FunctionName=name)
        assert (there["Runtime"], there["Timeout"], there["MemorySize"]) == ("provided.al2023", timeout, 128)
        variables = there["Environment"]["Variables"]
        assert variables["BACKEND_SIGNING_SECRET"] == SECRET
        assert (variables["COGNITO_ATTRIBUTES"], variables["COGNITO_GROUPS"]) == (
            "custom:backend_id,custom:plan",
            "members",
        )
        assert len(functions.list_versions_by_function(FunctionName=name)["Versions"]) == 2
        (group,) = logs.describe_log_groups(logGroupNamePattern=f"{name}")["logGroups"][:1]
        assert group["retentionInDays"] == 90
    (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (mapping["BatchSize"], mapping["ScalingConfig"]) == (10, {"MaximumConcurrency": 7})
    proved("both functions have a published version, and the event source mapping exists")

    for output, visibility in (("QueueUrl", "180"), ("DeadLetterQueueUrl", "30")):
        url = f"{aws.url}/{outputs[output].split('/', 3)[3]}"
        kept = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert (kept["MessageRetentionPeriod"], kept["SqsManagedSseEnabled"]) == ("1209600", "true")
        assert kept["VisibilityTimeout"] == visibility
    statement = json.loads(functions.get_policy(FunctionName="sign-ups")["Policy"])["Statement"][0]
    assert statement["Principal"] == {"Service": "cognito-idp.amazonaws.com"}
    proved("both queues exist, and so does the permission for Cognito")

    iam = aws.client("iam")
    arn = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{POOL}"
    roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    assert len(roles) == 2 and {outputs["TriggerRoleName"], outputs["RedeliveryRoleName"]} == {*roles}
    for role in roles:
        document = iam.get_role_policy(RoleName=role, PolicyName="write-to-users")["PolicyDocument"]
        actions = {"cognito-idp:AdminUpdateUserAttributes", "cognito-idp:AdminAddUserToGroup"}
        assert rights(document["Statement"]) == {(action, arn) for action in actions}
    proved("both roles may write to the pool's users, and to no others")
