"""One deployment as AWS shows it. Each part is read once, when a check first asks for it, even from many threads."""

import json
from concurrent.futures import Future
from threading import Lock

import versions
from aws import NOT_FOUND, AwsError, Stop, aws, aws_or_none
from checks import NotChecked
from dry_run import SIGN_UP, Failed, dry_run
from functions import RUNTIME, configuration
from names import ALIAS, DEFAULT, Names
from unpublished import settings_of


def reading(method):
    """A property that is read once. Its exception is raised again at each later access."""

    def read(self):
        with self.lock:
            mine = method.__name__ not in self.reads
            future = self.reads.setdefault(method.__name__, Future())
        if mine:
            try:
                future.set_result(method(self))
            except Exception as error:
                future.set_exception(error)
        return future.result()

    return property(read, doc=method.__doc__)


class Deployment:
    """The user pool `pool_id` and the function `names.function` with what belongs to it.

    A part that does not exist is None; a property that needs such a part raises NotChecked.
    """

    def __init__(self, pool_id, function):
        """Reads nothing yet."""
        self.pool_id, self.names = pool_id, Names(function)
        self.option = "" if function == DEFAULT else f" --function {function}"
        self.attach = f"`just attach {pool_id}{self.option}`"
        self.create = f"`just create{self.option}`, or deploy the stack again"
        self.swap = f"`just swap-mapper MAPPER{self.option}`, or deploy the stack again"
        self.lock, self.reads = Lock(), {}

    def change(self, setting):
        """The command that changes a setting of both functions."""
        return f"`just create{self.option} --set {setting}`, or the stack's parameter"

    @reading
    def pool(self):
        """The user pool."""
        found = aws_or_none("cognito-idp", "describe-user-pool", {"UserPoolId": self.pool_id})
        return None if found is None else found["UserPool"]

    @reading
    def trigger(self):
        """The ARN of what the pool calls after a confirmation."""
        if self.pool is None:
            raise NotChecked("there is no such pool")
        return self.pool.get("LambdaConfig", {}).get("PostConfirmation")

    @reading
    def function_arn(self):
        """The ARN that the function has in the pool's account and region."""
        if self.pool is None:
            raise NotChecked("there is no such pool")
        _, partition, _, region, account, _ = self.pool["Arn"].split(":", 5)
        return f"arn:{partition}:lambda:{region}:{account}:function:{self.names.function}"

    @reading
    def qualifier(self):
        """The alias or version that Cognito calls: the pool's if it calls this function, else `live`."""
        try:
            called, ours = self.trigger or "", self.function_arn
        except Exception:
            # The checks of the pool say why it can't be read; those of the function go on without it.
            return ALIAS
        if not f"{called}:".startswith(f"{ours}:"):
            return ALIAS
        return called.removeprefix(ours).removeprefix(":") or "$LATEST"

    @reading
    def called(self):
        """The configuration of the version that Cognito calls."""
        return configuration(self.names.function, self.qualifier)

    @reading
    def function(self):
        """The same, for checks that look into it."""
        if self.called is None:
            raise NotChecked(f"there is no function {self.names.function}:{self.qualifier}")
        return self.called

    @reading
    def variables(self):
        """The settings of the function that are not empty, by name."""
        return settings_of(self.function)

    @reading
    def statements(self):
        """The statements of the policy of the alias or version that Cognito calls."""
        asked = {"FunctionName": self.names.function}
        qualified = asked if self.qualifier == "$LATEST" else asked | {"Qualifier": self.qualifier}
        found = aws_or_none("lambda", "get-policy", qualified)
        return [] if found is None else json.loads(found["Policy"])["Statement"]

    @reading
    def mapper(self):
        """The layer version that holds the mapper: its ARN and its content."""
        if self.variables.get("MAPPER_IMAGE", "/opt/").partition("/opt/")[0]:
            raise NotChecked("MAPPER_IMAGE names a file that is not in a layer")
        # The last layer wins.
        for arn in reversed(versions.layers_of(self.function)):
            content = layer_content(arn)
            if versions.IMAGE in content.namelist():
                return arn, content
        return None

    @reading
    def queue_url(self):
        """The URL of the queue that the function keeps events in."""
        url = self.variables.get("UNDELIVERED_QUEUE_URL")
        if not url:
            raise NotChecked("the function has no queue")
        return url

    @reading
    def found_queue(self):
        """The attributes of that queue."""
        return queue_attributes(self.queue_url)

    @reading
    def queue(self):
        """The same, for checks that look into it."""
        if self.found_queue is None:
            raise NotChecked("the queue does not exist")
        return self.found_queue

    @reading
    def dead_letters_arn(self):
        """The ARN of its dead-letter queue."""
        return json.loads(self.queue.get("RedrivePolicy") or "{}").get("deadLetterTargetArn")

    @reading
    def dead_letters(self):
        """The attributes of its dead-letter queue, which is in the same account and region."""
        if not self.dead_letters_arn:
            raise NotChecked("the queue has no dead-letter queue")
        return queue_attributes(f"{self.queue_url.rpartition('/')[0]}/{self.dead_letters_arn.rpartition(':')[2]}")

    @reading
    def mappings(self):
        """The event source mappings of the queue."""
        asked = {"EventSourceArn": self.queue["QueueArn"]}
        return aws("lambda", "list-event-source-mappings", asked)["EventSourceMappings"]

    @reading
    def mapping(self):
        """The event source mapping of the queue to any version of the redelivery function."""
        ours = (found for found in self.mappings if function_of(found["FunctionArn"]) == self.names.redelivery)
        return next(ours, None)

    @reading
    def redelivery_qualifier(self):
        """The alias or version that the event source mapping calls, `live` if there is no mapping."""
        try:
            fed = "UNDELIVERED_QUEUE_URL" in self.variables and self.found_queue and self.mapping
            called = fed and fed["FunctionArn"]
        except NotChecked:
            raise
        except Exception:
            # As with the pool.
            return ALIAS
        return (called.partition(f":{self.names.redelivery}:")[2] or "$LATEST") if called else ALIAS

    @reading
    def found_redelivery(self):
        """The configuration of the redelivery function."""
        return configuration(self.names.redelivery, self.redelivery_qualifier)

    @reading
    def redelivery(self):
        """The same, for checks that look into it."""
        if self.found_redelivery is None:
            raise NotChecked(f"there is no function {self.names.redelivery}:{self.redelivery_qualifier}")
        return self.found_redelivery

    def functions(self):
        """The configurations of both functions, as far as they exist, one after the other."""
        yield self.function
        if self.found_redelivery is not None:
            yield self.redelivery

    @reading
    def tried(self):
        """The Failed with which the function fails at an event, None if it maps it."""
        return tried(self.function, self.qualifier, self.reserved)

    @reading
    def redelivery_tried(self):
        """The same of the redelivery function."""
        return tried(self.redelivery, self.redelivery_qualifier, self.redelivery_reserved)

    @reading
    def reserved(self):
        """The reserved concurrency of the function, None if there is none."""
        return reserved(self.names.function)

    @reading
    def redelivery_reserved(self):
        """The reserved concurrency of the redelivery function, None if there is none."""
        return reserved(self.names.redelivery)


def layer_content(arn):
    """The content of a layer version."""
    try:
        return versions.layer_content(arn)
    except Stop as error:
        if isinstance(error, AwsError) and error.code not in NOT_FOUND:
            raise
        # A function goes on with a version that was deleted.
        raise NotChecked(str(error)) from None


def tried(function, qualifier, reserved):
    """The Failed with which the function with a configuration fails at an event, None if it maps it."""
    if function["Runtime"] != RUNTIME or reserved == 0:
        raise NotChecked("the function can't be called, or is another program")
    try:
        dry_run(function["FunctionName"], qualifier, SIGN_UP)
    except Failed as failed:
        return failed
    return None


def queue_attributes(url):
    """The attributes of a queue."""
    found = aws_or_none("sqs", "get-queue-attributes", {"QueueUrl": url, "AttributeNames": ["All"]})
    return None if found is None else found["Attributes"]


def function_of(arn):
    """The name of the function in the ARN of it or of an alias."""
    return arn.split(":")[6]


def reserved(function):
    """The reserved concurrency of a function."""
    return aws("lambda", "get-function-concurrency", {"FunctionName": function}).get("ReservedConcurrentExecutions")


def refused(role, actions, resource):
    """Which of `actions` the role with the ARN `role` may not do on the ARN `resource`; None if there is no role.

    IAM itself judges, with boundaries and the organization's policies:
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    asked = {"PolicySourceArn": role, "ActionNames": actions, "ResourceArns": [resource]}
    found = aws_or_none("iam", "simulate-principal-policy", asked)
    if found is None:
        return None
    denied = [result for result in found["EvaluationResults"] if result["EvalDecision"] != "allowed"]
    if unknown := {key for result in denied for key in result.get("MissingContextValues", [])}:
        raise NotChecked(f"the role's policies depend on {', '.join(sorted(unknown))}")
    return [result["EvalActionName"] for result in denied]
