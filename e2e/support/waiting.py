"""What waits in the queue and in the dead letters, with values that can be searched for."""

import json

from .deployed import event

DEAD_LETTERS, QUEUE = "post-confirmation-dead-letters", "post-confirmation-undelivered"
# Each is a part of every value that a canary has, in small letters.
CANARIES = ("canary", "5ab5ab00", "carla", "carlos", "2025550142")
REDRIVE = {"deadLetterTargetArn": f"arn:aws:sqs:eu-central-1:123456789012:{DEAD_LETTERS}", "maxReceiveCount": 5}


def canary(number, name="Carla Canary", **members):
    """An event whose values can be searched for; no name if `name` is None."""
    sub = f"5ab5ab00-0000-4000-8000-{number:012x}"
    made = event(sub) | {"userName": sub, "userPoolId": "eu-central-1_Canary"} | members
    identities = [{"userId": "canary-identity", "providerName": "Canary", "primary": "true"}]
    own = {
        "email": "canary@canary.example",
        "phone_number": "+12025550142",
        "identities": json.dumps(identities),
        "given_name": "Carla",
        "family_name": "Canary",
        "birthdate": "1988-02-29",
        "custom:plan": "canary-plan",
    }
    made["request"]["userAttributes"] |= own | ({"name": name} if name else {})
    made["request"]["clientMetadata"] = {"canary-name": "canary-value"}
    made["callerContext"]["clientId"] = "canaryclient"
    return made


class Waiting:
    """The two queues, as `create` makes them."""

    def __init__(self, sqs):
        """Makes them with boto3's client."""
        self.sqs = sqs
        self.urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in (DEAD_LETTERS, QUEUE)}
        attributes = {"RedrivePolicy": json.dumps(REDRIVE), "VisibilityTimeout": "180"}
        sqs.set_queue_attributes(QueueUrl=self.urls[QUEUE], Attributes=attributes)
        self.sent = {name: [] for name in self.urls}

    def put(self, name, *contents, attributes=None):
        """Puts events, or texts, into a queue, with the attributes that the function gives them or with others."""
        usual = {"reason": {"DataType": "String", "StringValue": "Mapper.Failed"}}
        for content in contents:
            body = content if isinstance(content, str) else json.dumps(content)
            sent = {"MessageBody": body, "MessageAttributes": usual if attributes is None else attributes}
            self.sent[name].append(self.sqs.send_message(QueueUrl=self.urls[name], **sent)["MessageId"])

    def ids(self, name):
        """The ids of the messages that were put into a queue."""
        return self.sent[name]

    def counts(self, name):
        """How many messages of a queue are visible, and how many are hidden."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.urls[name], AttributeNames=names)["Attributes"]
        return tuple(int(found[each]) for each in names)

    def receive(self, name, hidden=0):
        """Up to ten messages of a queue, which stay visible unless they are to be hidden for some seconds."""
        asked = {"MaxNumberOfMessages": 10, "VisibilityTimeout": hidden, "AttributeNames": ["All"]}
        return self.sqs.receive_message(QueueUrl=self.urls[name], **asked).get("Messages", [])

    def use_up(self, name, attempts):
        """Receives the messages of a queue so often."""
        for _ in range(attempts):
            assert self.receive(name)
