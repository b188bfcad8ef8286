"""Asking a function how an event would end, without anything being sent, queued or counted."""

import json
import tempfile
from pathlib import Path

from aws import Stop, aws


class Failed(Stop):
    """What would keep the event from the backend: `error_type` is as in README.md."""

    def __init__(self, function, answer):
        """Of the error with which the function answered."""
        self.error_type = answer.get("errorType", "unknown")
        super().__init__(f"{function} can't handle an event: {self.error_type}")


def dry_run(function, qualifier, event):
    """How the event, a file of JSON, would end: `{"end": "delivered", "mapper": …}` or `{"end": "skipped", "code": …}`.

    Raises Failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        payload, answer = Path(folder, "payload"), Path(folder, "answer")
        payload.write_text(json.dumps({"dryRun": json.loads(event.read_bytes())}))
        # The CLI takes these only as flags where it writes a file.
        asked = "--function-name", function, "--qualifier", qualifier, "--payload", f"fileb://{payload}"
        done = aws("lambda", "invoke", None, *asked, str(answer))
        said = json.loads(answer.read_bytes() or b"{}")
    if "FunctionError" in done or "dryRun" not in said:
        raise Failed(f"{function}:{qualifier}", said)
    return said["dryRun"]
