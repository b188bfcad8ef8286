"""Bad input of the recipes: the error names what to change, and nothing is changed."""

import re
import shutil
from subprocess import DEVNULL, run

import pytest

from support.deployed import COMPONENT
from support.fault_recipes import FaultyRecipes
from support.program import ROOT

# Each recipe, with arguments that it takes.
RECIPES = {
    "create": ["--set", "BACKEND_API_URL=https://api.example.com/"],
    "attach": ["POOL", "--yes"],
    "detach": ["POOL", "--yes"],
    "swap": [str(COMPONENT), "--yes"],
    "rollback": ["--yes"],
    "redrive": [],
    "reconcile": ["POOL", "--all", "--yes"],
    "doctor": ["POOL"],
}
# A component without imports and exports.
EMPTY = b"\x00asm\x0d\x00\x01\x00"


@pytest.fixture(scope="module")
def recipes(started_aws, tmp_path_factory):
    """The recipes on an account with both functions and a pool."""
    started_aws.reset()
    recipes = FaultyRecipes(started_aws, tmp_path_factory)
    recipes.create()
    recipes.pool = recipes.new_pool()
    yield recipes
    recipes.stop()


@pytest.fixture
def refused(recipes, tmp_path):
    """Runs a recipe that has to fail with `status`, and to change nothing; returns what it says.

    `bare` are its variables, if not those with which it would work; `more` come in addition.
    """

    def run_refused(name, *args, status=1, bare=None, **more):
        recipes.account.expect()
        variables = (recipes.environment if bare is None else bare) | {"HOME": str(tmp_path)} | more
        command = [recipes.program, name, *(recipes.pool if arg == "POOL" else arg for arg in args)]
        done = run(command, env=variables, cwd=tmp_path, stdin=DEVNULL, capture_output=True, text=True)
        changes = [operation for operation in recipes.account.asked if operation.changes]
        assert (done.returncode, changes) == (status, []), done.stdout + done.stderr
        assert done.stderr.count("error: ") == 1 and "panicked" not in done.stderr, done.stderr
        return done.stdout, done.stderr

    return run_refused


def path_with(folder, answer):
    """A PATH on which the AWS CLI does nothing but to say `answer`."""
    (folder / "bin").mkdir()
    (folder / "bin/aws").write_text(f"#!/bin/sh\necho '{answer}'\n")
    (folder / "bin/aws").chmod(0o755)
    return {"PATH": str(folder / "bin")}


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_needs_credentials(recipe, recipes, refused, proved):
    without = {name: value for name, value in recipes.environment.items() if "_KEY" not in name}
    said, error = refused(recipe, *RECIPES[recipe], bare=without)
    assert said == ""
    assert error.startswith("error: aws sts get-caller-identity: Unable to locate credentials. You can configure")
    proved(f"{recipe}: without credentials it stops with what the CLI says to do")


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_needs_the_cli(recipe, refused, tmp_path, proved):
    said, error = refused(recipe, *RECIPES[recipe], PATH=str(tmp_path))
    assert (said, error) == ("", "error: the AWS CLI, `aws`, is not on the PATH: https://aws.amazon.com/cli\n")
    proved(f"{recipe}: without the AWS CLI it says where to get it")


@pytest.mark.parametrize("recipe", RECIPES)
def test_an_old_cli_is_refused(recipe, refused, tmp_path, proved):
    old = path_with(tmp_path, "aws-cli/1.18.0 Python/3.8.10 Linux/6.1 botocore/1.15.0")
    said, error = refused(recipe, *RECIPES[recipe], **old)
    assert (said, error) == (
        "",
        "error: the AWS CLI, `aws`, is 1.18.0, which is too old: install the newest version 2 (2.13.37 or later; "
        "1.30.2 or later of version 1): https://aws.amazon.com/cli\n",
    )
    proved(f"{recipe}: an old AWS CLI is refused before anything is asked")


@pytest.mark.parametrize("recipe", [name for name, args in RECIPES.items() if "POOL" not in args])
def test_a_recipe_needs_a_region(recipe, recipes, refused, proved):
    without = {name: value for name, value in recipes.environment.items() if "REGION" not in name}
    assert refused(recipe, *RECIPES[recipe], bare=without) == (
        "",
        "error: there is no region: set AWS_REGION, or `aws configure set region REGION`\n",
    )
    proved(f"{recipe}: without a region it says how to set one")


@pytest.mark.parametrize("recipe", [name for name, args in RECIPES.items() if "POOL" in args])
def test_a_wrong_pool_is_refused(recipe, recipes, refused, proved):
    args = RECIPES[recipe][1:]
    arn = f"arn:aws:cognito-idp:eu-central-1:123456789012:userpool/{recipes.pool}"
    for wrong in ("people", "_AbCdEf123", "eu-central-1_", "eu-central-1_Ab-Cd", "-eu_Ab", arn):
        said, error = (
            refused(recipe, "--", wrong, status=2) if wrong[0] == "-" else refused(recipe, wrong, *args, status=2)
        )
        assert said == "" and f"error: invalid value '{wrong}' for '<POOL>': an id is REGION_NAME, like " in error
        assert "`aws cognito-idp list-user-pools --max-results 60` lists them" in error
    proved(f"{recipe}: what is no pool's id is refused with an example of one")


@pytest.mark.parametrize("recipe", ["attach", "detach", "reconcile"])
def test_a_pool_is_in_the_region_of_its_id(recipe, recipes, refused, proved):
    recipes.account.aws.client("sqs", "eu-west-1").create_queue(QueueName="post-confirmation-undelivered")
    elsewhere = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    said, error = refused(recipe, "eu-west-1_Nowhere01", *RECIPES[recipe][1:], **elsewhere)
    assert said == "account 123456789012, region eu-west-1\n"
    assert re.search("no user pool eu-west-1_Nowhere01|User pool eu-west-1_Nowhere01 does not exist", error), error
    proved(f"{recipe}: a pool that does not exist is named, and the region is said to be that of its id")


def test_a_mapper_that_is_none_is_not_swapped_in(recipes, refused, tmp_path, proved):
    folder = tmp_path / "accounts"
    shutil.copytree(ROOT / "examples/mapper-js", folder, ignore=shutil.ignore_patterns("mapper.wasm"))
    (folder / "mapper.js").write_text("export function transform({ attributes }) {\n  return { deliver: \n}\n")
    before = recipes.lambda_.list_layer_versions(LayerName="post-confirmation-mapper")["LayerVersions"]
    (tmp_path / "empty.wasm").write_bytes(EMPTY)
    _, error = refused("swap", str(folder), "--yes", PATH=recipes.environment["PATH"])
    assert "mapper.js:3" in error and "`mapper build` failed; nothing was changed" in error
    proved("a mapper that does not build is named with its line, and is not swapped in")
    _, error = refused("swap", str(tmp_path / "empty.wasm"), "--yes")
    assert "nothing was changed" in error, error
    proved("a component that is no mapper is not swapped in")
    assert recipes.lambda_.list_layer_versions(LayerName="post-confirmation-mapper")["LayerVersions"] == before
