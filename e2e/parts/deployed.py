"""Both functions deployed on the Lambda that runs code, and what a test asks of them."""

import http.client
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from subprocess import run

import boto3
import pytest

from .aws import REGION
from .chain import ARCHITECTURE
from .lambda_service import FUNCTIONS, LambdaService
from .program import ROOT

TRIGGER, REDELIVERY = BOTH = "post-confirmation", "post-confirmation-redelivery"
# The default mapper, which `just build` and `just package` build to different bytes.
COMPONENT = ROOT / "target/wasm32-wasip2/mapper/post_confirmation_guest.wasm"
EVENT = ROOT / "guest/cases/native.event.json"
# Where nothing listens.
NOBODY = "http://127.0.0.1:9/"


@pytest.fixture
def service(aws, tmp_path):
    """AWS with a Lambda that runs code."""
    (tmp_path / "lambda").mkdir()
    service = LambdaService(aws, tmp_path / "lambda")
    yield service
    service.stop()


@pytest.fixture
def between(service):
    """The service is what the AWS CLI calls."""
    return service


@pytest.fixture
def recipe(cli, tmp_path_factory):
    """Runs a script of deploy/, or of another folder, by the AWS CLI; what it is asked is answered by `answer`."""
    images = {"MAPPER_CACHE_DIR": str(tmp_path_factory.getbasetemp() / "images")}

    def run_recipe(name, *args, answer="", folder=ROOT / "deploy", env=None):
        command = ["python", str(folder / f"{name}.py"), *map(str, args)]
        return run(command, env=cli | images | (env or {}), input=answer, capture_output=True, text=True, cwd=ROOT)

    return run_recipe


@pytest.fixture
def backend():
    """A backend that takes everything; `users` are the bodies that it has got."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            server.users.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.users, server.url = [], f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def functions(aws, service, packages):
    """boto3's client of Lambda, and both functions with layer and alias, as `create` makes them."""
    client = client_of(service)
    deploy(client, aws, ARCHITECTURE, *(packages(ARCHITECTURE) / f"{name}.zip" for name in ("function", "mapper")))
    return client


def client_of(service):
    """boto3's client of Lambda that goes through the service."""
    key = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    return boto3.client("lambda", endpoint_url=service.url, region_name=REGION, **key)


def deploy(client, aws, architecture, code, mapper):
    """Makes both functions of these zips."""
    role = aws.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    content = {"ZipFile": mapper.read_bytes()}
    layer = client.publish_layer_version(LayerName="post-confirmation-mapper", Content=content)["LayerVersionArn"]
    for name in BOTH:
        client.create_function(
            FunctionName=name,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role=role,
            Code={"ZipFile": code.read_bytes()},
            Layers=[layer],
            Architectures=[architecture],
            Environment={"Variables": {"BACKEND_API_URL": NOBODY}},
            LoggingConfig={"LogFormat": "JSON"},
        )
        version = client.publish_version(FunctionName=name)["Version"]
        client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)


def publish(client, name, **settings):
    """Changes a function, publishes it and points its alias at the version, which it returns; as `create` does it."""
    client.update_function_configuration(FunctionName=name, **settings)
    version = client.publish_version(FunctionName=name)["Version"]
    client.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
    return version


def state(client):
    """Of each function the version that is live, what its alias says, and the layers of that version and of $LATEST."""
    found = {}
    for name in BOTH:
        alias = client.get_alias(FunctionName=name, Name="live")
        layers = [
            [layer["Arn"].partition(":layer:")[2] for layer in configuration.get("Layers", [])]
            for configuration in (
                client.get_function_configuration(FunctionName=name, Qualifier=qualifier)
                for qualifier in ("live", "$LATEST")
            )
        ]
        found[name] = alias["FunctionVersion"], alias["Description"], *layers
    return found


def event(sub):
    """A sign-up as Cognito sends it."""
    found = json.loads(EVENT.read_bytes())
    found["request"]["userAttributes"] |= {"sub": sub, "locale": "de-DE"}
    return found


def confirmed(service, sub):
    """Calls the alias of the trigger's function by its ARN, as Cognito does, and returns what it answers."""
    arn = urllib.parse.quote(f"arn:aws:lambda:{REGION}:123456789012:function:{TRIGGER}:live", safe="")
    to = http.client.HTTPConnection(urllib.parse.urlsplit(service.url).netloc)
    to.request("POST", f"{FUNCTIONS}/{arn}/invocations", json.dumps(event(sub)))
    answer = to.getresponse()
    content = json.loads(answer.read())
    to.close()
    return answer.headers.get("X-Amz-Function-Error"), content


def send(sqs, url, content):
    """Puts an event into the queue with one of the attributes that the function gives it; returns the message's id."""
    attributes = {"reason": {"DataType": "String", "StringValue": "Backend.Unreachable"}}
    message = sqs.send_message(QueueUrl=url, MessageBody=json.dumps(content), MessageAttributes=attributes)
    return message["MessageId"]
