"""The queue of undelivered events, and the event source mapping from it to the redelivery function."""

import json

REGION_AND_ACCOUNT = "eu-central-1:123456789012"


class Queue:
    """A queue of SQS, and the event source mapping with `ReportBatchItemFailures`."""

    def __init__(self, sqs, name):
        """Makes the queue with boto3's client."""
        self.sqs, self.name = sqs, name
        # A received message is visible again at once, so a test need not wait for an undelivered one.
        self.url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "0"})["QueueUrl"]

    def size(self):
        """How many messages are in the queue, received ones included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def receive(self):
        """Up to ten messages, as SQS gives them."""
        every = {"AttributeNames": ["All"], "MessageAttributeNames": ["All"], "MaxNumberOfMessages": 10}
        return self.sqs.receive_message(QueueUrl=self.url, **every).get("Messages", [])

    def hand_over(self, function, messages):
        """Hands messages to a function as Lambda does, and deletes those that it does not report as failed.

        Returns the ids of those that stay. The event's form: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
        """
        answer = json.loads(function.invoke(json.dumps({"Records": [*map(self._record, messages)]}).encode()))
        stay = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        for message in messages:
            if message["MessageId"] not in stay:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return stay

    def _record(self, message):
        attributes = {
            name: {
                "stringValue": attribute["StringValue"],
                "dataType": attribute["DataType"],
                "stringListValues": [],
                "binaryListValues": [],
            }
            for name, attribute in message["MessageAttributes"].items()
        }
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": attributes,
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION_AND_ACCOUNT}:{self.name}",
            "awsRegion": "eu-central-1",
        }
