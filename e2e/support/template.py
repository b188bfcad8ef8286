"""A CloudFormation stack's template: packaged, expanded by SAM's own code, and with its parameters' values."""

import copy
import json
import logging
import re

import boto3
from awscli.customizations.cloudformation.yamlhelper import yaml_parse
from cfnlint.api import lint
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from .aws import ACCOUNT, REGION
from .program import ROOT

NO_VALUE = object()
PSEUDO = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::NoValue": NO_VALUE}
FUNCTIONS = {
    "Condition": "holds",
    "Ref": "ref",
    "Fn::And": "both",
    "Fn::Equals": "equals",
    "Fn::GetAtt": "attribute",
    "Fn::If": "either",
    "Fn::Join": "joined",
    "Fn::Not": "contrary",
    "Fn::Or": "any_of",
    "Fn::Select": "select",
    "Fn::Split": "split",
    "Fn::Sub": "text",
}
# It logs for each expansion that its metrics go nowhere.
logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)

# Values of parameters: the required one, and all.
URL = {"BackendApiUrl": "https://api.example.com/v1/"}
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:post-confirmation/signing-AbCdEf"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/post-confirmation/token"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-aaaa-4aaa-8aaa-111111111111"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
POOL = "eu-central-1_Example01"
ALL = URL | {
    "BackendAuthorizationArn": PARAMETER,
    "BackendSigningSecretArn": SECRET,
    "SecretsKeyArn": KEY,
    "OnUndelivered": "reject",
    "UserPoolId": POOL,
    "CognitoAttributes": "custom:backend_id,custom:plan",
    "CognitoGroups": "members",
    "MaximumConcurrency": "7",
    "LogRetentionDays": "90",
    "AlarmTopicArn": TOPIC,
    "Dashboard": "false",
    "FunctionName": "sign-ups",
}

# A right value of a parameter, and wrong ones.
VALUES = [
    (
        "BackendApiUrl",
        URL["BackendApiUrl"],
        ["", "http://api.example.com", "https://", "https://a@b.c", "https://a?b"],
    ),
    ("BackendAuthorizationArn", SECRET, ["token", "arn:aws:s3:::bucket", SECRET + "*", "whsec_AAAA"]),
    ("BackendSigningSecretArn", PARAMETER, ["token", "arn:aws:ssm:eu-central-1:123456789012:document/x"]),
    ("SecretsKeyArn", KEY, [KEY.replace("key/", "alias/"), "*"]),
    (
        "CognitoAttributes",
        "custom:backend_id,nickname,subs,email2",
        [
            "sub",
            "custom:a,Email",
            "custom:a,x_verified,custom:b",
            "cognito:groups",
            "a, b",
            "a,",
            "a,,b",
            "n" * 129,
        ],
    ),
    ("CognitoGroups", "members," + "n" * 128, ["a b", "a,", ",", "n" * 129]),
    ("UserPoolId", POOL, [f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{POOL}", "*"]),
    ("AlarmTopicArn", TOPIC, ["alarms", SECRET]),
    ("FunctionName", "n" * 53, ["", "n" * 54, "a b", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:x"]),
]


def source(name):
    """The text of a template of deploy/."""
    return (ROOT / "deploy" / f"{name}.yaml").read_text("utf-8")


def packaged(text, contents=None):
    """The template as a dict, with each file in a bucket and named by its content as `package` does.

    `contents` has the content of a file by its name, if it is not the usual one.
    """
    template = yaml_parse(text)
    for resource in template["Resources"].values():
        for key in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
            file = resource["Properties"][key]
            resource["Properties"][key] = f"s3://bucket/{(contents or {}).get(file, file)}"
        if "TemplateURL" in resource.get("Properties", {}):
            file = resource["Properties"]["TemplateURL"]
            resource["Properties"]["TemplateURL"] = f"https://bucket.s3.amazonaws.com/{file}"
    return template


def expanded(template, parameters):
    """SAM's expansion of a packaged template with the values of `parameters`; the template is not changed."""
    session = boto3.session.Session(region_name=REGION)
    return Translator({}, Parser(), boto_session=session).translate(copy.deepcopy(template), dict(parameters))


def findings(text):
    """cfn-lint's findings in a template: the rule and the resource."""
    return {(match.rule.id, "/".join(map(str, match.path[1:2]))) for match in lint(text, regions=[REGION])}


class TemplateStack:
    """An expanded template with the values of its parameters."""

    def __init__(self, template, parameters):
        """Of an expanded template; parameters that are not given have their defaults."""
        defaults = {name: it["Default"] for name, it in template["Parameters"].items() if "Default" in it}
        self.parameters = defaults | parameters
        self.template = template
        existing = {name: it for name, it in template["Resources"].items() if self.holds(it.get("Condition"))}
        self.types = {name: it["Type"] for name, it in existing.items()}
        self.resources = {}
        for name, resource in existing.items():
            self.resources[name] = self.value(resource.get("Properties", {}))

    def of_type(self, kind):
        """The properties of all resources of a type (`"Lambda::Function"`), by logical id."""
        return {name: self.resources[name] for name, it in self.types.items() if it == f"AWS::{kind}"}

    def holds(self, condition):
        """Whether a condition, by its name, holds; without one it does."""
        return condition is None or self.value(self.template["Conditions"][condition])

    def value(self, node):
        """A part of the template with its intrinsic functions evaluated."""
        if isinstance(node, list):
            return [value for value in map(self.value, node) if value is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            function, given = next(iter(node.items()))
            # A statement of a policy has conditions too, which are objects.
            if function == "Ref" or function.startswith("Fn::") or (function == "Condition" and isinstance(given, str)):
                return getattr(self, FUNCTIONS[function])(given)
        values = {key: self.value(value) for key, value in node.items()}
        return {key: value for key, value in values.items() if value is not NO_VALUE}

    def ref(self, name):
        """A parameter's value, or a resource's reference: a function's name, else its logical id."""
        known = PSEUDO | self.parameters
        if name in known:
            return known[name]
        properties = self.template["Resources"][name].get("Properties", {})
        return self.value(properties["FunctionName"]) if self.types[name] == "AWS::Lambda::Function" else name

    def attribute(self, given):
        """A resource's attribute; the ARNs of queues and log groups as AWS forms them, others `ID.ATTRIBUTE`."""
        name, attribute = given
        properties = self.template["Resources"][name].get("Properties", {})
        if attribute == "QueueName":
            return self.value(properties["QueueName"])
        if attribute == "Arn" and "QueueName" in properties:
            return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.value(properties['QueueName'])}"
        if attribute == "Arn" and "LogGroupName" in properties:
            return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{self.value(properties['LogGroupName'])}:*"
        return f"{name}.{attribute}"

    def text(self, given):
        """A text with its variables."""
        text, own = given if isinstance(given, list) else (given, {})
        own = {name: self.value(value) for name, value in own.items()}

        def variable(match):
            name = match[1]
            return str(own[name] if name in own else self.attribute(name.split(".")) if "." in name else self.ref(name))

        return re.sub(r"\$\{([^}]+)\}", variable, text)

    def equals(self, given):
        """Whether two values are the same."""
        return len({str(self.value(value)) for value in given}) == 1

    def both(self, given):
        """Whether all conditions hold."""
        return all(map(self.value, given))

    def any_of(self, given):
        """Whether one condition holds."""
        return any(map(self.value, given))

    def contrary(self, given):
        """The negation."""
        return not self.value(given[0])

    def either(self, given):
        """One of two values."""
        condition, yes, no = given
        return self.value(yes if self.holds(condition) else no)

    def joined(self, given):
        """A list as a text."""
        delimiter, values = given
        return delimiter.join(self.value(values))

    def select(self, given):
        """One of a list."""
        place, values = given
        return self.value(values)[int(place)]

    def split(self, given):
        """The parts of a text."""
        delimiter, text = given
        return self.value(text).split(delimiter)


TEMPLATE = source("template")
# cfn-lint's findings in the expansion. W3011: SAM gives UpdateReplacePolicy, which is for versions, to everything that
# it makes of a function; DeletionPolicy would reach the versions too, and delete the old ones. W1020: SAM has put the
# parameter's value into the layer's name.
EXPLAINED = {("W3011", "Trigger"), ("W3011", "TriggerAliaslive"), ("W3011", "Redelivery")}
EXPLAINED |= {("W3011", "RedeliveryAliaslive"), ("W3011", "RedeliveryFromQueue"), ("W1020", "Mapper")}


def template_stack(text=TEMPLATE, contents=None, **parameters):
    """The stack with the values of its parameters."""
    parameters = URL | parameters
    return TemplateStack(expanded(packaged(text, contents), parameters), parameters)


def alarms(**parameters):
    """The alarms of the stack with these values of its parameters, by logical id."""
    given = template_stack(**parameters).resources["Alarms"]["Parameters"]
    return TemplateStack(yaml_parse(source("alarms")), given).of_type("CloudWatch::Alarm")


def dashboard(**parameters):
    """The dashboard of the stack with these values of its parameters: its properties, with the body as an object."""
    given = template_stack(**parameters).resources["DashboardStack"]["Parameters"]
    (found,) = TemplateStack(yaml_parse(source("dashboard")), given).of_type("CloudWatch::Dashboard").values()
    return found | {"DashboardBody": json.loads(found["DashboardBody"])}


def without_aliases(node):
    """A template without what moto 5.2.5 can't make: AWS::Lambda::Alias. What names one names the function instead."""
    if isinstance(node, list):
        return [without_aliases(item) for item in node]
    if not isinstance(node, dict):
        return node
    if str(node.get("Ref", "")).endswith("Aliaslive"):
        return {"Fn::GetAtt": [node["Ref"].removesuffix("Aliaslive"), "Arn"]}
    return {key: without_aliases(it) for key, it in node.items() if not key.endswith("Aliaslive")}


def linted(text):
    """cfn-lint's findings in the expansion, without the digest in a layer's logical id."""
    found = findings(json.dumps(expanded(packaged(text), URL)))
    return {(rule, re.sub(r"^(Mapper)[0-9a-f]{10}$", r"\1", name)) for rule, name in found}


def rights(statements):
    """The rights that statements allow: actions with resources."""
    found = set()
    for statement in statements:
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        for action in actions if isinstance(actions, list) else [actions]:
            found.add((action, statement["Resource"]))
    return found


def rights_of(it, role):
    """The rights that a role of a stack allows."""
    assert it.resources[role].keys() == {"AssumeRolePolicyDocument", "Policies"}
    statements = [one for own in it.resources[role]["Policies"] for one in own["PolicyDocument"]["Statement"]]
    for shared in it.of_type("IAM::Policy").values():
        if role in shared["Roles"]:
            statements += shared["PolicyDocument"]["Statement"]
    return rights(statements)
