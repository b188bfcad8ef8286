"""The guides to deploying show what deploy/template.yaml makes."""

import json
import re

import pytest
from awscli.customizations.cloudformation.yamlhelper import yaml_parse

from support.program import ROOT
from support.template import (
    ALL,
    TEMPLATE,
    URL,
    TemplateStack,
    expanded,
    findings,
    packaged,
    rights,
    rights_of,
    template_stack,
)

# What `create` and the template give the queue: see their tests.
RETENTION, RECEIVES, HIDDEN = 14 * 24 * 3600, 5, 6 * 30
GUIDE = (ROOT / "docs/deploy.md").read_text("utf-8")
TERRAFORM_AND_CDK = (ROOT / "docs/terraform-and-cdk.md").read_text("utf-8")


def blocks(language, guide=GUIDE):
    """The code blocks of a language in a guide."""
    return re.findall(rf"```{language}\n(.*?)```", guide, re.S)


def test_the_guide_shows_the_role_that_the_template_makes(proved):
    (shown,) = map(json.loads, blocks("json"))
    it = template_stack(**ALL | {"FunctionName": "post-confirmation"})
    assert rights(shown["Statement"]) == rights_of(it, "TriggerRole")
    proved("the policy in docs/deploy.md is the policy that the template makes")


def test_the_guide_lists_all_parameters(proved):
    declared = yaml_parse(TEMPLATE)["Parameters"]
    (commands,) = (block for block in blocks("sh") if "--parameter-overrides" in block)
    given = dict(re.findall(r"(\w+)=(\S+)", commands))
    assert given and all(re.fullmatch(declared[name]["AllowedPattern"], value) for name, value in given.items())
    table = GUIDE.split("| parameter |")[1].split("\n\n")[0]
    first = "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE))
    assert set(re.findall(r"`(\w+)`", first)) == declared.keys()
    proved("the commands and the table of docs/deploy.md name the template's parameters, with valid values")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "hcl",
            [
                "timeout = 6,",
                "timeout = 30,",
                f"= {RETENTION}",
                f"= {HIDDEN}",
                f"maxReceiveCount = {RECEIVES}",
            ],
        ),
        (
            "ts",
            ["seconds(6)", "seconds(30)", "days(14)", f"seconds({HIDDEN})", f"maxReceiveCount: {RECEIVES}"],
        ),
    ],
)
def test_terraform_and_cdk_have_the_templates_names_and_limits(language, said, proved):
    (snippet,) = blocks(language, TERRAFORM_AND_CDK)
    names = ["'post-confirmation'" if language == "ts" else '"post-confirmation"', "-redelivery", "-mapper"]
    names += ["-undelivered", "-dead-letters", "live", "bootstrap"]
    reported = "reportBatchItemFailures: true" if language == "ts" else '["ReportBatchItemFailures"]'
    assert [part for part in [*said, *names, reported] if part not in snippet] == []
    proved(f"the snippet in {language} has the template's names, times and limits")


def test_the_guides_queries_use_fields_of_the_log(proved):
    lines = (ROOT / "host/src/report/line.rs").read_text("utf-8")
    fields = {re.sub(r"_(\w)", lambda match: match[1].upper(), name) for name in re.findall(r"pub (\w+):", lines)}
    fields |= set(re.findall(r'metric\("(\w+)"', (ROOT / "host/src/report/metrics.rs").read_text("utf-8")))
    (queries,) = blocks("text")
    used = set(re.findall(r"(?<!@)\b[A-Za-z]+", re.sub(r'"\w+"', "", queries)))
    words = {"filter", "fields", "ispresent", "stats", "count", "by", "bin", "pct", "max", "sum"}
    assert used - words <= fields
    proved("the queries of docs/deploy.md use fields that a log line has")


def with_lines(part):
    """The stack of the template with the guide's lines that have this part of a template."""
    (added,) = (block for block in map(yaml_parse, blocks("yaml")) if part in json.dumps(block))
    template = packaged(TEMPLATE)

    def merge(into, addition):
        for key, value in addition.items():
            if isinstance(value, dict) and key in into:
                merge(into[key], value)
            else:
                into[key] = value

    merge(template, added)
    text = json.dumps(expanded(template, URL))
    assert {rule for rule, _ in findings(text)} == {"W3011", "W1020"}
    return TemplateStack(json.loads(text), URL)


def test_the_guides_lines_let_the_mapper_use_the_answer(proved):
    by_recipe = dict(re.findall(r"--set (MAPPER_ENV_\w+)=(\S+)", GUIDE))
    assert len(by_recipe) == 2
    for function in with_lines("_FROM_ANSWER").of_type("Lambda::Function").values():
        assert by_recipe.items() <= function["Environment"]["Variables"].items()
    for text in (TERRAFORM_AND_CDK, GUIDE):
        assert all(name in text and value in text for name, value in by_recipe.items())
    proved("template, recipe, Terraform and CDK of the guides set the same two variables")


def test_the_guides_lines_put_both_functions_into_the_vpc(proved):
    it = with_lines("VpcConfig")
    assert all(function["VpcConfig"]["SubnetIds"] for function in it.of_type("Lambda::Function").values())
    arns = ["arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"]
    assert all(role["ManagedPolicyArns"] == arns for role in it.of_type("IAM::Role").values())
    proved("with the lines of docs/deploy.md both functions and their roles are set up for the VPC")
