"""Faults of the function that Cognito calls."""

import json
import zipfile

from ..doctor import FUNCTION, REDELIVERY
from ..program import ROOT
from ..stack import ARCHITECTURE
from ..zips import zipped
from . import FAULT, WARNING, fault

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:signing-AbCdEf"
PARAMETER = "arn:aws:ssm:eu-central-1:123456789012:parameter/backend/authorization"
OTHER_TARGET = "riscv64gc-unknown-linux-gnu"


def layer(*left_out, target=None):
    """The package's layer without some files, or with an image for another processor."""
    with zipfile.ZipFile(ROOT / "target/package" / ARCHITECTURE / "mapper.zip") as content:
        files = {name: content.read(name) for name in content.namelist() if name not in left_out}
    if target:
        files["mapper.json"] = json.dumps(json.loads(files["mapper.json"]) | {"target": target}).encode()
    return zipped(**files)


FAULTS = [
    fault("no alias", "function", FAULT, "there is no function", "`mapper create`", lambda it: it.unname(FUNCTION)),
    fault(
        "a function that failed",
        "function",
        FAULT,
        "no such subnet",
        "fix the reason",
        lambda it: it.account.state.update(State="Failed", StateReason="no such subnet"),
    ),
    fault(
        "an update that failed",
        "function",
        FAULT,
        "no such layer",
        "fix the reason",
        lambda it: it.account.state.update(LastUpdateStatus="Failed", LastUpdateStatusReason="no such layer"),
    ),
    fault(
        "another runtime",
        "function",
        FAULT,
        "nodejs22.x",
        "--runtime provided.al2023",
        lambda it: it.configure(Runtime="nodejs22.x"),
    ),
    fault("a short timeout", "timeout", FAULT, "4700 ms", "`mapper create`", lambda it: it.configure(Timeout=4)),
    fault("a close timeout", "timeout", WARNING, "5 s", "`mapper create`", lambda it: it.configure(Timeout=5)),
    fault(
        "little memory", "memory", FAULT, "128 MB", "--memory-size 129", lambda it: it.set_both(MAPPER_MEMORY_MB="97")
    ),
    fault(
        "no mapper",
        "layer",
        FAULT,
        "mapper.cwasm",
        "`mapper swap MAPPER`",
        lambda it: it.layer(layer("mapper.cwasm"), FUNCTION, REDELIVERY),
        follows={"dry run": FAULT},
    ),
    fault(
        "no manifest",
        "layer",
        FAULT,
        "without mapper.json",
        "`mapper swap MAPPER`",
        lambda it: it.layer(layer("mapper.json"), FUNCTION, REDELIVERY),
        follows={"dry run": FAULT},
    ),
    fault(
        "an image for another processor",
        "architecture",
        FAULT,
        OTHER_TARGET,
        "`mapper swap MAPPER`",
        lambda it: it.layer(layer(target=OTHER_TARGET), FUNCTION, REDELIVERY),
        follows={"dry run": FAULT},
    ),
    fault(
        "a mapper that fails",
        "dry run",
        FAULT,
        "Mapper.",
        "`mapper rollback`",
        lambda it: it.set_both(MAPPER_ENV_USERS_PATH="https://example.com/"),
    ),
    fault(
        "a setting that is none",
        "dry run",
        FAULT,
        "post-confirmation:live fails",
        "aws logs tail /aws/lambda/post-confirmation --since",
        lambda it: it.set(MAX_ATTEMPTS="many"),
    ),
    fault(
        "a redelivery that can't start",
        "dry run",
        FAULT,
        "post-confirmation-redelivery:live fails",
        "aws logs tail /aws/lambda/post-confirmation-redelivery --since",
        lambda it: it.set(REDELIVERY, MAX_ATTEMPTS="many"),
    ),
    fault(
        "no address",
        "backend's address",
        FAULT,
        "not set",
        "BACKEND_API_URL=",
        lambda it: it.set_both(without="BACKEND_API_URL"),
        follows={"dry run": FAULT},
    ),
    fault(
        "http",
        "backend's address",
        FAULT,
        "has to begin with https://; for http",
        "BACKEND_API_URL=https://",
        lambda it: it.set_both(BACKEND_API_URL="http://api.example.com/", without="BACKEND_ALLOW_HTTP"),
        follows={"dry run": FAULT},
    ),
    fault(
        "a switch that is neither on nor off",
        "backend's address",
        FAULT,
        "BACKEND_ALLOW_HTTP has to be `off` or `on`",
        "BACKEND_ALLOW_HTTP=off",
        lambda it: it.set_both(BACKEND_ALLOW_HTTP="yes"),
        follows={"dry run": FAULT},
    ),
    fault(
        "a secret in the settings",
        "secrets",
        WARNING,
        "BACKEND_AUTHORIZATION itself",
        "create-secret",
        lambda it: it.set_both(BACKEND_AUTHORIZATION="Bearer c2VjcmV0"),
    ),
    fault(
        "a secret that is not there",
        "secrets",
        FAULT,
        "does not exist",
        "create-secret",
        lambda it: it.set_both(BACKEND_SIGNING_SECRET=SECRET),
        follows={"dry run": FAULT},
    ),
    fault(
        "a parameter that is not there",
        "secrets",
        FAULT,
        "does not exist",
        "BACKEND_AUTHORIZATION=ARN",
        lambda it: it.set_both(BACKEND_AUTHORIZATION=PARAMETER),
        follows={"dry run": FAULT},
    ),
    fault(
        "a secret that the roles may not read",
        "secrets",
        FAULT,
        "secretsmanager:GetSecretValue",
        "`mapper create`",
        lambda it: it.set_both(BACKEND_AUTHORIZATION=it.secret("Bearer c2VjcmV0")),
    ),
    fault(
        "a parameter that the roles may not read",
        "secrets",
        FAULT,
        "ssm:GetParameter",
        "`mapper create`",
        lambda it: it.set_both(BACKEND_AUTHORIZATION=it.parameter("Bearer c2VjcmV0")),
    ),
    fault(
        "logs without lines",
        "logs",
        WARNING,
        "ERROR",
        "ApplicationLogLevel=INFO",
        lambda it: it.configure(LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "ERROR"}),
    ),
    fault(
        "no concurrency",
        "concurrency",
        FAULT,
        "throttled altogether",
        "delete-function-concurrency --function-name post-confirmation`",
        lambda it: it.reserve(FUNCTION, 0),
    ),
    fault(
        "little concurrency",
        "concurrency",
        WARNING,
        "at most 9",
        "delete-function-concurrency",
        lambda it: it.reserve(FUNCTION, 9),
    ),
    fault(
        "a redelivery that is throttled",
        "concurrency",
        WARNING,
        "at most 4",
        "delete-function-concurrency --function-name post-confirmation-redelivery`",
        lambda it: it.reserve(REDELIVERY, 4),
    ),
]
