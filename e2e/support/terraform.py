"""The Terraform module of packaging/terraform, evaluated by tfparse: its resources as CloudFormation has them."""

import json
import re
import shutil

import tfparse

from .program import ROOT
from .template import rights

MODULE = ROOT / "packaging/terraform"
# The variables that are parameters of the template, besides UserPoolId: the pool's ARN.
VARIABLES = {
    "BackendApiUrl": "backend_api_url",
    "BackendAuthorizationArn": "backend_authorization_arn",
    "BackendSigningSecretArn": "backend_signing_secret_arn",
    "SecretsKeyArn": "secrets_key_arn",
    "OnUndelivered": "on_undelivered",
    "UserPoolId": "user_pool_arn",
    "CognitoAttributes": "cognito_attributes",
    "CognitoGroups": "cognito_groups",
    "MaximumConcurrency": "maximum_concurrency",
    "LogRetentionDays": "log_retention_days",
    "AlarmTopicArn": "alarm_topic_arn",
    "Dashboard": "dashboard",
    "FunctionName": "function_name",
}
# The template's logical ids and types, and the properties whose names are not the attribute's in other letters.
KINDS = {
    "aws_sqs_queue": (
        "SQS::Queue",
        {"name": "QueueName", "message_retention_seconds": "MessageRetentionPeriod"}
        | {"visibility_timeout_seconds": "VisibilityTimeout"},
    ),
    "aws_cloudwatch_log_group": ("Logs::LogGroup", {"name": "LogGroupName"}),
    "aws_lambda_layer_version": ("Lambda::LayerVersion", {}),
    "aws_lambda_function": ("Lambda::Function", {}),
    "aws_lambda_alias": ("Lambda::Alias", {}),
    "aws_lambda_event_source_mapping": ("Lambda::EventSourceMapping", {}),
    "aws_lambda_permission": ("Lambda::Permission", {}),
    "aws_cloudwatch_metric_alarm": ("CloudWatch::Alarm", {}),
    "aws_cloudwatch_dashboard": ("CloudWatch::Dashboard", {}),
}
IDS = {
    'aws_iam_role.this["trigger"]': "TriggerRole",
    'aws_iam_role.this["redelivery"]': "RedeliveryRole",
    "aws_sqs_queue.undelivered": "Undelivered",
    "aws_sqs_queue.dead_letters": "DeadLetters",
    'aws_cloudwatch_log_group.this["trigger"]': "TriggerLog",
    'aws_cloudwatch_log_group.this["redelivery"]': "RedeliveryLog",
    "aws_lambda_layer_version.mapper": "Mapper",
    'aws_lambda_function.this["trigger"]': "Trigger",
    'aws_lambda_function.this["redelivery"]': "Redelivery",
    'aws_lambda_alias.live["trigger"]': "TriggerAliaslive",
    'aws_lambda_alias.live["redelivery"]': "RedeliveryAliaslive",
    "aws_lambda_event_source_mapping.redelivery": "RedeliveryFromQueue",
    "aws_lambda_permission.cognito": "CognitoMayInvoke",
    "aws_cloudwatch_dashboard.this[0]": "Dashboard",
}
# What is of Terraform alone: files, versions, the order of things, and what is kept.
ONLY_TERRAFORM = {"id", "for_each", "count", "lifecycle", "depends_on", "skip_destroy", "filename", "source_code_hash"}
ONLY_TERRAFORM |= {"publish", "function_version", "alarm_name"}


def called(folder, **variables):
    """The evaluated blocks of a configuration with values of the module's variables; `folder` gets it."""
    shutil.copytree(MODULE, folder / "module", dirs_exist_ok=True)
    for name in ("function", "mapper"):
        (folder / f"{name}.zip").write_text(name)
    given = {"source": "./module", "mapper": "mapper.zip", "function": "function.zip"} | variables
    lines = "".join(f"  {name} = {json.dumps(value)}\n" for name, value in given.items())
    return evaluated(folder, f'module "users" {{\n{lines}}}\n')


def evaluated(folder, configuration):
    """The evaluated blocks of a configuration, which `folder` gets; modules and files that it names are there."""
    (folder / "main.tf").write_text(configuration)
    return without_positions(tfparse.load_from_path(str(folder), stop_on_hcl_error=True))


def without_positions(node):
    """The blocks with their address in place of their position in the files."""
    if isinstance(node, list):
        return [without_positions(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: without_positions(value) for key, value in node.items() if key != "__tfmeta"}
    if "path" in node.get("__tfmeta", {}):
        found["address"] = node["__tfmeta"]["path"].removeprefix("module.users.")
    elif "__tfmeta" in node:
        del found["id"]
    return found


def refused(blocks):
    """The messages of the validations that do not hold."""
    found = []
    for variable in blocks["variable"]:
        rules = variable.get("validation", [])
        rules = rules if isinstance(rules, list) else [rules]
        found += [rule["error_message"] for rule in rules if rule["condition"] is not True]
    return found


def made(blocks):
    """The module's resources by the template's logical ids, in the form of `support.made.without_iam`."""
    resources = [one for kind, found in blocks.items() if kind.startswith("aws_") for one in found]
    found = {}
    for one in resources:
        kind = re.match(r"\w+", one["address"])[0]
        if kind in KINDS:
            found[logical_id(one["address"])] = properties(*KINDS[kind], one)
    for key in ("trigger", "redelivery"):
        role = next(it for it in resources if it["address"] == f'aws_iam_role.this["{key}"]')
        policies = [json.loads(it["policy"]) for it in resources if it.get("role") == role["id"] and "policy" in it]
        statements = [statement for policy in policies for statement in policy["Statement"]]
        found[logical_id(role["address"])] = {"Type": "IAM::Role", "Rights": sorted(map(list, rights(statements)))}
    permission = found["CognitoMayInvoke"]
    assert permission.pop("Qualifier") == found["TriggerAliaslive"]["Name"]
    assert permission["FunctionName"] == found["Trigger"]["FunctionName"]
    permission["FunctionName"] = "TriggerAliaslive"
    # tfparse gives each resource an id, which stands for its ARN too.
    ids = {one["id"]: logical_id(one["address"]) for one in resources if not one["address"].startswith("aws_iam_role_")}
    text = json.dumps(found)
    for id_, name in ids.items():
        text = text.replace(f"{id_}:*", name).replace(id_, name)
    return json.loads(text)


def logical_id(address):
    """The template's logical id of the resource at an address."""
    alarm = re.fullmatch(r'aws_cloudwatch_metric_alarm\.this\["(.*)"\]', address)
    return f"{camel(alarm[1].replace('-', '_'))}Alarm" if alarm else IDS[address]


def properties(kind, names, resource):
    """The properties that a resource's attributes are in CloudFormation; an attribute that is not set is none."""
    found = {"Type": kind}
    for name, value in resource.items():
        if name in ONLY_TERRAFORM | {"address"} or value in (None, "", []):
            continue
        if name == "dimensions":
            value = [{"Name": key, "Value": of} for key, of in value.items()]
        elif name in ("redrive_policy", "dashboard_body"):
            value = json.loads(value)
        elif name == "environment":
            value = {"Variables": {key: of for key, of in value["variables"].items() if of != ""}}
        elif isinstance(value, dict):
            value = {camel(key): of for key, of in value.items()}
        found[names.get(name, camel(name))] = value
    return found


def camel(name):
    """A name as CloudFormation writes it: `batch_size` is `BatchSize`."""
    return "".join(part.capitalize() for part in name.split("_"))
