"""The fixtures of the tests that need both functions deployed on a Lambda that runs their code."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from subprocess import run

import pytest

from support.deployed import client_of, deploy
from support.lambda_service import LambdaService
from support.program import MAPPER, ROOT, announced
from support.stack import ARCHITECTURE


@pytest.fixture
def service(aws, tmp_path):
    """AWS with a Lambda that runs code."""
    (tmp_path / "lambda").mkdir()
    service = LambdaService(aws, tmp_path / "lambda")
    yield service
    service.stop()


@pytest.fixture
def interceptor(service):
    """The service is what the AWS CLI calls."""
    return service


@pytest.fixture
def recipe(cli, tmp_path_factory):
    """Runs a recipe of `mapper`, or of a `program`, with the AWS CLI in a `folder`; `answer` answers its questions."""
    images = {"MAPPER_CACHE_DIR": str(tmp_path_factory.getbasetemp() / "images")}

    def run_recipe(name, *args, answer="", program=MAPPER, env=None, folder=ROOT):
        command = [program, name, *map(str, args)]
        variables = cli | images | (env or {})
        done = run(command, env=variables, input=answer, capture_output=True, text=True, cwd=folder)
        return done if "--json" in args else announced(done)

    return run_recipe


@pytest.fixture
def backend():
    """A backend that takes everything; `users` are the bodies that it received."""

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
