"""AWS on this machine: moto's server, and the variables and clients to call it."""

import urllib.request

import boto3

from .program import BARE_ENVIRONMENT, ROOT, Program

REGION, ACCOUNT = "eu-central-1", "123456789012"


class Aws:
    """The stand-in for AWS in one test run; `reset` empties it."""

    def __init__(self, folder):
        """Starts it; its log is in `folder`."""
        self.program = Program("moto", ["python", ROOT / "test-support/python/moto_server.py"], folder / "moto.log")
        port = int(self.program.wait_for("moto's port", self.program.lines)[0])
        self.url = f"http://127.0.0.1:{port}"

    @property
    def env(self):
        """The environment of a program that calls AWS, the AWS CLI for example."""
        credentials = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
        where = {"AWS_ENDPOINT_URL": self.url, "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION}
        return BARE_ENVIRONMENT | credentials | where | {"AWS_EC2_METADATA_DISABLED": "true"}

    def client(self, service, region=REGION):
        """boto3's client of a service."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )

    def reset(self):
        """Empties it."""
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")).close()

    def stop(self):
        """Ends it."""
        self.program.stop()
