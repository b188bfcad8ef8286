"""The recipes on an account that can stop each of their calls, and what is in use there."""

import json
from subprocess import DEVNULL, PIPE, CompletedProcess, Popen

from .doctor import FUNCTION, REDELIVERY, USERS
from .fault_server import FaultServer
from .no_sleep import without_sleeping
from .program import MAPPER, announced, program_beside
from .recipes import Recipes
from .stack import ARCHITECTURE
from .zips import zipped

FUNCTIONS = FUNCTION, REDELIVERY
# What a version of a function does.
PARTS = "CodeSha256", "Environment", "MemorySize", "Role", "Timeout"


class FaultyRecipes(Recipes):
    """The recipes, without their waits, beside a function of their own."""

    def __init__(self, aws, factory):
        """Starts the account."""
        super().__init__(aws, factory, FaultServer)
        beside = {f"function-{ARCHITECTURE}.zip": zipped(bootstrap="program")}
        beside["default-mapper.wasm"] = (MAPPER.parent / "default-mapper.wasm").read_bytes()
        self.program = program_beside(factory.mktemp("program") / "installed", beside)
        self.environment |= without_sleeping(factory.mktemp("sleep") / "no_sleep")
        client = aws.client
        self.cognito, self.iam, self.lambda_ = client("cognito-idp"), client("iam"), client("lambda")
        self.logs, self.sqs = client("logs"), client("sqs")

    def run(self, name, *args, fault=None, hits=None):
        """A recipe's end; the fault comes at the call that FaultServer.expect tells."""
        self.account.expect(fault, hits)
        process = Popen(
            [self.program, name, *args],
            env=self.environment,
            cwd=self.folder,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            text=True,
            process_group=0,
        )
        self.account.runs(process)
        said, error = process.communicate()
        done = CompletedProcess(process.args, process.returncode, said, error)
        # `doctor` goes on if AWS does not say whose account it is.
        return done if said.startswith("account unknown: ") else announced(done)

    def state(self):
        """What is in use. Versions and layers are not, until an alias names them."""
        parts = self.pools(), self.functions(), self.policies(), self.queues(), self.log_groups(), self.mappings()
        return json.loads(json.dumps(parts, default=str))

    def pools(self):
        """The pools' settings by id, and how they ask for a second factor."""
        found = {}
        for pool in self.cognito.list_user_pools(MaxResults=60)["UserPools"]:
            settings = self.cognito.describe_user_pool(UserPoolId=pool["Id"])["UserPool"]
            mfa = self.cognito.get_user_pool_mfa_config(UserPoolId=pool["Id"])
            del settings["LastModifiedDate"], mfa["ResponseMetadata"]
            found[pool["Id"]] = settings, mfa
        return found

    def functions(self):
        """Of each function: what $LATEST does, the alias with its description, and who may call it."""
        found = {}
        for name in (function["FunctionName"] for function in self.lambda_.list_functions()["Functions"]):
            there = self.lambda_.get_function_configuration(FunctionName=name)
            alias = self.alias(name)
            found[name] = {part: there.get(part) for part in PARTS} | {
                "Layers": [layer["Arn"] for layer in there.get("Layers", [])],
                "alias": alias and (alias["FunctionVersion"], alias["Description"]),
                "allowed": self.allowed(name) if alias else [],
            }
        return found

    def alias(self, name):
        """The alias of a function; None if there is none."""
        aliases = self.lambda_.list_aliases(FunctionName=name)["Aliases"]
        return next((alias for alias in aliases if alias["Name"] == "live"), None)

    def allowed(self, name):
        """The permissions of a function's alias."""
        try:
            return json.loads(self.lambda_.get_policy(FunctionName=name, Qualifier="live")["Policy"])["Statement"]
        except self.lambda_.exceptions.ResourceNotFoundException:
            return []

    def policies(self):
        """The policies inside each role."""
        found = {}
        for role in (role["RoleName"] for role in self.iam.list_roles()["Roles"]):
            names = self.iam.list_role_policies(RoleName=role)["PolicyNames"]
            found[role] = {
                name: self.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names
            }
        return found

    def queues(self):
        """The attributes of each queue, and how many messages it has."""
        found = {}
        for url in self.sqs.list_queues().get("QueueUrls", []):
            there = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            found[url.rpartition("/")[2]] = {key: there[key] for key in there if not key.endswith("Timestamp")}
        return found

    def log_groups(self):
        """How long each log group is kept."""
        return {it["logGroupName"]: it.get("retentionInDays") for it in self.logs.describe_log_groups()["logGroups"]}

    def mappings(self):
        """What each event source mapping calls, and how."""
        found = self.lambda_.list_event_source_mappings()["EventSourceMappings"]
        known = self.account.mappings
        return [(known[it["UUID"]]["FunctionArn"], it["BatchSize"], it.get("ScalingConfig")) for it in found]

    def restore(self, state):
        """Brings pools, aliases, $LATEST, permissions and the rights on users back to a former state."""
        pools, functions, policies, *_ = state
        for pool, (settings, _) in pools.items():
            self.cognito.update_user_pool(UserPoolId=pool, LambdaConfig=settings.get("LambdaConfig", {}))
        for name, there in functions.items():
            version, description = there["alias"]
            alias = {"FunctionVersion": version, "Description": description}
            self.lambda_.update_alias(FunctionName=name, Name="live", **alias)
            self.lambda_.update_function_configuration(FunctionName=name, Layers=there["Layers"])
            self.allow(name, there["allowed"])
            document = policies[name].get(USERS)
            if document:
                self.iam.put_role_policy(RoleName=name, PolicyName=USERS, PolicyDocument=json.dumps(document))
            elif USERS in self.iam.list_role_policies(RoleName=name)["PolicyNames"]:
                self.iam.delete_role_policy(RoleName=name, PolicyName=USERS)

    def allow(self, name, statements):
        """Makes these the permissions of a function's alias."""
        at = {"FunctionName": name, "Qualifier": "live"}
        for statement in self.allowed(name):
            self.lambda_.remove_permission(**at, StatementId=statement["Sid"])
        for statement in statements:
            self.lambda_.add_permission(
                **at,
                StatementId=statement["Sid"],
                Action=statement["Action"],
                Principal=statement["Principal"]["Service"],
                SourceArn=statement["Condition"]["ArnLike"]["AWS:SourceArn"],
                SourceAccount=statement["Condition"]["StringEquals"]["AWS:SourceAccount"],
            )
