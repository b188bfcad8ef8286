"""Lambda on this machine: moto keeps functions, versions, aliases and layers, and an invocation runs the real code.

Moto 5.2.5 would run functions in Docker. Here the uploaded zips are unpacked, and `bootstrap` is started as Lambda
starts it: a process for each version, behind the Runtime API and the Invoke API of its own cargo-lambda.
"""

import base64
import hashlib
import json
import re
import threading
import urllib.error
import urllib.parse
import zipfile
from concurrent.futures import ThreadPoolExecutor, TimeoutError

from .cargo_lambda import CargoLambda, Function
from .intercept import Interceptor, refused
from .queue import Queue

FUNCTIONS, LAYERS, MAPPINGS = "/2015-03-31/functions", "/2018-10-31/layers", "/2015-03-31/event-source-mappings"
# Settings that moto forgets, with a new function's values.
FORGOTTEN = {"LoggingConfig": {"LogFormat": "Text"}}
# cargo-lambda's name for every function: it knows no qualifiers.
NAME = "post-confirmation"
# The first words of a function that can't start with its settings.
SETTINGS = "error: the settings are not complete or not valid"


class LambdaService(Interceptor):
    """AWS with a Lambda that runs code. The functions' files are in `folder`."""

    def __init__(self, aws, folder):
        """Starts it before `aws`."""
        self.aws, self.client, self.folder = aws, aws.client("lambda"), folder
        self.zips, self.forgotten, self.mappings = {}, {}, {}
        self.running, self.started, self.lock = {}, [], threading.Lock()
        super().__init__(aws.url)

    @property
    def env(self):
        """The environment of a program that calls it."""
        return self.aws.env | {"AWS_ENDPOINT_URL": self.url}

    def answer(self, call):
        """Like Interceptor, with Lambda's operations as in AWS."""
        if call.operation in self.answers:
            return super().answer(call)
        operation = urllib.parse.unquote(call.operation)
        for pattern, method in ROUTES:
            if found := pattern.fullmatch(operation):
                return method(self, call, *found.groups())
        return call.forward()

    def function(self, name, qualifier="live"):
        """The running Function of a version or an alias, which is started if it does not run yet."""
        there = self.client.get_function_configuration(FunctionName=name, Qualifier=qualifier)
        layers = [layer["Arn"] for layer in there.get("Layers", [])]
        parts = there["Version"], there["CodeSha256"], layers, there.get("Environment"), there["MemorySize"]
        key = json.dumps([name, *parts], sort_keys=True)
        with self.lock:
            if key not in self.running or ended(self.running[key]):
                self.running[key] = self._start(there, layers)
            return self.running[key]

    def redeliver(self, function):
        """Polls the queue of a function's event source mapping once; returns the ids of what stays in it."""
        [mapping] = [it for it in self.mappings.values() if it["FunctionArn"].split(":")[6] == function]
        name, qualifier = mapping["FunctionArn"].split(":")[6:]
        queue = MappedQueue(self.aws.client("sqs"), mapping["EventSourceArn"].split(":")[-1])
        return queue.hand_over(self.function(name, qualifier), queue.receive())

    def logs(self, name):
        """The lines that all versions of a function have written, by version in the order of their starts."""
        return [line for own, function in self.started if own == name for line in function.logs().splitlines()]

    def stop(self):
        """Ends it and all that runs."""
        super().stop()
        for _, function in self.started:
            function.stop()
            function.lambda_.stop()

    def _start(self, configuration, layers):
        folder = self.folder / str(len(self.started))
        folder.mkdir()
        (folder / "function.zip").write_bytes(self.zips[hexadecimal(configuration["CodeSha256"])])
        # Lambda unpacks the layers one after the other into /opt, which is not ours here.
        with zipfile.ZipFile(folder / "mapper.zip", "w") as opt:
            for layer in layers:
                with zipfile.ZipFile(self._layer(layer)) as content:
                    for member in content.namelist():
                        opt.writestr(member, content.read(member))
        name, function = configuration["FunctionName"], Function(CargoLambda(folder), NAME, folder, folder)
        self.started.append((name, function))
        logging = self.forgotten.get((name, configuration["Version"]), FORGOTTEN)["LoggingConfig"]
        own = {
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": configuration["Version"],
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
            "AWS_LAMBDA_LOG_FORMAT": logging["LogFormat"],
        }
        function.deploy(**self.aws.env | own | configuration.get("Environment", {}).get("Variables", {}))
        return function

    def _layer(self, arn):
        name, version = arn.split(":")[-2:]
        found = self.client.get_layer_version(LayerName=name, VersionNumber=int(version))["Content"]
        file = self.folder / f"{name}-{version}.zip"
        file.write_bytes(self.zips[hexadecimal(found["CodeSha256"])])
        return file

    def _invoke(self, call, name):
        name, _, qualifier = name.split(":function:")[-1].partition(":")
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(call.handler.path).query)
        try:
            function = self.function(name, qualifier or asked.get("Qualifier", ["$LATEST"])[0])
        except self.client.exceptions.ResourceNotFoundException as error:
            return 404, refused("ResourceNotFoundException", str(error))[1]
        answer = self._answered(call, function)
        if call.handler.headers.get("X-Amz-Log-Type") == "Tail":
            tail = function.logs().encode()[-4096:]
            call.headers = call.headers | {"X-Amz-Log-Result": base64.b64encode(tail).decode()}
        return answer

    def _answered(self, call, function):
        caller = ThreadPoolExecutor(1)
        answering = caller.submit(function.invoke, call.body)
        caller.shutdown(wait=False)
        call.headers = {"content-type": "application/json"}
        failed = call.headers | {"X-Amz-Function-Error": "Unhandled"}
        while True:
            try:
                answer = answering.result(timeout=0.05)
                # cargo-lambda answers 200 if a function has reported that it can't start, and does not answer if the
                # report came before the call. No other answer of `bootstrap` is an error.
                call.headers = failed if "errorType" in json.loads(answer) else call.headers
                return 200, answer
            except urllib.error.HTTPError as error:
                # It answers 500 if a function fails, Lambda 200 with a header.
                call.headers = failed
                return 200, error.read()
            except TimeoutError:
                if ended(function):
                    function.lambda_.stop()
                    call.headers = failed
                    # Lambda repeats the function's report of a failed start. cargo-lambda forgets a report that came
                    # before the call, so the function's log stands in for it.
                    told = "Settings.Invalid" if SETTINGS in function.logs() else "Runtime.ExitError"
                    return 200, {"errorType": told, "errorMessage": "Runtime exited with an error"}

    def _create(self, call):
        self._keep(call.parameters.get("Code", {}))
        self._remember(call.parameters["FunctionName"], "$LATEST", call.parameters)
        return self._completed(call)

    def _code(self, call, _):
        self._keep(call.parameters)
        return self._completed(call)

    def _configure(self, call, name):
        self._remember(name, "$LATEST", call.parameters)
        return self._completed(call)

    def _publish(self, call, name):
        status, content = call.forward()
        if status < 300:
            self._remember(name, content["Version"], self.forgotten.get((name, "$LATEST"), FORGOTTEN))
            self._complete(content)
        return status, content

    def _publish_layer(self, call):
        self._keep(call.parameters["Content"])
        return self._layer_version(call)

    def _layer_version(self, call):
        status, content = call.forward()
        if status < 300:
            content["Content"]["Location"] = f"{self.url}/zips/{hexadecimal(content['Content']['CodeSha256'])}"
        return status, content

    def _download(self, _, digest):
        return 200, self.zips[digest]

    def _mapping(self, call, *uuid):
        # Moto would give each message to Docker at once, and count that as an attempt, so its mappings stay disabled.
        enabled = (call.parameters or {}).get("Enabled")
        if call.handler.command in ("POST", "PUT"):
            call.body = json.dumps(call.parameters | {"Enabled": False}).encode()
            call.handler.headers.replace_header("Content-Length", str(len(call.body)))
        status, content = call.forward()
        if status >= 300:
            return status, content
        if call.handler.command == "POST":
            # Moto replaces an alias by the version behind it.
            known = {"FunctionArn": call.parameters["FunctionName"], "EventSourceArn": content["EventSourceArn"]}
            self.mappings[content["UUID"]] = known | {"State": "Disabled" if enabled is False else "Enabled"}
        elif uuid and enabled is not None:
            self.mappings[uuid[0]]["State"] = "Enabled" if enabled else "Disabled"
        for each in content.get("EventSourceMappings", [content]):
            each |= self.mappings.get(each["UUID"], {})
        return status, content

    def _completed(self, call):
        status, content = call.forward()
        if status < 300:
            self._complete(content)
        return status, content

    def _complete(self, content):
        """Adds the settings that moto forgets, and the address of the code, to an answer."""
        if "Code" in content:
            content["Code"]["Location"] = f"{self.url}/zips/{hexadecimal(content['Configuration']['CodeSha256'])}"
        for each in (content, content.get("Configuration"), *content.get("Versions", [])):
            if each and "FunctionName" in each:
                each |= self.forgotten.get((each["FunctionName"], each["Version"]), FORGOTTEN)

    def _remember(self, name, version, parameters):
        known = self.forgotten.get((name, version), FORGOTTEN)
        self.forgotten[name, version] = {key: parameters.get(key, known[key]) for key in FORGOTTEN}

    def _keep(self, code):
        if "ZipFile" in code:
            content = base64.b64decode(code["ZipFile"])
            self.zips[hashlib.sha256(content).hexdigest()] = content


ROUTES = [
    (re.compile(pattern), method)
    for pattern, method in (
        (rf"POST {FUNCTIONS}/([^/]+)/invocations", LambdaService._invoke),
        (rf"POST {FUNCTIONS}", LambdaService._create),
        (rf"PUT {FUNCTIONS}/([^/]+)/code", LambdaService._code),
        (rf"PUT {FUNCTIONS}/([^/]+)/configuration", LambdaService._configure),
        (rf"POST {FUNCTIONS}/([^/]+)/versions", LambdaService._publish),
        (rf"GET {FUNCTIONS}/[^/]+(?:/configuration|/versions)?", LambdaService._completed),
        (rf"POST {LAYERS}/.+/versions", LambdaService._publish_layer),
        (rf"GET {LAYERS}/.+/versions/\d+", LambdaService._layer_version),
        (rf"(?:POST|GET) {MAPPINGS}/?", LambdaService._mapping),
        (rf"(?:PUT|GET) {MAPPINGS}/([^/]+)", LambdaService._mapping),
        (r"GET /zips/([0-9a-f]+)", LambdaService._download),
    )
]


class MappedQueue(Queue):
    """A queue that exists already."""

    def __init__(self, sqs, name):
        """Of boto3's client and the queue's name."""
        self.sqs, self.name = sqs, name
        self.url = sqs.get_queue_url(QueueName=name)["QueueUrl"]


def ended(function):
    """Whether a function's process has ended."""
    return function.programs[-1].process.poll() is not None


def hexadecimal(digest):
    """A digest as Lambda writes it, in the form that it has in an address."""
    return base64.b64decode(digest).hex()
