"""A server between the AWS CLI and moto, which answers single operations as AWS would if moto does not."""

import http.client
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Interceptor:
    """Passes every call on to `url`, except those that `answers` takes.

    `answers` maps an operation ("UpdateUserPool", for Lambda "POST /2015-03-31/functions") to a function of the call,
    which returns a status and the answer's object.
    """

    def __init__(self, url):
        """Starts it."""
        self.answers, self.calls, target = {}, [], urllib.parse.urlsplit(url).netloc

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def handle_call(handler):
                call = Call(handler, target)
                # Each recipe begins with it: `announced` checks what it showed.
                if b"Action=GetCallerIdentity" in call.body:
                    status, content = self.identity(call)
                else:
                    self.calls.append(call)
                    status, content = self.answer(call)
                handler.send_response(status)
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                headers = call.headers | {"Content-Length": str(len(body))}
                if isinstance(content, dict) and "__type" in content:
                    headers.setdefault("x-amzn-errortype", content["__type"])
                for name, value in headers.items():
                    handler.send_header(name, value)
                handler.end_headers()
                handler.wfile.write(body)

            do_DELETE = do_GET = do_POST = do_PUT = handle_call

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def url(self):
        """Its address."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def identity(self, call):
        """The same for the call with which each recipe begins."""
        return call.forward()

    def answer(self, call):
        """The status and the content of the answer to `call`."""
        return self.answers.get(call.operation, Call.forward)(call)

    def asked(self, operation):
        """The parameters of every call of `operation`, in order."""
        return [call.parameters for call in self.calls if call.operation == operation]

    def stop(self):
        """Ends it."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Call:
    """One call: its `operation`, its `parameters`, and the way to moto."""

    def __init__(self, handler, target):
        """Reads it."""
        self.handler, self.target, self.headers = handler, target, {"content-type": "application/x-amz-json-1.0"}
        self.body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        path = handler.path.partition("?")[0]
        name = handler.headers.get("X-Amz-Target")
        self.operation = name.rpartition(".")[2] if name else f"{handler.command} {path}"
        try:
            self.parameters = json.loads(self.body or b"{}")
        except ValueError:
            self.parameters = None

    def forward(self):
        """Moto's status and answer, an object if it is JSON."""
        to = http.client.HTTPConnection(self.target)
        to.request(self.handler.command, self.handler.path, self.body, dict(self.handler.headers))
        answer = to.getresponse()
        content = answer.read()
        to.close()
        headers = {name.lower(): value for name, value in answer.headers.items()}
        self.headers = {name: headers[name] for name in headers if name == "content-type" or name.startswith("x-amzn-")}
        try:
            return answer.status, json.loads(content)
        except ValueError:
            return answer.status, content


def refused(code, message):
    """AWS's answer to a call that it refuses."""
    return 400, {"__type": code, "message": message, "Message": message}
