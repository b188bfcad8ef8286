"""A healthy deployment, with methods that break parts of it and one that restores it."""

import json
import urllib.parse
from xml.sax.saxutils import escape

import boto3
from moto.iam.access_control import IAMPolicy, PermissionResult

from .aws import ACCOUNT, REGION
from .lambda_service import LambdaService

FUNCTION, REDELIVERY = "post-confirmation", "post-confirmation-redelivery"
QUEUE, DEAD_LETTERS = "post-confirmation-undelivered", "post-confirmation-dead-letters"

# The policy of a role that is about the users of pools.
USERS = "post-confirmation-users"
NO_ROLE = b"<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>No such role</Message></Error></ErrorResponse>"


class Account(LambdaService):
    """AWS with what moto lacks.

    moto puts every function into its own VPC (replaced by `vpc`), its functions never fail (`state` is added to the
    trigger's configuration), and it can't simulate IAM's decisions, but has the code to judge a policy.
    """

    def __init__(self, aws, folder):
        """Starts it."""
        self.state, self.vpc, self.iam = {}, None, aws.client("iam")
        super().__init__(aws, folder)

    def answer(self, call):
        """As LambdaService."""
        if b"Action=SimulatePrincipalPolicy" in call.body and "POST /" not in self.answers:
            return self._simulate(call)
        status, content = super().answer(call)
        if isinstance(content, dict) and content.get("FunctionName") == FUNCTION and "MemorySize" in content:
            content |= self.state
            if content.get("VpcConfig"):
                content["VpcConfig"]["VpcId"] = self.vpc
        return status, content

    def _simulate(self, call):
        asked = dict(urllib.parse.parse_qsl(call.body.decode()))
        role, resource = asked["PolicySourceArn"].rpartition("/")[2], asked["ResourceArns.member.1"]
        actions = [value for name, value in asked.items() if name.startswith("ActionNames.member.")]
        call.headers = {"content-type": "text/xml"}
        try:
            names = self.iam.list_role_policies(RoleName=role)["PolicyNames"]
        except self.iam.exceptions.NoSuchEntityException:
            return (
                404,
                b"<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>No role</Message></Error></ErrorResponse>",
            )
        found = [self.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
        policies = [IAMPolicy(json.dumps(document)) for document in found]
        results = ""
        for action in actions:
            judged = {policy.is_action_permitted(action, resource) for policy in policies}
            allowed = judged - {PermissionResult.NEUTRAL} == {PermissionResult.PERMITTED}
            results += (
                f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{escape(resource)}"
                f"</EvalResourceName><EvalDecision>{'allowed' if allowed else 'implicitDeny'}</EvalDecision></member>"
            )
        return 200, (
            '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
            f"<SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>{results}"
            "</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
        ).encode()


class Deployment:
    """The deployment that `create` and `attach` made in `account`; `restore` undoes every change."""

    def __init__(self, account, pool):
        """Records its state."""
        self.account, self.pool = account, pool
        client = account.aws.client
        # Parts of a function that do not go through the account are lost in moto.
        key = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": REGION}
        self.lambda_ = boto3.client("lambda", endpoint_url=account.url, **key)
        self.sqs, self.iam = client("sqs"), client("iam")
        self.cognito, self.ec2 = client("cognito-idp"), client("ec2")
        self.arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}"
        self.pool_arn = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{pool}"
        self.url = {name: self.sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in (QUEUE, DEAD_LETTERS)}
        self.attributes = {name: self.queue(name) for name in self.url}
        self.configurations = {name: self._configuration(name) for name in (FUNCTION, REDELIVERY)}
        self.policies = {name: self._policy(name) for name in (FUNCTION, REDELIVERY)}
        [mapping] = self.lambda_.list_event_source_mappings()["EventSourceMappings"]
        kept = "EventSourceArn", "FunctionArn", "BatchSize", "FunctionResponseTypes", "ScalingConfig"
        self.mapping = {name: mapping[name] for name in kept}
        self.mapping["FunctionName"] = self.mapping.pop("FunctionArn")

    def _configuration(self, name):
        found = self.lambda_.get_function_configuration(FunctionName=name, Qualifier="live")
        kept = {key: found[key] for key in ("Runtime", "Timeout", "MemorySize", "Environment")}
        default = {"VpcConfig": {}, "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "INFO"}}
        return kept | default | {"Layers": [layer["Arn"] for layer in found["Layers"]]}

    def _policy(self, role):
        return self.iam.get_role_policy(RoleName=role, PolicyName="post-confirmation")["PolicyDocument"]

    def queue(self, name):
        """The attributes of a queue that can be set."""
        found = self.sqs.get_queue_attributes(QueueUrl=self.url[name], AttributeNames=["All"])["Attributes"]
        settable = "MessageRetentionPeriod", "SqsManagedSseEnabled", "VisibilityTimeout", "RedrivePolicy"
        return {"Policy": "", "RedrivePolicy": ""} | {key: found[key] for key in settable if key in found}

    def configure(self, name=FUNCTION, **changes):
        """Gives a function another configuration behind its alias."""
        wanted = self.configurations[name] | changes
        self.lambda_.update_function_configuration(FunctionName=name, **wanted)
        version = self.lambda_.publish_version(FunctionName=name)["Version"]
        self.lambda_.update_alias(FunctionName=name, Name="live", FunctionVersion=version)

    def set(self, *names, without="", **variables):
        """Changes settings of functions (the trigger's, or those named), and removes the one called `without`."""
        for name in names or [FUNCTION]:
            changed = self.configurations[name]["Environment"]["Variables"] | variables
            changed.pop(without, None)
            self.configure(name, Environment={"Variables": changed})

    def set_both(self, **variables):
        """Gives both functions other settings."""
        self.set(FUNCTION, REDELIVERY, **variables)

    def layer(self, content, *names):
        """Gives functions (the trigger's, or those named) a layer with the bytes of a zip."""
        made = self.lambda_.publish_layer_version(LayerName="post-confirmation-mapper", Content={"ZipFile": content})
        for name in names or [FUNCTION]:
            self.configure(name, Layers=[made["LayerVersionArn"]])

    def call(self, trigger):
        """Lets the pool call the ARN `trigger`, or nothing."""
        self.cognito.update_user_pool(
            UserPoolId=self.pool, LambdaConfig={"PostConfirmation": trigger} if trigger else {}
        )

    def permit(self, qualifier="live", **permission):
        """Replaces the permission; nothing but Cognito's name is in it."""
        self.forbid()
        asked = {"FunctionName": FUNCTION, "StatementId": f"cognito-{self.pool}", "Action": "lambda:InvokeFunction"}
        qualified = {"Qualifier": qualifier} if qualifier else {}
        self.lambda_.add_permission(**asked, **qualified, Principal="cognito-idp.amazonaws.com", **permission)

    def forbid(self):
        """Removes every permission."""
        for qualifier in ({}, {"Qualifier": "live"}):
            try:
                found = self.lambda_.get_policy(FunctionName=FUNCTION, **qualifier)["Policy"]
            except self.lambda_.exceptions.ResourceNotFoundException:
                continue
            for statement in json.loads(found)["Statement"]:
                self.lambda_.remove_permission(FunctionName=FUNCTION, StatementId=statement["Sid"], **qualifier)

    def set_queue(self, name=QUEUE, **attributes):
        """Gives a queue other attributes."""
        self.sqs.set_queue_attributes(QueueUrl=self.url[name], Attributes=attributes)

    def allow(self, role, *sids):
        """Leaves a role nothing but the statements `sids`."""
        document = self.policies[role]
        kept = [statement for statement in document["Statement"] if statement["Sid"] in sids]
        document = json.dumps(document | {"Statement": kept})
        self.iam.put_role_policy(RoleName=role, PolicyName="post-confirmation", PolicyDocument=document)

    def may_write(self):
        """Gives both roles every right to write to the pool's users."""
        actions = ["cognito-idp:AdminUpdateUserAttributes", "cognito-idp:AdminAddUserToGroup"]
        allowed = {"Effect": "Allow", "Action": actions, "Resource": self.pool_arn}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        for role in (FUNCTION, REDELIVERY):
            self.iam.put_role_policy(RoleName=role, PolicyName=USERS, PolicyDocument=document)

    def write(self, **lists):
        """Lets mappers write what is in the lists, as far as the roles are concerned."""
        self.may_write()
        self.set_both(**lists)

    def starve(self):
        """Removes the event source mapping."""
        for mapping in self.lambda_.list_event_source_mappings()["EventSourceMappings"]:
            self.lambda_.delete_event_source_mapping(UUID=mapping["UUID"])

    def feed(self, **changes):
        """Replaces the event source mapping by another one."""
        self.starve()
        self.lambda_.create_event_source_mapping(**self.mapping | changes)

    def route(self, gateway, service=None):
        """Puts the function into a subnet whose default route is to `gateway`, `nat`, `igw` or none.

        With `service`, the VPC has an endpoint for that. Returns the id of its security group.
        """
        ec2 = self.ec2
        self.account.vpc = vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName="function", Description="function", VpcId=vpc)["GroupId"]
        [table] = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
        to = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "0.0.0.0/0"}
        if gateway == "igw":
            internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
            ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
            ec2.create_route(**to, GatewayId=internet)
        if gateway == "nat":
            ec2.create_route(**to, NatGatewayId=ec2.create_nat_gateway(SubnetId=subnet)["NatGateway"]["NatGatewayId"])
        if service:
            name = f"com.amazonaws.{REGION}.{service}"
            ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=name, VpcEndpointType="Interface", SubnetIds=[subnet])
        self.subnet = {"SubnetIds": [subnet], "SecurityGroupIds": [group]}
        self.configure(VpcConfig=self.subnet)
        return group

    def shut(self):
        """Puts the function into a VPC whose security group lets nothing out."""
        everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        self.ec2.revoke_security_group_egress(GroupId=self.route("nat"), IpPermissions=[everything])

    def unname(self, name):
        """Removes the alias of a function."""
        self.lambda_.delete_alias(FunctionName=name, Name="live")

    def reserve(self, name, executions):
        """Reserves concurrency for a function."""
        self.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=executions)

    def secret(self, value):
        """The ARN of a new secret."""
        return self.account.aws.client("secretsmanager").create_secret(Name="token", SecretString=value)["ARN"]

    def parameter(self, value):
        """The ARN of a new parameter."""
        self.account.aws.client("ssm").put_parameter(Name="/backend/token", Value=value, Type="SecureString")
        return f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/backend/token"

    def deny(self, action, **condition):
        """Lets the queue's policy deny `action` to everybody."""
        denied = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"}
        plain = denied | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
        denied |= {"Condition": condition} if condition else {}
        self.set_queue(Policy=json.dumps({"Version": "2012-10-17", "Statement": [plain, denied]}))

    def wait(self, name):
        """Puts a user into a queue."""
        self.sqs.send_message(QueueUrl=self.url[name], MessageBody="somebody")

    def restore(self):
        """Undoes every change."""
        self.account.answers.clear()
        self.account.state = {}
        for name in (FUNCTION, REDELIVERY):
            aliases = self.lambda_.list_aliases(FunctionName=name)["Aliases"]
            point = self.lambda_.update_alias if aliases else self.lambda_.create_alias
            point(FunctionName=name, Name="live", FunctionVersion="1")
            self.lambda_.update_function_configuration(FunctionName=name, **self.configurations[name])
            self.lambda_.delete_function_concurrency(FunctionName=name)
            self.allow(name, "Log", "Queue")
            if USERS in self.iam.list_role_policies(RoleName=name)["PolicyNames"]:
                self.iam.delete_role_policy(RoleName=name, PolicyName=USERS)
        for group in self.cognito.list_groups(UserPoolId=self.pool)["Groups"]:
            self.cognito.delete_group(UserPoolId=self.pool, GroupName=group["GroupName"])
        self.call(f"{self.arn}:live")
        self.permit(SourceArn=self.pool_arn, SourceAccount=ACCOUNT)
        for name in (DEAD_LETTERS, QUEUE):
            self.sqs.create_queue(QueueName=name)
            self.set_queue(name, **self.attributes[name])
            for message in self.sqs.receive_message(QueueUrl=self.url[name]).get("Messages", []):
                self.sqs.delete_message(QueueUrl=self.url[name], ReceiptHandle=message["ReceiptHandle"])
        self.feed()
