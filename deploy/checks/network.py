"""Checks of the network from the function to the backend and to AWS."""

from urllib.parse import urlsplit

import workbench
from aws import aws
from checks import NotChecked, fault, warning
from checks.function import is_allowed
from settings import SECRETS

HTTPS = 443
# The settings of a connection to the backend.
REACHED_BY = ("BACKEND_API_URL", "BACKEND_ALLOW_HTTP")
# The cause that `mapper reach` reports if no public authority issued the certificate.
PRIVATE_ROOT = "certificate-unknown-issuer"
HANGS = "connections hang: neither the backend nor the queue can be reached, and users are lost"


def vpc(deployment):
    """A function in a VPC has a way out."""
    config = deployment.function.get("VpcConfig") or {}
    subnets, groups = config.get("SubnetIds"), config.get("SecurityGroupIds")
    if not subnets:
        return
    asked = {"Filters": [{"Name": "vpc-id", "Values": [config["VpcId"]]}]}
    tables = aws("ec2", "describe-route-tables", asked)["RouteTables"]
    shut = [subnet for subnet in subnets if not any(map(leads_out, routes(tables, subnet)))]
    if shut:
        secrets = (deployment.variables.get(name, "") for name in SECRETS)
        needed = {"sqs"} | {value.split(":")[2] for value in secrets if value.startswith("arn:")}
        found = aws("ec2", "describe-vpc-endpoints", asked)["VpcEndpoints"]
        there = {endpoint["ServiceName"].rpartition(".")[2] for endpoint in found if is_open(endpoint)}
        why = HANGS
        if any(is_internet_gateway(route) for subnet in shut for route in routes(tables, subnet)):
            why += " (an internet gateway does not help a function, which has no public address)"
        fix = "a default route to a NAT gateway for these subnets, or no VPC if the backend is public"
        if missing := sorted(needed - there):
            endpoints = ", ".join(f"com.amazonaws.REGION.{service}" for service in missing)
            yield fault(
                f"no way out of {', '.join(shut)}: no default route to a NAT gateway, nor an endpoint of {endpoints}",
                why,
                f"{fix}; if the backend is in the VPC, interface endpoints of {endpoints}",
            )
        else:
            yield warning(
                f"no way out of {', '.join(shut)} but to endpoints of AWS",
                "the function reaches the backend only if that is in the VPC or has a route",
                fix,
            )
    url = urlsplit(deployment.variables.get("BACKEND_API_URL", ""))
    found = aws("ec2", "describe-security-groups", {"GroupIds": groups})["SecurityGroups"]
    rules = [rule for group in found for rule in group["IpPermissionsEgress"]]
    for port in sorted({HTTPS, port_of(url)}):
        if not any(lets_out(rule, port) for rule in rules):
            yield fault(
                f"no rule of {', '.join(groups)} lets port {port} out",
                HANGS,
                f"`aws ec2 authorize-security-group-egress --group-id {groups[0]} --protocol tcp --port {port} "
                "--cidr 0.0.0.0/0`",
            )


def routes(tables, subnet):
    """The routes of a subnet: those of its own table, or of the VPC's main one."""
    own = [table for table in tables if any(way.get("SubnetId") == subnet for way in table["Associations"])]
    main = [table for table in tables if any(way.get("Main") for way in table["Associations"])]
    return [route for table in own or main for route in table["Routes"]]


def is_default(route):
    """Whether a route is for all addresses and works."""
    everywhere = route.get("DestinationCidrBlock") == "0.0.0.0/0" or route.get("DestinationIpv6CidrBlock") == "::/0"
    return everywhere and route.get("State") != "blackhole"


def is_internet_gateway(route):
    """Whether a default route leads to an internet gateway."""
    return is_default(route) and route.get("GatewayId", "").startswith("igw-")


def leads_out(route):
    """Whether a route leads a function out, by any gateway except an internet gateway.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
    """
    return is_default(route) and not is_internet_gateway(route)


def is_open(endpoint):
    """Whether a VPC endpoint works."""
    return endpoint["State"].lower() == "available"


def lets_out(rule, port):
    """Whether a rule of a security group lets TCP to `port` out."""
    every = rule["IpProtocol"] == "-1"
    return every or (rule["IpProtocol"] == "tcp" and rule["FromPort"] <= port <= rule["ToPort"])


def backend(deployment):
    """The backend can be reached from this machine, with TLS if it has TLS, by the function's own client."""
    if not is_allowed(deployment.variables):
        raise NotChecked("the host does not accept BACKEND_API_URL")
    cause = workbench.reach({name: deployment.variables.get(name, "") for name in REACHED_BY})
    if not cause:
        return
    if cause == PRIVATE_ROOT and "BACKEND_CA_FILE" in deployment.variables:
        raise NotChecked("the file that BACKEND_CA_FILE names exists only in the function")
    url = urlsplit(deployment.variables["BACKEND_API_URL"])
    in_vpc = bool((deployment.function.get("VpcConfig") or {}).get("SubnetIds"))
    report = warning if in_vpc else fault
    yield report(
        f"{url.hostname}, port {port_of(url)}, can't be reached from this machine: {cause}",
        "it was not tried from the function's VPC, which may reach it" if in_vpc else "every event goes into the queue",
        "start the backend, and check the host in BACKEND_API_URL, its certificate and its firewall (a row of "
        f"docs/reference.md, 'Why there is no answer', explains {cause}); "
        + deployment.change("BACKEND_API_URL=https://…"),
    )


def port_of(url):
    """The port of an address, explicit or default."""
    return url.port or (80 if url.scheme == "http" else HTTPS)
