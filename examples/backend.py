"""A sample backend. It takes every POST, PUT and PATCH, remembers it, and shows at `GET /requests` what it got.

It answers 201, and 409 if it has seen the `idempotency-key` before: what a real backend does with a unique column. Its
argument is the port of 127.0.0.1 to listen on, a free one unless given. It remembers for as long as it runs.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock


class Backend(ThreadingHTTPServer):
    """The server, with what it has got."""

    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), Handler)
        self.lock, self.requests, self.keys = Lock(), [], set()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        key = self.headers["idempotency-key"]
        with self.server.lock:
            self.server.requests.append(self.record(body))
            known = key is not None and key in self.server.keys
            self.server.keys.add(key)
        self.reply(409 if known else 201, b"")

    do_PUT = do_PATCH = do_POST

    def do_GET(self):
        if self.path != "/requests":
            return self.reply(404, b"")
        with self.server.lock:
            return self.reply(200, json.dumps(self.server.requests).encode())

    def record(self, body):
        """The request as JSON. The headers have the form of `mapper run --json`, in the order in which they came."""
        headers = [{"name": name.lower(), "value": value} for name, value in self.headers.items()]
        text = body.decode("utf-8", "replace")
        try:
            text = json.loads(text)
        except ValueError:
            pass
        return {"method": self.command, "path": self.path, "headers": headers, "body": text}

    def reply(self, status, body):
        self.send_response(status)
        if body:
            self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Its requests are shown by `GET /requests`."""


def main():
    backend = Backend(int(sys.argv[1]) if sys.argv[1:] else 0)
    print(f"listening on http://127.0.0.1:{backend.server_port}/", flush=True)
    backend.serve_forever()


if __name__ == "__main__":
    main()
