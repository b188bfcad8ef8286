"""The model of Cognito that an AWS CLI gets.

PyPI has version 1 of the CLI, which gets no new settings of any service since August 2026 (aws-cli issue 10536). But
every version takes a service's model from AWS_DATA_PATH, and boto3 brings the newest.
"""

import gzip
import json
from pathlib import Path

import botocore

COGNITO = "cognito-idp/2016-04-18/service-2.json"


def model():
    """Cognito's newest model."""
    file = Path(botocore.__file__).parent / "data" / f"{COGNITO}.gz"
    return json.loads(gzip.decompress(file.read_bytes()))


def cli_with(model, folder):
    """The variables of a CLI with `model`, which is written into `folder`."""
    file = folder / COGNITO
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(model))
    return {"AWS_DATA_PATH": str(folder)}
