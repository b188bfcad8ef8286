//! Checks of the network from the function to the backend and to AWS.

use std::collections::BTreeSet;

use post_confirmation_host::config::{
    BACKEND_ALLOW_HTTP, BACKEND_API_URL, BACKEND_CA_FILE, Config,
};
use post_confirmation_host::error::Cause;
use reqwest::Url;
use serde_json::{Value, json};

use super::deployment::Deployment;
use super::{Finding, NotChecked};
use crate::causes;
use crate::commands::reach::reach;
use crate::deploy::answer::{self, Unexpected};
use crate::deploy::aws;
use crate::deploy::names::last;
use crate::deploy::settings::{SECRETS, Variables};
use crate::deploy::trial::{environment, wait};

const HTTPS: u16 = 443;
/// The settings of a connection to the backend.
const REACHED_BY: [&str; 2] = [BACKEND_API_URL, BACKEND_ALLOW_HTTP];
const HANGS: &str =
    "connections hang: neither the backend nor the queue can be reached, and users are lost";

/// A function in a VPC has a way out.
pub fn vpc(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    let config = &deployment.function()?["VpcConfig"];
    let subnets = texts(config, "SubnetIds");
    if subnets.is_empty() {
        return Ok(());
    }
    let asked =
        json!({ "Filters": [{ "Name": "vpc-id", "Values": [answer::text(config, "VpcId")?] }] });
    let tables = aws::call("ec2", "describe-route-tables", asked.clone())?;
    let tables = answer::list(&tables, "RouteTables")?;
    let mut shut = Vec::new();
    let mut to_internet = false;
    for subnet in subnets {
        let routes = routes(tables, &subnet)?;
        if !routes.iter().any(|route| leads_out(route)) {
            to_internet |= routes.iter().any(|route| is_internet_gateway(route));
            shut.push(subnet);
        }
    }
    let variables = deployment.variables()?;
    if !shut.is_empty() {
        found.push(no_way_out(&shut, to_internet, &needed(&variables, asked)?));
    }
    let groups = texts(config, "SecurityGroupIds");
    let rules = aws::call("ec2", "describe-security-groups", json!({ "GroupIds": groups }))?;
    let mut ports = BTreeSet::from([HTTPS]);
    let url = variables.get(BACKEND_API_URL).and_then(|url| Url::parse(url).ok());
    ports.extend(url.as_ref().and_then(Url::port_or_known_default));
    for port in ports {
        if !is_let_out(&rules, port)? {
            found.push(Finding::fault(
                format!("no rule of {} lets port {port} out", groups.join(", ")),
                HANGS,
                format!(
                    "`aws ec2 authorize-security-group-egress --group-id {} --protocol tcp --port {port} --cidr \
                     0.0.0.0/0`",
                    groups.first().map(String::as_str).unwrap_or_default()
                ),
            ));
        }
    }
    Ok(())
}

/// The endpoints of services that the function needs in its VPC and that are not there.
fn needed(variables: &Variables, asked: Value) -> Result<BTreeSet<String>, NotChecked> {
    let mut needed = BTreeSet::from(["sqs".to_owned()]);
    for secret in SECRETS.iter().filter_map(|name| variables.get(*name)) {
        if let Some(rest) = secret.strip_prefix("arn:") {
            needed.extend(rest.split(':').nth(1).map(str::to_owned));
        }
    }
    let endpoints = aws::call("ec2", "describe-vpc-endpoints", asked)?;
    for endpoint in answer::list(&endpoints, "VpcEndpoints")? {
        if answer::text(endpoint, "State")?.eq_ignore_ascii_case("available") {
            needed.remove(last(answer::text(endpoint, "ServiceName")?, '.'));
        }
    }
    Ok(needed)
}

/// What there is to say of subnets without a way out, if the endpoints `missing` are not there.
fn no_way_out(subnets: &[String], to_internet: bool, missing: &BTreeSet<String>) -> Finding {
    let subnets = subnets.join(", ");
    let fix =
        "a default route to a NAT gateway for these subnets, or no VPC if the backend is public";
    if missing.is_empty() {
        return Finding::warning(
            format!("no way out of {subnets} but to endpoints of AWS"),
            "the function reaches the backend only if that is in the VPC or has a route",
            fix,
        );
    }
    let endpoints: Vec<String> =
        missing.iter().map(|service| format!("com.amazonaws.REGION.{service}")).collect();
    let endpoints = endpoints.join(", ");
    let gateway = match to_internet {
        true => " (an internet gateway does not help a function, which has no public address)",
        false => "",
    };
    Finding::fault(
        format!(
            "no way out of {subnets}: no default route to a NAT gateway, nor an endpoint of {endpoints}"
        ),
        format!("{HANGS}{gateway}"),
        format!("{fix}; if the backend is in the VPC, interface endpoints of {endpoints}"),
    )
}

/// The routes of a subnet: those of its own table, or of the VPC's main one.
fn routes<'a>(tables: &'a [Value], subnet: &str) -> Result<Vec<&'a Value>, Unexpected> {
    let (mut own, mut main) = (Vec::new(), Vec::new());
    for table in tables {
        let ways = answer::list(table, "Associations")?;
        let routes = answer::list(table, "Routes")?;
        if ways.iter().any(|way| way["SubnetId"] == subnet) {
            own.extend(routes);
        }
        if ways.iter().any(|way| way["Main"] == true) {
            main.extend(routes);
        }
    }
    Ok(if own.is_empty() { main } else { own })
}

/// Whether a route is for all addresses and works.
fn is_default(route: &Value) -> bool {
    let everywhere =
        route["DestinationCidrBlock"] == "0.0.0.0/0" || route["DestinationIpv6CidrBlock"] == "::/0";
    everywhere && route["State"] != "blackhole"
}

/// Whether a default route leads to an internet gateway.
fn is_internet_gateway(route: &Value) -> bool {
    let gateway = route["GatewayId"].as_str().unwrap_or_default();
    is_default(route) && gateway.starts_with("igw-")
}

/// Whether a route leads a function out, by any gateway except an internet gateway:
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html>
fn leads_out(route: &Value) -> bool {
    is_default(route) && !is_internet_gateway(route)
}

/// Whether a rule of these security groups lets TCP to `port` out.
fn is_let_out(groups: &Value, port: u16) -> Result<bool, Unexpected> {
    for group in answer::list(groups, "SecurityGroups")? {
        for rule in answer::list(group, "IpPermissionsEgress")? {
            let lets_out = match answer::text(rule, "IpProtocol")? {
                "-1" => true,
                "tcp" => (rule["FromPort"].as_i64()..=rule["ToPort"].as_i64())
                    .contains(&Some(i64::from(port))),
                _ => false,
            };
            if lets_out {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The backend can be reached from this machine, with TLS if it has TLS, by the function's own
/// client.
pub fn backend(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    let variables = deployment.variables()?;
    let config = Config::from_vars(environment(&variables, |name| REACHED_BY.contains(&name)));
    let config = config.map_err(|_| {
        NotChecked::lacks("the host does not accept BACKEND_API_URL or BACKEND_ALLOW_HTTP")
    })?;
    let Some(failure) = wait(reach(config))? else { return Ok(()) };
    let cause = failure.cause().unwrap_or(Cause::Other);
    if cause == Cause::CertificateUnknownIssuer && variables.contains_key(BACKEND_CA_FILE) {
        let what = "the file that BACKEND_CA_FILE names exists only in the function";
        return Err(NotChecked::lacks(what));
    }
    let url = variables.get(BACKEND_API_URL).and_then(|url| Url::parse(url).ok());
    let url = url.ok_or_else(|| NotChecked::lacks("BACKEND_API_URL is not an address"))?;
    let in_vpc = !texts(&deployment.function()?["VpcConfig"], "SubnetIds").is_empty();
    let why = match in_vpc {
        true => "it was not tried from the function's VPC, which may reach it",
        false => "every event goes into the queue",
    };
    let explained = causes::explained(cause);
    let finding = Finding::fault(
        format!(
            "{}, port {}, can't be reached from this machine: {cause}{}",
            url.host_str().unwrap_or_default(),
            url.port_or_known_default().unwrap_or(HTTPS),
            explained.as_ref().map_or_else(String::new, |it| format!(", {}", it.what))
        ),
        why,
        format!(
            "{}; {}",
            explained.map_or("the backend's log", |it| it.fix),
            deployment.change("BACKEND_API_URL=https://…")
        ),
    );
    found.push(finding.warning_if(in_vpc));
    Ok(())
}

/// The texts in the list `name` of `value`, none if it is not there.
fn texts(value: &Value, name: &str) -> Vec<String> {
    let items = answer::items(value, name).iter();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}
