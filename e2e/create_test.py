"""`create` makes the function with everything around it, and updates it."""

import json
import re
from subprocess import run

import pytest

from support.intercept import refused
from support.no_sleep import without_sleeping
from support.program import MAPPER, ROOT, announced, program_beside
from support.rights import rights_of_create
from support.zips import zipped

API_URL = "BACKEND_API_URL=https://api.example.com/v1/"
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:post-confirmation-undelivered"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:signing-AbCdEf"
PARAMETER = "arn:aws:ssm:eu-central-1:123456789012:parameter/backend/authorization"
FUNCTIONS = ("post-confirmation", "post-confirmation-redelivery")


# What is installed beside the program and every `create` takes.
BESIDE = "default-mapper.wasm"


@pytest.fixture
def program(tmp_path):
    """The program beside functions of its own."""
    packages = {f"function-{arch}.zip": zipped(bootstrap=arch) for arch in ("x86_64", "arm64")}
    return program_beside(tmp_path / "installed", packages | {BESIDE: (MAPPER.parent / BESIDE).read_bytes()})


@pytest.fixture(autouse=True)
def logging(interceptor):
    """Keeps the logging configuration of a function, which moto forgets."""
    logging = {}

    def remembering(call):
        status, answer = call.forward()
        if "FunctionName" in answer:
            logs = (call.parameters or {}).get("LoggingConfig", logging.get(answer["FunctionName"]))
            logging[answer["FunctionName"]] = logs
            answer |= {"LoggingConfig": logs}
        return status, answer

    functions = "/2015-03-31/functions"
    interceptor.answers |= {f"POST {functions}": remembering}
    # Real programs run in versions/; here every function passes its dry run.
    maps = {"dryRun": {"end": "delivered", "mapper": "0"}}
    for name in (*FUNCTIONS, "joined", "joined-redelivery"):
        interceptor.answers[f"POST {functions}/{name}/invocations"] = lambda _: (200, maps)
        interceptor.answers |= {f"{method} {functions}/{name}/configuration": remembering for method in ("GET", "PUT")}


@pytest.fixture
def create(cli, program):
    """Runs `create`."""

    def run_create(*args, env=None):
        command = [program, "create", *args]
        variables = cli | (env or {})
        return announced(run(command, env=variables, capture_output=True, text=True))

    return run_create


def made(aws, name="post-confirmation"):
    """The configuration of the version that the function's alias names."""
    return aws.client("lambda").get_function_configuration(FunctionName=name, Qualifier="live")


def variables(aws, name="post-confirmation"):
    """The environment of that version."""
    return made(aws, name)["Environment"]["Variables"]


def policy(aws, role):
    """The actions that a role allows, by resource."""
    found = aws.client("iam").get_role_policy(RoleName=role, PolicyName="post-confirmation")["PolicyDocument"]
    return {statement["Resource"]: statement["Action"] for statement in found["Statement"]}


def test_the_settings_are_those_of_the_reference(create, proved):
    table = (ROOT / "docs/reference.md").read_text().partition("\n## Settings\n")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([A-Z_*]+)`", row.split("|")[1])}
    done = create("--set", "NOTHING=x")
    known = {*done.stderr.partition("there is no such setting; the settings are ")[2].strip().split(", ")}
    assert known < named and "MAPPER_ENV_*" in known
    for other in named - known:
        assert f"argument --set: {other} can't be set here: " in create("--set", f"{other}=x").stderr
    proved("create knows exactly the settings of the reference")


def test_create_makes_everything(aws, create, interceptor, proved):
    done = create("--set", API_URL, "--set", "MAPPER_ENV_USERS_PATH=people/")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.partition(" ")[0] for line in done.stdout.splitlines()] == (
        "queue queue log role log role layer function function".split()
        + ["post-confirmation-redelivery:1:", "post-confirmation:1:", "alias", "alias", "event", "Next:"]
    )
    assert done.stdout.count("created") == 12

    sqs = aws.client("sqs")
    queue, dead = (
        sqs.get_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], AttributeNames=["All"])
        for name in ("post-confirmation-undelivered", "post-confirmation-dead-letters")
    )
    queue, dead = queue["Attributes"], dead["Attributes"]
    for attributes in (queue, dead):
        assert attributes["MessageRetentionPeriod"] == "1209600"
        assert attributes["SqsManagedSseEnabled"] == "true"
    assert queue["VisibilityTimeout"] == "180"
    redrive = json.loads(queue["RedrivePolicy"])
    assert redrive == {"deadLetterTargetArn": dead["QueueArn"], "maxReceiveCount": 5}
    proved("the queue and its dead-letter queue are encrypted and keep messages for 14 days")

    logs = {"Action": ["logs:CreateLogStream", "logs:PutLogEvents"]}["Action"]
    group = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/post-confirmation"
    assert policy(aws, "post-confirmation") == {f"{group}:*": logs, QUEUE: ["sqs:SendMessage"]}
    receive = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    assert policy(aws, "post-confirmation-redelivery") == {f"{group}-redelivery:*": logs, QUEUE: receive}
    groups = aws.client("logs").describe_log_groups()["logGroups"]
    assert {group["logGroupName"]: group["retentionInDays"] for group in groups} == {
        f"/aws/lambda/{name}": 30 for name in FUNCTIONS
    }
    proved("each role has its own logs and its side of the queue, and logs are kept for 30 days")

    trigger, redelivery = (made(aws, name) for name in FUNCTIONS)
    for function, timeout in ((trigger, 6), (redelivery, 30)):
        assert (function["Runtime"], function["Handler"]) == ("provided.al2023", "bootstrap")
        assert (function["MemorySize"], function["Timeout"]) == (128, timeout)
        assert function["Architectures"] == ["x86_64"]
        assert [layer["Arn"].split(":")[-2:] for layer in function["Layers"]] == [["post-confirmation-mapper", "1"]]
    sent = interceptor.asked("POST /2015-03-31/functions")
    assert [function["LoggingConfig"] for function in sent] == [{"LogFormat": "JSON"}] * 2
    settings = {"BACKEND_API_URL": "https://api.example.com/v1/", "MAPPER_ENV_USERS_PATH": "people/"}
    url = sqs.get_queue_url(QueueName="post-confirmation-undelivered")["QueueUrl"].partition("/123")[2]
    queue_url = trigger["Environment"]["Variables"].pop("UNDELIVERED_QUEUE_URL")
    assert queue_url.partition("/123")[2] == url
    assert trigger["Environment"]["Variables"] == redelivery["Environment"]["Variables"] == settings
    proved("both functions have the code, the layer, the settings and logs as JSON, behind the alias `live`")

    [mapping] = interceptor.asked("POST /2015-03-31/event-source-mappings")
    assert mapping == {
        "EventSourceArn": QUEUE,
        "FunctionName": "arn:aws:lambda:eu-central-1:123456789012:function:post-confirmation-redelivery:live",
        "BatchSize": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 5},
    }
    proved("the queue feeds redelivery's alias, which reports failed records, five batches at once")

    interceptor.calls.clear()
    done = create("--set", API_URL)
    assert done.returncode == 0
    assert done.stdout.count("exists") == 12
    writes = [
        call.operation for call in interceptor.calls if re.match("PUT|DELETE|POST /2015.*configuration", call.operation)
    ]
    assert writes == []
    assert variables(aws)["MAPPER_ENV_USERS_PATH"] == "people/"
    proved("a second run finds everything and changes nothing")


def test_create_updates_what_exists(aws, create, interceptor, program, proved):
    assert create("--set", API_URL, "--set", "MAX_ATTEMPTS=4", "--max-concurrency", "7").returncode == 0
    client, sqs = aws.client("lambda"), aws.client("sqs")
    client.update_function_configuration(FunctionName="post-confirmation", MemorySize=512, Timeout=10)
    url = sqs.get_queue_url(QueueName="post-confirmation-undelivered")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "30", "RedrivePolicy": ""})
    role = aws.client("iam").create_role(RoleName="own", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    client.update_function_configuration(FunctionName="post-confirmation", Role=role)
    aws.client("logs").delete_retention_policy(logGroupName="/aws/lambda/post-confirmation")
    aws.client("logs").put_retention_policy(logGroupName="/aws/lambda/post-confirmation-redelivery", retentionInDays=7)
    done = create("--set", f"BACKEND_SIGNING_SECRET={SECRET}", "--set", f"BACKEND_AUTHORIZATION={PARAMETER}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nqueue post-confirmation-undelivered: updated\n" in done.stdout
    assert "Next:" not in done.stdout
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "180" and "dead-letters" in attributes["RedrivePolicy"]
    groups = aws.client("logs").describe_log_groups()["logGroups"]
    assert sorted(group["retentionInDays"] for group in groups) == [7, 30]
    proved("a changed queue and a log group without retention are corrected; another retention stays")

    for name, own in zip(FUNCTIONS, ({"UNDELIVERED_QUEUE_URL"}, set()), strict=True):
        given = {"BACKEND_SIGNING_SECRET": SECRET, "BACKEND_AUTHORIZATION": PARAMETER, "MAX_ATTEMPTS": "4"}
        found = variables(aws, name)
        assert {setting: found[setting] for setting in given} == given
        assert set(found) == {*given, "BACKEND_API_URL", *own}
        rights = policy(aws, name)
        assert rights[SECRET] == ["secretsmanager:GetSecretValue"]
        assert rights[PARAMETER] == ["ssm:GetParameter"]
        allowed = {(action, resource) for resource, actions in rights.items() for action in actions}
        assert allowed == rights_of_create(name, PARAMETER, SECRET)
        assert made(aws, name)["Version"] == "2"
    assert (made(aws)["MemorySize"], made(aws)["Timeout"]) == (512, 10)
    assert "event source mapping: exists, at most 7 at once" in done.stdout
    proved("new settings are added to the others, with the right to read exactly their secrets")
    assert made(aws)["Role"] == role
    proved("another role, more memory, a longer timeout and another concurrency stay")
    client.update_function_configuration(FunctionName="post-confirmation-redelivery", Timeout=60)
    tries = json.dumps(json.loads(attributes["RedrivePolicy"]) | {"maxReceiveCount": 9})
    more = {"VisibilityTimeout": "1800", "RedrivePolicy": tries}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=more)
    assert "queue post-confirmation-undelivered: exists" in create().stdout
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "180"})
    assert "queue post-confirmation-undelivered: updated" in create().stdout
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "360" and json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] == 9
    proved("more receives and a longer visibility timeout stay; it is at least six times redelivery's timeout")

    (program.parent / "function-x86_64.zip").write_bytes(zipped(bootstrap="another"))
    other, swapped = (
        client.publish_layer_version(LayerName=name, Content={"ZipFile": zipped(bootstrap=name)})["LayerVersionArn"]
        for name in ("other", "post-confirmation-mapper")
    )
    for name in FUNCTIONS:
        client.update_function_configuration(FunctionName=name, Layers=[other, swapped])
    done = create("--set", "MAX_ATTEMPTS=")
    assert (done.returncode, made(aws)["Version"]) == (1, "2")
    assert (
        "$LATEST has another program or mapper than the live version, left there by an interrupted swap" in done.stderr
    )
    proved("an untried mapper does not go live together with a setting")
    for name in FUNCTIONS:
        version = client.publish_version(FunctionName=name)["Version"]
        client.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
    done = create("--set", "MAX_ATTEMPTS=", "--set", "BACKEND_AUTHORIZATION=", "--max-concurrency", "3")
    assert (done.returncode, done.stderr) == (0, "")
    layers = [layer["Arn"].partition(":layer:")[2] for layer in made(aws)["Layers"]]
    assert layers == ["other:1", "post-confirmation-mapper:2"]
    first = client.get_function_configuration(FunctionName="post-confirmation", Qualifier="1")
    assert made(aws)["CodeSha256"] == first["CodeSha256"]
    assert "event source mapping: updated, at most 3 at once" in done.stdout
    proved("code, a swapped mapper and other layers stay as they are")
    assert "MAX_ATTEMPTS" not in variables(aws)
    assert PARAMETER not in policy(aws, "post-confirmation")
    proved("an empty value removes a setting, and the right that it needed")

    def fails(call):
        call.headers["X-Amz-Function-Error"] = "Unhandled"
        return 200, {"errorType": "Secret.Invalid", "errorMessage": "no"}

    interceptor.answers["POST /2015-03-31/functions/post-confirmation/invocations"] = fails
    done = create("--set", f"BACKEND_SIGNING_SECRET={SECRET[:-6]}GhIjKl")
    assert (done.returncode, variables(aws)["BACKEND_SIGNING_SECRET"]) == (1, SECRET)
    assert {SECRET, f"{SECRET[:-6]}GhIjKl"} <= policy(aws, "post-confirmation").keys()
    proved("if the new secret can't be read, the live version goes on and may read its own")


def test_create_resumes_after_a_failure(aws, create, interceptor, proved):
    layers = "POST /2018-10-31/layers/post-confirmation-mapper/versions"
    interceptor.answers[layers] = lambda _: refused("CodeStorageExceededException", "Full")
    done = create("--set", API_URL)
    assert done.returncode == 1
    assert done.stderr.startswith("error: aws lambda publish-layer-version: CodeStorageExceededException: ")
    del interceptor.answers[layers]
    done = create("--set", API_URL)
    assert done.returncode == 0
    assert (done.stdout.count("exists"), done.stdout.count("created")) == (6, 6)
    proved("after a failure, create resumes")


def test_create_retries_until_a_new_role_is_known(aws, create, interceptor, tmp_path, proved):
    no_sleep = without_sleeping(tmp_path / "no_sleep")
    path, mapping = "POST /2015-03-31/functions", "POST /2015-03-31/event-source-mappings"
    remembering = interceptor.answers[path]
    unknown = refused(
        "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
    )
    powerless = refused(
        "InvalidParameterValueException",
        "The provided execution role does not have permissions to call ReceiveMessage on SQS",
    )
    interceptor.answers[path] = lambda call: unknown if len(interceptor.asked(path)) < 3 else remembering(call)
    interceptor.answers[mapping] = lambda call: powerless if len(interceptor.asked(mapping)) < 2 else call.forward()
    done = create("--set", API_URL, env=no_sleep)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(" is not known everywhere yet; trying again (1 of 11)\n") == 2
    assert done.stdout.count(" is not known everywhere yet; trying again (2 of 11)\n") == 1
    proved("while AWS does not know a new role, create says so and retries")

    aws.reset()
    interceptor.calls.clear()
    interceptor.answers[path] = lambda call: unknown
    done = create("--set", API_URL, env=no_sleep)
    assert done.returncode == 1
    assert "The role defined for the function cannot be assumed by Lambda." in done.stderr
    assert len(interceptor.asked(path)) == 12
    proved("it stops retrying after a while")

    aws.reset()
    interceptor.calls.clear()
    interceptor.answers[path] = lambda call: refused("InvalidParameterValueException", "The handler is too long.")
    assert create("--set", API_URL, env=no_sleep).returncode == 1
    assert len(interceptor.asked(path)) == 1
    proved("it does not retry after another error")


def test_unknown_settings_and_plain_secrets_are_refused(aws, create, interceptor, proved):
    for given, said in (
        (
            "BACKEND_SIGNING_SECRET=whsec_c2VjcmV0",
            "BACKEND_SIGNING_SECRET takes the ARN of a secret here, not the secret",
        ),
        (
            "BACKEND_AUTHORIZATION=Bearer c2VjcmV0",
            "BACKEND_AUTHORIZATION takes the ARN of a secret here, not the secret",
        ),
        ("BACKEND_URL=https://c2VjcmV0", "there is no such setting; the settings are ANSWER_WITHIN_MS, "),
        ("MAPPER_ENV_=c2VjcmV0", "there is no such setting; the settings are ANSWER_WITHIN_MS, "),
        (
            "UNDELIVERED_QUEUE_URL=c2VjcmV0",
            "UNDELIVERED_QUEUE_URL can't be set here: `create` makes the queue and sets it",
        ),
        ("MAPPER_IMAGE=c2VjcmV0", "MAPPER_IMAGE can't be set here: the mapper is in the layer"),
        ("AWS_LAMBDA_LOG_LEVEL=c2VjcmV0", "AWS_LAMBDA_LOG_LEVEL can't be set here: Lambda sets it"),
        ("c2VjcmV0", "write a setting as NAME=VALUE"),
    ):
        done = create("--set", API_URL, "--set", given)
        assert done.returncode == 2
        assert f"argument --set: {said}" in done.stderr
        assert "c2VjcmV0" not in done.stdout + done.stderr
    proved("unknown settings and plain secrets are refused, and no value is printed")

    assert create("--set", API_URL, "--max-concurrency", "1").returncode == 2
    done = create()
    assert (done.returncode, done.stderr.count("BACKEND_API_URL=https://")) == (1, 1)
    assert [call for call in interceptor.calls if call.operation not in GETS] == []
    proved("nothing is made without the backend's address")


GETS = [f"GET /2015-03-31/functions/{name}/configuration" for name in FUNCTIONS]


def test_create_takes_another_architecture_and_name(aws, create, proved):
    done = create("--set", API_URL, "--arch", "arm64", "--function", "joined")
    assert (done.returncode, done.stderr) == (0, "")
    assert made(aws, "joined")["Architectures"] == made(aws, "joined-redelivery")["Architectures"] == ["arm64"]
    assert create("--function", "joined").stdout.count("exists") == 12
    proved("a function with another name is made for arm64, and stays so after an update")
    done = create("--function", "joined", "--arch", "x86_64")
    assert (
        done.returncode == 1
        and "joined is for arm64, which can't be changed; choose another --function for x86_64" in done.stderr
    )
    proved("a function's architecture is never changed")


def test_create_stops_before_it_makes_anything(aws, create, interceptor, program, proved):
    (program.parent / "function-arm64.zip").unlink()
    done = create("--set", API_URL, "--arch", "arm64")
    assert done.returncode == 1
    missing = "/function-arm64.zip is missing, which is installed with `mapper`; install the whole package again\n"
    assert done.stderr.endswith(missing)
    proved("a missing file of the installation is reported")

    role = aws.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    aws.client("lambda").create_function(
        FunctionName="post-confirmation",
        Runtime="nodejs22.x",
        Handler="index.handler",
        Role=role,
        Code={"ZipFile": zipped(bootstrap=b"")},
    )
    done = create("--set", API_URL)
    assert done.returncode == 1
    assert (
        "post-confirmation is already another function, with the runtime nodejs22.x; choose another --function"
        in done.stderr
    )
    proved("a function of somebody else is not changed")
    aws.client("lambda").create_function(
        FunctionName="stacked",
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role=role,
        Code={"ZipFile": zipped(bootstrap=b"")},
        Tags={"aws:cloudformation:stack-name": "people"},
    )
    done = create("--set", API_URL, "--function", "stacked")
    assert done.returncode == 1
    assert "stacked belongs to the stack people: change the stack's parameters or its template" in done.stderr
    proved("create does not change what a stack has made")
    assert aws.client("sqs").list_queues().get("QueueUrls", []) == []
    proved("none of these runs left anything behind")
