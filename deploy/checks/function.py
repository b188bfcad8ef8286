"""Checks of the function that Cognito calls: it starts in time, with its mapper, its settings and its secrets."""

import json
import re

from aws import aws, aws_or_none
from checks import NotChecked, fault, warning
from checks.deployment import refused
from dry_run import SIGN_UP
from functions import RUNTIME
from role import READ, whole
from settings import SECRETS
from unpublished import settings_of
from versions import IMAGE, MANIFEST

TARGETS = {"x86_64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}
# In milliseconds: the default of ANSWER_WITHIN_MS, and the host's reserve before Lambda ends it.
ANSWER_WITHIN, KEPT_BACK = 4500, 200
# In seconds; Cognito waits 5, which leaves no time for a late answer.
TIMEOUT = 6
# In MB: the default of MAPPER_MEMORY_MB, and the memory of bootstrap itself.
MAPPER_MEMORY, OWN_MEMORY = 64, 32
LEVELS = ("TRACE", "DEBUG", "INFO")
# Two confirmations a second need this many at once while the backend hangs, at 4.5 s each.
LOW = 10


def function(deployment):
    """The function and its alias are there, active and of the runtime that bootstrap is built for."""
    yield from is_ready(
        deployment.called,
        f"{deployment.names.function}:{deployment.qualifier}",
        "Cognito's call fails",
        deployment,
    )


def is_ready(there, name, why, deployment):
    """Findings that keep the function with the configuration `there` from being called."""
    if there is None:
        yield fault(f"there is no function {name} in this account and region", why, deployment.create)
        return
    state, update = there.get("State", "Active"), there.get("LastUpdateStatus", "Successful")
    if state != "Active" or update != "Successful":
        reason = there.get("StateReason") or there.get("LastUpdateStatusReason") or "AWS gives no reason"
        yield fault(
            f"{name} is {state}, its last update {update}: {reason}",
            why,
            f"wait if it is Pending or InProgress; otherwise fix the reason, then {deployment.create}",
        )
    if there.get("Runtime") != RUNTIME:
        yield fault(
            f"{name} has the runtime {there.get('Runtime')}",
            f"`bootstrap` is built only for {RUNTIME}",
            f"`aws lambda update-function-configuration --function-name {deployment.names.function} --runtime "
            f"{RUNTIME}`, then {deployment.create}",
        )


def timeout(deployment):
    """Lambda does not end the function before it has answered."""
    has = deployment.function["Timeout"]
    needs = number(deployment.variables, "ANSWER_WITHIN_MS", ANSWER_WITHIN) + KEPT_BACK
    if has * 1000 < needs:
        yield fault(
            f"the timeout is {has} s, and ANSWER_WITHIN_MS needs {needs} ms",
            "the time for the backend and the queue is cut short",
            f"{deployment.create}: both set {TIMEOUT} s",
        )
    elif has < TIMEOUT:
        yield warning(
            f"the timeout is {has} s",
            "after a slow start there is no time left to keep the user in the queue",
            f"{deployment.create}: both set {TIMEOUT} s",
        )


def memory(deployment):
    """The mapper meets its own limit before Lambda's."""
    has = deployment.function["MemorySize"]
    mapper = number(deployment.variables, "MAPPER_MEMORY_MB", MAPPER_MEMORY)
    if has < max(128, mapper + OWN_MEMORY):
        yield fault(
            f"the function has {has} MB, and the mapper may take {mapper} MB",
            "Lambda ends the whole process if a mapper takes too much, and the event is lost",
            f"a MAPPER_MEMORY_MB below {has - OWN_MEMORY}, or `aws lambda update-function-configuration "
            f"--function-name {deployment.names.function} --memory-size {max(128, mapper + OWN_MEMORY)}`, then "
            f"{deployment.create}",
        )


def layer(deployment):
    """A layer holds the mapper and its manifest."""
    if not deployment.mapper:
        if not deployment.tried:
            # It is beside bootstrap.
            return
        yield fault(
            f"none of the function's layers holds {IMAGE}",
            "without a mapper every event goes into the queue",
            deployment.swap,
        )
    elif MANIFEST not in deployment.mapper[1].namelist():
        yield fault(
            f"{deployment.mapper[0]} holds {IMAGE} without {MANIFEST}",
            "`bootstrap` loads no image that it can't check",
            f"{deployment.swap}; both files of `mapper compile` belong at the root of the zip",
        )


def architecture(deployment):
    """Function and image are for the same processor."""
    if not deployment.mapper or MANIFEST not in deployment.mapper[1].namelist():
        raise NotChecked("there is no mapper with its manifest")
    target = json.loads(deployment.mapper[1].read(MANIFEST))["target"]
    has = deployment.function["Architectures"][0]
    if target != TARGETS[has]:
        yield fault(
            f"the function is {has}, and the mapper's image is for {target}",
            "`bootstrap` can't load it, and every event goes into the queue",
            f"{deployment.swap}: compile the image for {TARGETS[has]}",
        )


def dry_runs(deployment):
    """Both functions map an event, with their own mapper, settings and secrets."""
    yield from failing(deployment.names.function, deployment.qualifier, deployment.tried, deployment)
    if deployment.found_redelivery is not None:
        name, qualifier = deployment.names.redelivery, deployment.redelivery_qualifier
        yield from failing(name, qualifier, deployment.redelivery_tried, deployment)


def failing(name, qualifier, failed, deployment):
    """The finding if a function failed at an event."""
    if failed:
        yield fault(
            ": ".join([f"{name}:{qualifier} fails at an event with {failed.error_type}", *failed.because]),
            "real events fail the same way",
            remedy(failed.error_type, name, deployment),
        )


def remedy(error, function, deployment):
    """The fix for an `errorType` of docs/reference.md."""
    log = f"read `aws logs tail /aws/lambda/{function} --since 10m`"
    if error == "Mapper.Refused":
        return f"{deployment.swap}: image and `bootstrap` must be of the same release and processor; {log}"
    if error.startswith("Mapper."):
        return f"`just rollback` if it worked before; `mapper run guest/cases/{SIGN_UP.name}` shows it; {log}"
    if error.startswith("Secret."):
        return f"store the secret in the form of docs/reference.md, and let the role read it; {log}"
    if error == "Host.OutOfTime":
        return f"more memory, which is more CPU; {log}"
    return f"{log}: it names each setting that is at fault; then {deployment.change('NAME=VALUE')}"


def api_url(deployment):
    """The backend's address is there, and is one that the host takes."""
    url, variables = deployment.variables.get("BACKEND_API_URL"), deployment.variables
    fix = deployment.change("BACKEND_API_URL=https://…")
    if not url:
        yield fault("BACKEND_API_URL is not set", "the function can't start", fix)
    elif not re.match(r"https?://", url):
        yield fault("BACKEND_API_URL is not an https address", "the function can't start", fix)
    elif not is_allowed(variables):
        yield fault(
            "BACKEND_API_URL is http, and BACKEND_ALLOW_HTTP is not `on`",
            "the function can't start: users and secrets would be readable on the network",
            f"{fix}; BACKEND_ALLOW_HTTP=on only for a private network",
        )


def is_allowed(variables):
    """Whether the settings name an address that the host calls."""
    url = variables.get("BACKEND_API_URL", "")
    return url.startswith("https://") or (url.startswith("http://") and variables.get("BACKEND_ALLOW_HTTP") == "on")


def secrets(deployment):
    """Secrets are kept as such, exist, and both roles may read them. Their values are not fetched."""
    # A secret that both functions name is checked once.
    named = {}
    for there in deployment.functions():
        for name in SECRETS:
            if value := settings_of(there).get(name):
                named.setdefault((name, value), []).append(there["Role"])
    for (name, value), roles in named.items():
        if not value.startswith("arn:"):
            yield warning(
                f"{name} itself is in the function's settings",
                "everyone who may see the function's configuration can read it",
                "`aws secretsmanager create-secret`, then " + deployment.change(f"{name}=ARN"),
            )
            continue
        service = value.split(":")[2]
        found = secret(service, whole(value))
        if found is None:
            yield fault(
                f"{value}, which {name} names, does not exist or is being deleted",
                "nothing is sent, and every event goes into the queue",
                f"`aws secretsmanager restore-secret` or create-secret, then {deployment.change(f'{name}=ARN')}",
            )
            continue
        key = found.get("KmsKeyId") or found.get("KeyId") or ""
        for action, arn in [(READ[service], whole(value)), *([("kms:Decrypt", key)] if ":key/" in key else [])]:
            for role in roles:
                if refused(role, [action], arn) != []:
                    yield fault(
                        f"{role} may not {action} on {arn}, for {name}",
                        "nothing is sent, and every event goes into the queue",
                        f"{deployment.create}" if action != "kms:Decrypt" else f"allow the role {action} on the key",
                    )


def secret(service, arn):
    """AWS's description of a secret without its value, None if the secret does not exist."""
    if service == "secretsmanager":
        found = aws_or_none("secretsmanager", "describe-secret", {"SecretId": arn})
        return None if found is None or "DeletedDate" in found else found
    # The ARN does not distinguish `name` from `/name`.
    name = arn.partition(":parameter/")[2]
    wanted = {"Key": "Name", "Option": "Equals", "Values": [name, f"/{name}"]}
    return next(iter(aws("ssm", "describe-parameters", {"ParameterFilters": [wanted]})["Parameters"]), None)


def logs(deployment):
    """The lines of all events are logged: CloudWatch makes the metrics from them."""
    for there in deployment.functions():
        name, logging = there["FunctionName"], there.get("LoggingConfig", {})
        if logging.get("ApplicationLogLevel", "INFO") not in LEVELS:
            yield warning(
                f"{name} logs from {logging['ApplicationLogLevel']} on",
                "delivered and skipped events have no line and no metric",
                f"`aws lambda update-function-configuration --function-name {name} --logging-config LogFormat=JSON,"
                f"ApplicationLogLevel=INFO`, then {deployment.create}",
            )


def concurrency(deployment):
    """Reserved concurrency does not throttle."""
    if deployment.called is None:
        raise NotChecked("there is no such function")
    name, why = deployment.names.function, "each throttled confirmation is a lost user"
    yield from throttled(name, deployment.reserved, LOW, why)
    if deployment.found_redelivery is not None:
        why = "reads of the queue that are throttled count towards the attempts, and end as dead letters"
        has, most = deployment.redelivery_reserved, LOW
        if has is not None:
            most = (deployment.mapping or {}).get("ScalingConfig", {}).get("MaximumConcurrency", LOW)
        yield from throttled(deployment.names.redelivery, has, most, why)


def throttled(name, has, needs, why):
    """The finding if a function `has` too little reserved concurrency."""
    fix = f"`aws lambda delete-function-concurrency --function-name {name}`"
    if has == 0:
        yield fault(f"{name} is throttled altogether: its reserved concurrency is 0", why, fix)
    elif has is not None and has < needs:
        yield warning(f"{name} runs at most {has} times at once: its reserved concurrency", why, fix)


def number(variables, name, default):
    """A setting that is a number, else its default: the dry run finds a wrong one."""
    value = variables.get(name, "")
    return int(value) if value.isdecimal() else default
