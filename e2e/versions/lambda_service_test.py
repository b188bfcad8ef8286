"""The Lambda of these tests answers like Lambda."""

import json

import pytest

from support.deployed import REDELIVERY, TRIGGER, confirmed, event, send


def test_the_local_lambda_answers_like_lambda(aws, functions, service, proved):
    invoke = {"FunctionName": TRIGGER, "Payload": json.dumps({"dryRun": event("one")})}
    answer = functions.invoke(**invoke, Qualifier="live")
    assert "FunctionError" not in answer
    assert json.loads(answer["Payload"].read())["dryRun"]["end"] == "delivered"
    assert confirmed(service, "one") == (None, event("one"))
    [end] = [json.loads(line) for line in service.logs(TRIGGER) if '"end"' in line]
    assert (end["end"], end["FunctionName"], service.logs(REDELIVERY)) == ("undelivered", TRIGGER, [])
    broken = event("one") | {"request": {"userAttributes": {}}}
    answer = functions.invoke(**invoke | {"Payload": json.dumps({"dryRun": broken})}, Qualifier="1")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"].read())["errorType"] == "Mapper.Failed"
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.invoke(**invoke, Qualifier="9")
    proved("an alias, a version and $LATEST run; an error is 200 with a header")

    functions.update_function_configuration(FunctionName=TRIGGER, Environment={"Variables": {}})
    answer = functions.invoke(**invoke)
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read())["errorType"] in ("Settings.Invalid", "Runtime.ExitError")
    proved("a function that can't start is an error too, reported at once")

    sqs = aws.client("sqs")
    queue = sqs.create_queue(QueueName="post-confirmation-undelivered")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]["QueueArn"]
    alias = functions.get_alias(FunctionName=REDELIVERY, Name="live")["AliasArn"]
    made = functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=alias, Enabled=True)
    assert (made["FunctionArn"], made["State"]) == (alias, "Enabled")
    sent = [send(sqs, queue, it) for it in (broken, event("two"))]
    # The backend does not exist, so neither is delivered.
    assert {*service.redeliver(REDELIVERY)} == {*sent}
    functions.update_event_source_mapping(UUID=made["UUID"], Enabled=False)
    [listed] = functions.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    assert (listed["FunctionArn"], listed["State"]) == (alias, "Disabled")
    proved("an event source mapping calls the alias with the queue's messages")
