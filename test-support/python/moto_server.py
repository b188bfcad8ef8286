"""A local stand-in for AWS (SQS, Secrets Manager, SSM): moto's server on a free port of loopback.

It computes the signature of every request of a function again, by botocore, and refuses one that differs; moto itself
believes everybody. Prints the port as its first line and ends when its standard input is closed, so that it dies with
the tests that started it, however they end.
"""

import io
import logging
import re
import sys
import threading

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

# The tests' own output would drown in a line for each request.
logging.getLogger("werkzeug").setLevel(logging.ERROR)

# What the functions of the tests have: the id of their key, and by their session tokens, if any, the keys. Requests of
# the tests themselves have another id and no signature.
KEY_ID = "key-id"
KEYS = {None: "access-key", "session-token": "access-key", "canary-session": "canary-access-key"}
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]+)"
)


def is_believed(environ: dict, body: bytes) -> bool:
    """Whether the request is signed with the key above, over its own bytes."""
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    if f"Credential={KEY_ID}/" not in authorization:
        return True
    found = AUTHORIZATION.fullmatch(authorization)
    if found is None:
        return False
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
    signed = found["headers"].split(";")
    if token not in KEYS or (token is not None) != ("x-amz-security-token" in signed):
        return False
    headers = {}
    for name in signed:
        variable = name.upper().replace("-", "_")
        headers[name] = environ.get(variable if variable == "CONTENT_TYPE" else f"HTTP_{variable}", "")
    url = f"http://{environ['HTTP_HOST']}{environ.get('RAW_URI', environ['PATH_INFO'])}"
    request = AWSRequest(method=environ["REQUEST_METHOD"], url=url, headers=headers, data=body)
    request.context["timestamp"] = environ["HTTP_X_AMZ_DATE"]
    signer = SigV4Auth(Credentials(KEY_ID, KEYS[token], token), found["service"], found["region"])
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return signer.signature(text, request) == found["signature"]


def checked(application):
    """`application` behind the check."""

    def check(environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if is_believed(environ, body):
            environ["wsgi.input"] = io.BytesIO(body)
            return application(environ, start_response)
        start_response("403 Forbidden", [("content-type", "application/x-amz-json-1.0")])
        return [b'{"__type":"com.amazon.coral.service#InvalidSignatureException"}']

    return check


server = make_server("127.0.0.1", 0, checked(DomainDispatcherApplication(create_backend_app)), threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
server.shutdown()
