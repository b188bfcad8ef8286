"""The CDK construct of packaging/cdk: compiled in target/cdk, tested there, and synthesized with given properties."""

import json
import os
import re
import shutil
from subprocess import run

import pytest

from .program import NPM, ROOT, skip_or_fail
from .template import TemplateStack
from .zips import zipped

BUILT = ROOT / "target/cdk"
# The properties that are parameters of the template; the parameter UserPoolId is an imported pool.
PROPERTIES = {
    "BackendApiUrl": "backendApiUrl",
    "BackendAuthorizationArn": "authorization",
    "BackendSigningSecretArn": "signingSecret",
    "SecretsKeyArn": "secretsKey",
    "OnUndelivered": "onUndelivered",
    "CognitoAttributes": "attributes",
    "CognitoGroups": "groups",
    "MaximumConcurrency": "maximumConcurrency",
    "LogRetentionDays": "logRetentionDays",
    "AlarmTopicArn": "alarmTopic",
    "Dashboard": "dashboard",
    "FunctionName": "functionName",
}


# What stands around the guide's lines, which are of a stack's constructor.
APP = """
import { App, Stack, StackProps } from 'aws-cdk-lib';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
%s
class Guide extends Stack {
  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
%s
  }
}
const app = new App();
const guide = new Guide(app, 'Stack', { env: { account: '123456789012', region: 'eu-central-1' } });
process.stdout.write(JSON.stringify(app.synth().getStackByName(guide.stackName).template));
"""


def guide():
    """The program of the lines of TypeScript in the guide."""
    text = (ROOT / "docs/terraform-and-cdk.md").read_text("utf-8")
    imported, lines = re.search(r"```ts\n(import .*?\n)\n(.*?)```", text, re.S).groups()
    return APP % (imported.replace("'post-confirmation'", "'../index'"), lines)


def value(parameter, text):
    """A parameter's value as the property has it: a list, a number, a boolean, or the text."""
    if parameter in ("CognitoAttributes", "CognitoGroups"):
        return text.split(",")
    if parameter == "Dashboard":
        return text == "true"
    return int(text) if parameter in ("MaximumConcurrency", "LogRetentionDays") else text


class Construct:
    """The compiled construct."""

    def __init__(self, folder):
        """Compiles it and runs its own tests; `folder` gets what it synthesizes."""
        if not (BUILT / "node_modules").exists():
            skip_or_fail("the CDK library is missing: install it with `just e2e`")
        shutil.rmtree(BUILT / "built", ignore_errors=True)
        made_there = shutil.ignore_patterns("node_modules", "built")
        shutil.copytree(ROOT / "packaging/cdk", BUILT, ignore=made_there, dirs_exist_ok=True)
        (BUILT / "test/guide.ts").write_text(guide())
        env = os.environ | {"CDK_VALIDATION": "false"}
        self.tests = run(["npm", "test"], cwd=BUILT, env=env, capture_output=True, text=True)
        self.folder = folder
        for name in ("function", "mapper"):
            (folder / f"{name}.zip").write_bytes(zipped(**{name: name}))
        shared = BUILT / f"node_modules/post-confirmation-linux-{NPM}/share/post-confirmation"
        shared.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "function.zip", shared / "function-x86_64.zip")

    def synthesized(self, *cases, validation=False):
        """The results of cases, each a pool (`own`, `beside` or an id) and parameters: templates by stack, or an error.

        The assembly of the case N is the folder `N`. Logical ids are without the digests and the construct's id.
        `validation` is whether the library validates the templates, which takes it seconds.
        """
        given = []
        for number, (pool, parameters) in enumerate(cases):
            props = {PROPERTIES.get(name, name): value(name, text) for name, text in parameters.items()}
            files = {"mapper": str(self.folder / "mapper.zip"), "functionZip": str(self.folder / "function.zip")}
            given.append({"pool": pool, "outdir": str(self.folder / str(number)), "props": files | props})
        return self._run("synth", json.dumps(given), validation)

    def guided(self):
        """The template of the guide's stack, with the functions of an installed package and a mapper beside the app."""
        return self._run("guide", "", validation=False)

    def _run(self, program, given, validation):
        command = ["node", BUILT / f"built/test/{program}.js"]
        env = os.environ | {"CDK_VALIDATION": str(validation).lower()}
        done = run(command, cwd=self.folder, env=env, input=given, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        plain = re.sub(r"\b(?:Users)?([A-Z]\w+?)[0-9A-F]{8}(?:[0-9a-f]{32})?\b", r"\1", done.stdout)
        return json.loads(plain.replace("CurrentVersion", "Version"))


def stack(template):
    """A synthesized stack."""
    return TemplateStack({"Parameters": {}} | template, {})


@pytest.fixture(scope="session")
def construct(tmp_path_factory):
    """The construct, compiled once."""
    return Construct(tmp_path_factory.mktemp("construct"))
