"""Deploying both functions on the Lambda that runs code, and calling them."""

import http.client
import json
import urllib.parse

import boto3

from .aws import REGION
from .lambda_service import FUNCTIONS
from .program import ROOT

TRIGGER, REDELIVERY = BOTH = "post-confirmation", "post-confirmation-redelivery"
# The default mapper, which `just build` and `just package` build to different bytes.
COMPONENT = ROOT / "target/wasm32-wasip2/mapper/post_confirmation_guest.wasm"
EVENT = ROOT / "guest/cases/native.event.json"
# An address on which nothing listens.
NO_BACKEND = "http://127.0.0.1:9/"


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
            Environment={"Variables": {"BACKEND_API_URL": NO_BACKEND}},
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
    """Of each function: the live version, its alias's description, and the layers of that version and of $LATEST."""
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
