"""The guides to deploying show what deploy/template.yaml makes."""

import json
import re
import shutil

from awscli.customizations.cloudformation.yamlhelper import yaml_parse

from support.construct import stack
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
from support.terraform import MODULE, evaluated

GUIDE = (ROOT / "docs/deploy.md").read_text("utf-8")
OPERATING = (ROOT / "docs/operate.md").read_text("utf-8")
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


def by_recipe():
    """The variables of the mapper that the recipes of the guide set."""
    found = dict(re.findall(r"--set (MAPPER_ENV_\w+)=(\S+)", GUIDE))
    assert len(found) == 2
    return found


def test_the_guides_terraform_is_the_module(tmp_path, proved):
    (shown,) = blocks("hcl", TERRAFORM_AND_CDK)
    shutil.copytree(MODULE, tmp_path / "deploy/terraform")
    for name in ("function-x86_64", "mapper"):
        (tmp_path / f"deploy/{name}.zip").write_text(name)
    found = evaluated(tmp_path, shown)
    for function in found["aws_lambda_function"]:
        variables = function["environment"]["variables"]
        assert by_recipe().items() <= variables.items() and variables["COGNITO_GROUPS"] == "members"
    (pool,) = found["aws_cognito_user_pool"]
    (alias,) = (one for one in found["aws_lambda_alias"] if one["function_name"] == "post-confirmation")
    assert pool["lambda_config"]["post_confirmation"] == alias["id"]
    proved("the Terraform of the guide makes both functions with its settings, and the pool names the alias")


def test_the_guides_cdk_is_the_construct(construct, proved):
    it = stack(construct.guided())
    for function in it.of_type("Lambda::Function").values():
        variables = function["Environment"]["Variables"]
        assert by_recipe().items() <= variables.items() and variables["COGNITO_GROUPS"] == "members"
    assert it.resources["Pool"]["LambdaConfig"] == {"PostConfirmation": "TriggerAliaslive"}
    proved("the TypeScript of the guide compiles and makes both functions with its settings; the pool names the alias")


def test_the_guides_queries_use_fields_of_the_log(proved):
    sources = [(ROOT / "host/src/report" / file).read_text("utf-8") for file in ("line.rs", "metrics.rs")]
    lines = "".join(sources)
    fields = {re.sub(r"_(\w)", lambda match: match[1].upper(), name) for name in re.findall(r"pub (\w+):", lines)}
    fields |= set(re.findall(r'metric\("(\w+)"', lines))
    (queries,) = blocks("text", OPERATING)
    used = set(re.findall(r"(?<!@)\b[A-Za-z]+", re.sub(r'"\w+"', "", queries)))
    words = {"filter", "fields", "ispresent", "stats", "count", "by", "bin", "pct", "max", "sum"}
    assert used - words <= fields
    proved("the queries of docs/operate.md use fields that a log line has")


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
    for function in with_lines("_FROM_ANSWER").of_type("Lambda::Function").values():
        assert by_recipe().items() <= function["Environment"]["Variables"].items()
    proved("template and recipe of the guide set the same two variables")


def test_the_guides_lines_put_both_functions_into_the_vpc(proved):
    it = with_lines("VpcConfig")
    assert all(function["VpcConfig"]["SubnetIds"] for function in it.of_type("Lambda::Function").values())
    arns = ["arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"]
    assert all(role["ManagedPolicyArns"] == arns for role in it.of_type("IAM::Role").values())
    proved("with the lines of docs/deploy.md both functions and their roles are set up for the VPC")
