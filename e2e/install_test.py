"""What is installed works in an empty folder, without compilers and without a checkout, and deploys to AWS."""

import base64
import hashlib
import json
import shutil
import zipfile
from subprocess import run

import pytest
from awscli.customizations.cloudformation.yamlhelper import yaml_parse

from support.aws import REGION
from support.construct import BUILT
from support.deployed import BOTH, TRIGGER, state
from support.doctor import Account
from support.installed import Installed, by_npm, by_pip, from_archive
from support.program import NPM, skip_or_fail
from support.stack import ARCHITECTURE

ACCOUNT_AND_REGION = "account 123456789012, region eu-central-1\n"
LIVE = f"arn:aws:lambda:{REGION}:123456789012:function:{TRIGGER}:live"


@pytest.mark.parametrize("install", [by_pip, by_npm, from_archive])
@pytest.mark.parametrize("language", ["js", "ts"])
def test_a_first_mapper_passes_where_it_is_installed(install, language, tmp_path, proved):
    it = Installed(install, tmp_path)
    it.succeeds("new", "accounts", "--lang", language, folder=tmp_path)
    assert "0 failed" in it.succeeds("test")
    proved(f"{it.seconds():.1f} s from the installation to the first green test")
    it.succeeds("build")
    assert "POST" in it.succeeds("run", "native")
    for arch in ("x86_64", "arm64"):
        it.succeeds("package", "--arch", arch)
        assert (it.accounts / "mapper.zip").stat().st_size > 500_000
    proved("mapper new, test, build, run and package, with nothing else on the PATH")


@pytest.fixture
def interceptor(aws, tmp_path):
    """An account whose functions run; the AWS CLI calls it."""
    (tmp_path / "functions").mkdir()
    account = Account(aws, tmp_path / "functions")
    yield account
    account.stop()


def digest(file):
    """The SHA-256 of a file as Lambda shows it."""
    return base64.b64encode(hashlib.sha256(file.read_bytes()).digest()).decode()


@pytest.mark.parametrize("install", [by_pip, by_npm])
def test_what_is_installed_deploys(install, interceptor, cli, tmp_path, proved):
    it = Installed(install, tmp_path, f"{cli['PATH'].partition(':')[0]}/aws", **without_path(cli))
    functions, cognito = (interceptor.aws.client(name) for name in ("lambda", "cognito-idp"))
    pool = cognito.create_user_pool(PoolName="people")["UserPool"]["Id"]
    layers = {}

    def recipe(*arguments):
        said = it.succeeds(*arguments, answer="y\n")
        assert said.startswith(ACCOUNT_AND_REGION)
        return said

    def live(number):
        """Checks that both functions run this version, with the installed program, and returns its mapper's digest."""
        digests = set()
        for name in BOTH:
            there = functions.get_function_configuration(FunctionName=name, Qualifier="live")
            assert there["Version"] == str(number)
            assert there["CodeSha256"] == digest(it.shared(f"function-{ARCHITECTURE}.zip"))
            (layer,) = there["Layers"]
            name, version = layer["Arn"].split(":")[-2:]
            content = functions.get_layer_version(LayerName=name, VersionNumber=int(version))["Content"]
            digests.add(content["CodeSha256"])
        (found,) = digests
        return found

    def trigger():
        return cognito.describe_user_pool(UserPoolId=pool)["UserPool"].get("LambdaConfig", {}).get("PostConfirmation")

    def package(mapper):
        it.succeeds("package", mapper, "--arch", ARCHITECTURE, "--output", tmp_path / "layer.zip")
        return digest(tmp_path / "layer.zip")

    it.succeeds("new", "accounts", "--lang", "js", folder=tmp_path)
    it.succeeds("build")
    assert "0 failed" in it.succeeds("test")
    layers["default"], layers["first"] = package("default-mapper"), package(".")
    # Anything that listens is enough: nothing is sent.
    backend = ("--set", f"BACKEND_API_URL={interceptor.url}/", "--set", "BACKEND_ALLOW_HTTP=on")
    said = recipe("create", "--arch", ARCHITECTURE, *backend)
    assert said.endswith("Next: `mapper attach POOL`, so that the pool calls post-confirmation after a confirmation.\n")
    assert live(1) == layers["default"]
    proved("`create` makes both functions of the installed program and the default mapper")

    assert trigger() is None
    assert f"user pool {pool} now calls {LIVE} after each confirmation\n" in recipe("attach", pool)
    assert trigger() == LIVE
    proved("`attach` gives the pool its trigger")

    assert recipe("swap", ".").endswith("The mapper is live. `mapper rollback` takes it back.\n")
    assert live(2) == layers["first"]
    source = it.accounts / "mapper.js"
    assert source.read_text().count("body: { id: sub, email, plan }") == 1
    source.write_text(source.read_text().replace("{ id: sub, email, plan }", "{ id: sub, email }"))
    done = it.run("swap", ".", answer="y\n")
    assert (done.returncode, live(2)) == (1, layers["first"])
    assert "DIFFERS" in done.stdout
    it.succeeds("test", "--bless")
    layers["second"] = package(".")
    said = recipe("swap", ".")
    assert '"plan"' in said and live(3) == layers["second"]
    assert len({*layers.values()}) == 3
    proved("`swap` makes the mapper live that `package` makes, and an edited one once its cases agree")

    assert recipe("doctor", pool).endswith("\n0 faults, 0 warnings, 0 checks not made\n")
    proved("`doctor` finds nothing wrong")
    recipe("rollback")
    assert live(2) == layers["first"]
    assert [version for version, *_ in state(functions).values()] == ["2", "2"]
    proved("`rollback` takes the first version of the mapper back")
    recipe("detach", pool)
    assert trigger() is None
    assert it.run("doctor", pool).returncode == 1
    proved("`detach` takes the trigger away, which `doctor` then misses")


def without_path(variables):
    """Variables for an environment that has a PATH and a home of its own."""
    return {name: value for name, value in variables.items() if name not in ("PATH", "HOME")}


@pytest.mark.parametrize("arch", ["x86_64", "arm64"])
def test_what_is_installed_has_the_templates(arch, aws, tmp_path, proved):
    it = Installed(by_pip, tmp_path)
    it.succeeds("package", "default-mapper", "--arch", arch, "--into", "deploy", folder=tmp_path)
    folder = tmp_path / "deploy"
    zips = [f"function-{arch}.zip", "mapper.zip"]
    names = ("alarms", "dashboard", "template", "with-pool")
    texts = [*(f"{name}.yaml" for name in names), "terraform/main.tf", "terraform/dashboard.tf"]
    assert all((folder / name).is_file() for name in [*zips, *texts])
    with zipfile.ZipFile(folder / "mapper.zip") as layer:
        target = json.loads(layer.read("mapper.json"))["target"]
        assert target.startswith({"x86_64": "x86_64", "arm64": "aarch64"}[arch])
    where = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    aws.client("s3").create_bucket(Bucket="bucket", **where)
    command = "aws cloudformation package --template-file template.yaml --s3-bucket bucket"
    done = run(command.split(), cwd=folder, env=aws.env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    packaged = yaml_parse(done.stdout)
    assert packaged["Globals"]["Function"]["Architectures"] == [arch]
    resources = {name: it["Properties"] for name, it in packaged["Resources"].items()}
    uris = [resources["Trigger"]["CodeUri"], resources["Redelivery"]["CodeUri"], resources["Mapper"]["ContentUri"]]
    for uri, name in zip(uris, [zips[0], *zips], strict=True):
        stored = aws.client("s3").get_object(Bucket="bucket", Key=uri.removeprefix("s3://bucket/"))["Body"].read()
        assert stored == (folder / name).read_bytes()
    proved(f"`mapper package --into` has everything that the AWS CLI packages into a stack for {arch}")

    template = (folder / "template.yaml").read_text()
    (folder / "template.yaml").write_text("mine")
    said = it.succeeds("package", "default-mapper", "--arch", arch, "--into", "deploy", folder=tmp_path)
    assert "deploy/template.yaml  differs from this release's, and stays; delete it to get that one\n" in said
    assert said.count("stays") == 1 and (folder / "template.yaml").read_text() == "mine"
    proved("a template that was changed stays as it is")

    (folder / "template.yaml").write_text(template)
    zips = {file: file.read_bytes() for file in folder.glob("*.zip")}
    other = {"x86_64": "arm64", "arm64": "x86_64"}[arch]
    done = it.run("package", "default-mapper", "--arch", other, "--into", "deploy", folder=tmp_path)
    assert done.returncode == 1 and f"`deploy/template.yaml` is for {arch}" in done.stderr, done.stderr
    assert {file: file.read_bytes() for file in folder.glob("*.zip")} == zips
    proved("a folder for one architecture does not become one for two")


# An app of somebody who has installed the packages and the CDK library, in TypeScript.
APP = """
import { App, Stack } from 'aws-cdk-lib';
import { UserPool } from 'aws-cdk-lib/aws-cognito';
import { PostConfirmation } from 'post-confirmation';

const app = new App({ outdir: 'made' });
const stack = new Stack(app, 'Users');
new PostConfirmation(stack, 'Users', {
  userPool: new UserPool(stack, 'Pool'),
  backendApiUrl: 'https://api.example.com/v1/',
  mapper: 'accounts/mapper.zip',
});
app.synth();
"""


def test_the_installed_construct_has_its_functions(tmp_path, proved):
    library = BUILT / "node_modules"
    if not library.exists():
        skip_or_fail("the CDK library is missing: install it with `just e2e`")
    it = Installed(by_npm, tmp_path)
    it.succeeds("new", "accounts", "--lang", "js", folder=tmp_path)
    it.succeeds("package")
    for name in ("aws-cdk-lib", "constructs", "@types"):
        (tmp_path / "node_modules" / name).symlink_to(library / name)
    (tmp_path / "app.ts").write_text(APP)
    options = {"cwd": tmp_path, "capture_output": True, "text": True}
    options |= {"env": it.environment | {"CDK_VALIDATION": "false"}}
    compiler = [library / ".bin/tsc", "--strict", "--module", "node16", "--skipLibCheck", "--types", "node", "app.ts"]
    for command in (compiler, ["node", "app.js"]):
        done = run(command, **options)
        assert done.returncode == 0, done.stdout + done.stderr
    template = json.loads((tmp_path / "made/Users.template.json").read_text())
    named = {"Function": "Code", "LayerVersion": "Content"}
    keys = {kind: set() for kind in named}
    for resource in template["Resources"].values():
        kind = resource["Type"].removeprefix("AWS::Lambda::")
        if kind in named:
            keys[kind].add(resource["Properties"][named[kind]]["S3Key"])
    for kind, file in (("Function", it.shared("function-x86_64.zip")), ("LayerVersion", it.accounts / "mapper.zip")):
        (key,) = keys[kind]
        assert (tmp_path / f"made/asset.{key}").read_bytes() == file.read_bytes()
    proved("an app in TypeScript has the installed functions and the packaged mapper, with no other setting")

    shutil.rmtree(tmp_path / f"node_modules/post-confirmation-linux-{NPM}")
    done = run(["node", "app.js"], **options)
    assert done.returncode != 0 and "functionZip must be given, because the package post-confirmation-" in done.stderr
    proved("without the package for the machine, the error names the property")
