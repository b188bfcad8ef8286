"""AWS that stops a recipe at one of its calls: it refuses the call, or interrupts the recipe while it is under way."""

import json
import os
import re
import signal
import threading
import urllib.parse
import zipfile
from typing import NamedTuple
from xml.sax.saxutils import escape

import botocore.session
from botocore import xform_name

from .aws import ACCOUNT
from .doctor import Account
from .intercept import refused
from .lambda_service import FUNCTIONS
from .program import PATIENCE
from .rights import CALLED_OTHERWISE

SIGNED_FOR = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
INVOCATION = re.compile(rf"POST {FUNCTIONS}/([^/]+)/invocations")
DENIED, INTERRUPTED = "denied", "interrupted"


class Operation(NamedTuple):
    """What a call asks for: the names of a service and of its operation as AWS writes them."""

    service: str
    name: str

    @property
    def command(self):
        """The operation as the CLI writes it."""
        return f"aws {self.service} {xform_name(self.name, '-')}"

    @property
    def right(self):
        """The right that it needs."""
        return f"{self.service}:{CALLED_OTHERWISE.get(self.name, self.name)}"

    @property
    def changes(self):
        """Whether it changes something."""
        return not self.name.startswith(("Describe", "Get", "Invoke", "List", "Simulate"))


class FaultServer(Account):
    """The account of a recipe; every version of a function passes its dry run, and is noted in `tried`."""

    def __init__(self, aws, folder):
        """Starts it, without a fault."""
        self.tried, self.counting = set(), threading.Lock()
        self.expect()
        super().__init__(aws, folder)

    def expect(self, fault=None, hits=None):
        """Begins the run of a recipe: `hits` says of a call's number, Operation and Call whether `fault` comes then.

        Afterwards `asked` has the operations of the run, and `hit` the last one that the fault came at.
        """
        self.fault, self.hits, self.hit, self.asked = fault, hits, None, []
        self.recipe, self.begun = None, threading.Event()

    def runs(self, process):
        """The recipe runs in this process, which leads a group of its own."""
        self.recipe = process
        self.begun.set()

    def identity(self, call):
        """As any other call."""
        return self.answer(call)

    def answer(self, call):
        """As Account, unless the fault comes now."""
        signed = SIGNED_FOR.search(call.handler.headers.get("Authorization", ""))
        # The others are downloads.
        if not signed:
            return super().answer(call)
        operation = Operation(signed[1], name_of(call))
        with self.counting:
            comes = self.fault and self.hits(len(self.asked), operation, call)
            self.asked.append(operation)
            if comes:
                self.hit = operation
        if comes and self.fault == DENIED:
            return denied(call, operation)
        if comes:
            assert self.begun.wait(PATIENCE)
            os.killpg(self.recipe.pid, signal.SIGINT)
        if found := INVOCATION.fullmatch(call.operation):
            return self._try(call, found[1])
        return super().answer(call)

    def _try(self, call, name):
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(call.handler.path).query)
        there = self.client.get_function_configuration(FunctionName=name, Qualifier=asked["Qualifier"][0])
        self.tried.add((name, there["Version"]))
        return 200, {"dryRun": {"end": "delivered", "mapper": self.component(there)}}

    def component(self, configuration):
        """The digest of the mapper in the layer of a function's configuration."""
        [layer] = configuration["Layers"]
        with zipfile.ZipFile(self._layer(layer["Arn"])) as content:
            return json.loads(content.read("mapper.json"))["component"]["sha256"]


def name_of(call):
    """The name of the operation that a call asks for, in any of AWS's protocols."""
    if "X-Amz-Target" in call.handler.headers:
        return call.operation
    if call.operation == "POST /":
        return urllib.parse.parse_qs(call.body.decode())["Action"][0]
    [name] = {name for route, name in ROUTES if route.fullmatch(call.operation)}
    return name


def routes():
    """Lambda's operations, whose protocol is REST: patterns of METHOD PATH, and names."""
    service = botocore.session.get_session().get_service_model("lambda")
    for name in service.operation_names:
        http = service.operation_model(name).http
        path = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(http["requestUri"].partition("?")[0]))
        yield re.compile(f"{http['method']} {path}"), name


ROUTES = [*routes()]


def denied(call, operation):
    """AWS's answer if the right for an operation is missing, in the protocol of its service."""
    words = (
        f"User: arn:aws:iam::{ACCOUNT}:user/operator is not authorized to perform: {operation.right} on resource: * "
        f"because no identity-based policy allows the {operation.right} action"
    )
    if call.operation != "POST /" or "X-Amz-Target" in call.handler.headers:
        return refused("AccessDeniedException", words)
    call.headers = {"content-type": "text/xml"}
    error = f"<Type>Sender</Type><Code>AccessDenied</Code><Message>{escape(words)}</Message>"
    return 403, f"<ErrorResponse><Error>{error}</Error><RequestId>1</RequestId></ErrorResponse>".encode()
