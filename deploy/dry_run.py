"""Asking a function how an event would end, without anything being sent, queued or counted."""

import json
import tempfile
from pathlib import Path

from aws import Stop, aws, say

# A user whom every mapper should deliver.
SIGN_UP = Path(__file__).resolve().parents[1] / "guest/cases/native.event.json"


class Failed(Stop):
    """What would keep the event from the backend: `error_type` is as in docs/reference.md."""

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


def ready(function, qualifier):
    """Lets a function map a sign-up, and raises Failed where it can't handle events.

    A mapper that returns an error for this one has been loaded, and may have its reasons.
    """
    try:
        dry_run(function, qualifier, SIGN_UP)
    except Failed as failed:
        if failed.error_type != "Mapper.Failed":
            raise
    say(f"{function}:{qualifier}: maps events")
