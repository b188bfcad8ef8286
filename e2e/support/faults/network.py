"""Faults of the network between the function and the backend."""

from ..program import free_port
from . import FAULT, WARNING, fault

FAULTS = [
    fault(
        "a backend that is not there",
        "backend",
        FAULT,
        "refused",
        "BACKEND_API_URL",
        lambda it: it.set_both(BACKEND_API_URL=f"http://127.0.0.1:{free_port()}/"),
    ),
    fault(
        "a backend without TLS",
        "backend",
        FAULT,
        "tls",
        "`http` in place of `https`",
        lambda it: it.set_both(BACKEND_API_URL=it.account.url.replace("http", "https")),
    ),
    fault("no way out of the VPC", "VPC", FAULT, "no way out of subnet-", "NAT gateway", lambda it: it.route(None)),
    fault("an internet gateway", "VPC", FAULT, "no way out of subnet-", "NAT gateway", lambda it: it.route("igw")),
    fault(
        "no way out of the VPC but to the queue",
        "VPC",
        WARNING,
        "but to endpoints",
        "NAT gateway",
        lambda it: it.route(None, "sqs"),
    ),
    fault(
        "a security group that lets nothing out",
        "VPC",
        FAULT,
        "lets port 443 out",
        "authorize-security-group-egress",
        lambda it: it.shut(),
    ),
]
