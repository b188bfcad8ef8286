"""The recipes on an account whose functions run the packages."""

from subprocess import run

import pytest

from .cognito_model import cli_with, model
from .doctor import Account
from .forking_cli import ForkingCli
from .program import MAPPER, announced
from .stack import ARCHITECTURE

# What a mapper may set in the pool of a test, and what nobody may change.
SCHEMA = [
    {"Name": name, "AttributeDataType": "String", "Mutable": mutable}
    for name, mutable in (("backend_id", True), ("plan", True), ("fixed", False))
]


class Recipes:
    """The recipes of `mapper` and the `account` that they work on."""

    def __init__(self, aws, factory, account=Account):
        """Starts the account; `factory` makes folders."""
        self.account, self.folder = account(aws, factory.mktemp("functions")), factory.mktemp("pool")
        newest = cli_with(model(), factory.mktemp("newest"))
        self.cli = ForkingCli(factory.mktemp("cli"), self.account.url, newest["AWS_DATA_PATH"])
        own = {"PATH": f"{self.cli.folder}:{aws.env['PATH']}", "XDG_STATE_HOME": str(self.folder)}
        self.environment = aws.env | newest | own

    def run(self, name, *args):
        """A recipe's end."""
        command = [MAPPER, name, *args]
        done = run(command, env=self.environment, cwd=self.folder, capture_output=True, text=True)
        return done if "--json" in args else announced(done)

    def succeeds(self, name, *args):
        """The output of a recipe that succeeds."""
        done = self.run(name, *args)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def create(self, **settings):
        """Runs `create` with these settings; with a backend, too, at first. Returns its output."""
        # Anything that listens is enough: nothing is sent.
        given = {"BACKEND_API_URL": f"{self.account.url}/", "BACKEND_ALLOW_HTTP": "on"} | settings
        sets = [word for name, value in given.items() for word in ("--set", f"{name}={value}")]
        return self.succeeds("create", "--arch", ARCHITECTURE, *sets)

    def new_pool(self):
        """The id of a new pool."""
        made = self.account.aws.client("cognito-idp").create_user_pool(PoolName="people", Schema=SCHEMA)
        return made["UserPool"]["Id"]

    def stop(self):
        """Ends it."""
        self.account.stop()
        self.cli.stop()


@pytest.fixture(scope="module")
def recipes(started_aws, packages, tmp_path_factory):
    """The recipes on an empty account."""
    packages(ARCHITECTURE)
    started_aws.reset()
    recipes = Recipes(started_aws, tmp_path_factory)
    yield recipes
    recipes.stop()
