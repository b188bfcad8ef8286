"""SQS's redrives, which moto lacks."""

ARN = "arn:aws:sqs:eu-central-1:123456789012:post-confirmation"
NAMES = {"dead": "post-confirmation-dead-letters", "queue": "post-confirmation-undelivered"}


class Redrives:
    """Redrives between two queues: each look at the progress moves one message."""

    def __init__(self, sqs, interceptor):
        """Answers the operations in moto's place; makes both queues."""
        self.sqs, self.tasks, self.started, self.hidden = sqs, [], False, 0
        self.urls = {name: sqs.create_queue(QueueName=queue)["QueueUrl"] for name, queue in NAMES.items()}
        interceptor.answers |= {"StartMessageMoveTask": self.start, "ListMessageMoveTasks": self.list}

    def start(self, call):
        """StartMessageMoveTask."""
        assert call.parameters == {"SourceArn": f"{ARN}-dead-letters", "DestinationArn": f"{ARN}-undelivered"}
        self.tasks.insert(0, self.task("RUNNING"))
        self.started = True
        return 200, {"TaskHandle": "task"}

    def task(self, status):
        """A redrive of the messages that exist now."""
        moved = {"ApproximateNumberOfMessagesToMove": self.count("dead"), "ApproximateNumberOfMessagesMoved": 0}
        started = {"StartedTimestamp": 1_767_225_600_000 + len(self.tasks)}
        return {"Status": status, "SourceArn": f"{ARN}-dead-letters"} | started | moved

    def list(self, call):
        """ListMessageMoveTasks, the newest first. A redrive that has just started is `hidden` for that many looks."""
        if self.started and self.hidden:
            self.hidden -= 1
            return 200, {"Results": self.tasks[1:][: call.parameters["MaxResults"]]}
        shown = [dict(task) for task in self.tasks[: call.parameters["MaxResults"]]]
        if self.tasks and self.tasks[0]["Status"] == "RUNNING":
            [message] = self.sqs.receive_message(QueueUrl=self.urls["dead"])["Messages"]
            self.sqs.send_message(QueueUrl=self.urls["queue"], MessageBody=message["Body"])
            self.sqs.delete_message(QueueUrl=self.urls["dead"], ReceiptHandle=message["ReceiptHandle"])
            self.tasks[0]["ApproximateNumberOfMessagesMoved"] += 1
            if not self.count("dead"):
                self.tasks[0]["Status"] = "COMPLETED"
        return 200, {"Results": shown}

    def put(self, count):
        """Makes dead letters."""
        for number in range(count):
            self.sqs.send_message(QueueUrl=self.urls["dead"], MessageBody=str(number))

    def count(self, name):
        """How many messages are in a queue."""
        asked = {"QueueUrl": self.urls[name], "AttributeNames": ["ApproximateNumberOfMessages"]}
        return int(self.sqs.get_queue_attributes(**asked)["Attributes"]["ApproximateNumberOfMessages"])
