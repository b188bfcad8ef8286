"""What a deployment makes: resources by the template's logical ids, in one form for template, construct and module."""

import json
import re

from awscli.customizations.cloudformation.yamlhelper import yaml_parse

from .aws import ACCOUNT, REGION
from .template import TEMPLATE, TemplateStack, rights_of, source, template_stack

# The stacks inside the stack, by their files: the logical ids.
NESTED = {"alarms": "Alarms", "dashboard": "DashboardStack"}

# Where the code lies, SAM's tags, and the descriptions that make SAM publish a version.
NOT_COMPARED = {
    "Lambda::Function": {"Code", "Tags"},
    "Lambda::LayerVersion": {"Content"},
    "Lambda::Version": {"Description"},
}
# What is kept when the stack is deleted, or the resource replaced. SAM gives every layer a logical id of its own.
KEPT = {
    "SQS::Queue": ("DeletionPolicy", "UpdateReplacePolicy"),
    "Logs::LogGroup": ("DeletionPolicy", "UpdateReplacePolicy"),
    "Lambda::Version": ("DeletionPolicy", "UpdateReplacePolicy"),
    "Lambda::LayerVersion": ("DeletionPolicy",),
}


def by_template(change=lambda text: text, **parameters):
    """What deploy/template.yaml makes with the stacks inside it; `change` makes other texts of theirs."""
    it = template_stack(change(TEMPLATE), **parameters)
    found = made(it)
    for file, name in NESTED.items():
        if found.pop(name, None):
            nested = yaml_parse(change(source(file)))
            found |= made(TemplateStack(nested, it.resources[name]["Parameters"]))
    # Without the digests of what makes SAM publish a layer or a version.
    return json.loads(re.sub(r'"(Mapper|\w+Version)[0-9a-f]{10}', r'"\1', json.dumps(found)))


def made(it):
    """What a stack makes: the type and the properties of its resources, by logical id."""
    found = {}
    for name, kind in it.types.items():
        kind = kind.removeprefix("AWS::")
        ignored = NOT_COMPARED.get(kind, set())
        properties = {key: value for key, value in it.resources[name].items() if key not in ignored}
        if kind == "CloudWatch::Dashboard":
            properties["DashboardBody"] = json.loads(properties["DashboardBody"])
        kept = {key: it.template["Resources"][name].get(key) for key in KEPT.get(kind, ())}
        found[name] = {"Type": kind, **kept, **comparable(properties)}
    return found


def comparable(node):
    """A part of a template: numbers as texts, actions as sorted lists, no empty text (which counts as not set)."""
    if isinstance(node, dict):
        values = {key: comparable(value) for key, value in node.items() if value != ""}
        if "Action" in values and "Effect" in values:
            values["Action"] = sorted([values["Action"]] if isinstance(values["Action"], str) else values["Action"])
        return values
    if isinstance(node, list):
        return [comparable(item) for item in node]
    return node if isinstance(node, bool) else str(node)


def without_iam(change=lambda text: text, **parameters):
    """The same for what has other roles and policies: with the rights of each role, and with ids in place of ARNs."""
    everything = by_template(change, **parameters)
    left_out = ("IAM::", "Lambda::Version")
    found = {name: one for name, one in everything.items() if not one["Type"].startswith(left_out)}
    it = template_stack(change(TEMPLATE), **parameters)
    for role in ("TriggerRole", "RedeliveryRole"):
        found[role] = {"Type": "IAM::Role", "Rights": sorted(map(list, rights_of(it, role)))}
    arns = {}
    for name, one in found.items():
        for key in ("DeletionPolicy", "UpdateReplacePolicy", "FunctionVersion"):
            one.pop(key, None)
        if "LoggingConfig" in one:
            one["LoggingConfig"]["LogGroup"] = found[one["LoggingConfig"]["LogGroup"]]["LogGroupName"]
        if one["Type"] == "SQS::Queue":
            arns[f"arn:aws:sqs:{REGION}:{ACCOUNT}:{one['QueueName']}"] = name
        if one["Type"] == "Logs::LogGroup":
            arns[f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{one['LogGroupName']}:*"] = name
    names = arns | {f"{role}.Arn": role for role in ("TriggerRole", "RedeliveryRole")}
    return json.loads(re.sub(r'"([^"]+)"', lambda it: f'"{names.get(it[1], it[1])}"', json.dumps(found)))


def replaced(old, new, text):
    """The text with `new` in place of `old`."""
    return text.replace(old, new)


def differences(one, other):
    """What is not the same in both: `ID`, or `ID.PROPERTY`."""
    found = set(one.keys() ^ other.keys())
    for name in one.keys() & other.keys():
        keys = one[name].keys() | other[name].keys()
        found |= {f"{name}.{key}" for key in keys if one[name].get(key) != other[name].get(key)}
    return found
