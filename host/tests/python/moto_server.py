"""A local stand-in for AWS (SQS, Secrets Manager, SSM): moto's server on a free port of loopback.

Prints the port as its first line and ends when its standard input is closed, so that it dies with the tests that
started it, however they end.
"""

import logging
import sys

from moto.server import ThreadedMotoServer

# The tests' own output would drown in a line for each request.
logging.getLogger("werkzeug").setLevel(logging.ERROR)

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
server.stop()
