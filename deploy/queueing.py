"""Putting many events into the queue: if SQS refuses one, all others are still queued."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from aws import AwsError, aws

# The most entries and bytes that SendMessageBatch takes: 1 MiB, and 256 KiB before August 2025.
BATCH, BATCH_SIZE = 10, 256 * 1024
PARALLEL, TRIES = 4, 4
# The codes with which SQS refuses a whole request because of one message, or because of its size.
CONTENT = ("BatchRequestTooLong", "InvalidMessageContents", "InvalidParameterValue", "InvalidParameterValueException")


class Queueing:
    """Puts events into the queue at `url`: `queued` counts them, `refused` has each refused sub with SQS's code."""

    def __init__(self, url):
        """Nothing is queued yet."""
        self.url, self.queued, self.refused, self.lock = url, 0, [], Lock()

    def put(self, entries):
        """Puts entries into the queue, each a sub and a text. Raises AwsError if SQS refuses for another reason."""
        with ThreadPoolExecutor(PARALLEL) as threads:
            # All batches finish before the first error is raised, so the count is right.
            sending = [threads.submit(self._send, batch) for batch in batches(entries)]
        for batch in sending:
            batch.result()

    def _send(self, batch):
        """Queues a batch, and retries each entry alone that SQS did not take."""
        missing, alone = self._try(batch), len(batch) == 1
        for attempt in range(1, TRIES):
            for_content = [each for each in missing if each[1].endswith(CONTENT)]
            if alone:
                # SQS will never take it.
                self._refuse(for_content)
                missing = [each for each in missing if each not in for_content]
            if any(each not in for_content for each in missing):
                time.sleep(2**attempt - 1)
            missing, alone = [again for entry, _ in missing for again in self._try([entry])], True
        self._refuse(missing)

    def _refuse(self, missing):
        """Records a user whom SQS does not take."""
        with self.lock:
            self.refused += [(sub, code) for (sub, _), code in missing]

    def _try(self, batch):
        """Sends a batch once. Returns the entries that SQS did not take, each with its code."""
        entries = {str(number): entry for number, entry in enumerate(batch)}
        sent = [{"Id": number, "MessageBody": body} for number, (_, body) in entries.items()]
        try:
            answer = aws("sqs", "send-message-batch", {"QueueUrl": self.url, "Entries": sent})
        except AwsError as error:
            if not error.code.endswith(CONTENT):
                raise
            return [(entry, error.code) for entry in batch]
        taken = {entry["Id"] for entry in answer.get("Successful", [])}
        codes = {entry["Id"]: entry["Code"] for entry in answer.get("Failed", [])}
        with self.lock:
            self.queued += len(taken)
        return [(entry, codes.get(number, "NoAnswer")) for number, entry in entries.items() if number not in taken]


def batches(entries):
    """The entries in batches that SQS takes."""
    batch, size = [], 0
    for sub, body in entries:
        length = len(body.encode())
        if batch and (len(batch) == BATCH or size + length > BATCH_SIZE):
            yield batch
            batch, size = [], 0
        batch.append((sub, body))
        size += length
    if batch:
        yield batch
