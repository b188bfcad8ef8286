"""Asking a function how an event would end: nothing is sent, queued or counted."""

import base64
import json
import re
import tempfile
from pathlib import Path

import function_log
from aws import Stop, aws, say

# A user whom every mapper should deliver.
SIGN_UP = Path(__file__).resolve().parents[1] / "guest/cases/native.event.json"


class Failed(Stop):
    """A dry run failed: `error_type` is one of the reference, and `because` are lines of the log."""

    def __init__(self, function, qualifier, answer, log):
        """From the function's error and the end of its log."""
        found = answer.get("errorType") if isinstance(answer, dict) else None
        # Only the name: another function may answer anything.
        self.error_type = found if isinstance(found, str) and re.fullmatch(r"[\w.]{1,100}", found) else "unknown"
        self.because = function_log.explanation(log)
        read = f"`aws logs tail /aws/lambda/{function} --since 10m` may say why"
        super().__init__(
            f"{function}:{qualifier} can't handle an event: {self.error_type}\n  " + "\n  ".join(self.because or [read])
        )


def dry_run(function, qualifier, event):
    """How the event in a JSON file would end: `{"end": "delivered", "mapper": …}` or `{"end": "skipped", "code": …}`.

    Raises Failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        payload, answer = Path(folder, "payload"), Path(folder, "answer")
        payload.write_text(json.dumps({"dryRun": json.loads(event.read_bytes())}))
        # The CLI writes the answer to a file, so these must be flags.
        asked = "--function-name", function, "--qualifier", qualifier, "--payload", f"fileb://{payload}"
        done = aws("lambda", "invoke", None, *asked, "--log-type", "Tail", str(answer))
        said = parsed(answer.read_bytes())
    found = said.get("dryRun") if isinstance(said, dict) and "FunctionError" not in done else None
    if not isinstance(found, dict):
        raise Failed(function, qualifier, said, base64.b64decode(done.get("LogResult", "")).decode(errors="replace"))
    return found


def parsed(answer):
    """The JSON of an answer, None if it is not JSON."""
    try:
        return json.loads(answer)
    except ValueError:
        return None


def handles(function, qualifier):
    """Lets a function map a sign-up, and raises Failed if it can't handle events.

    A mapper that returns an error for this sign-up is loaded and works, so that is not a failure.
    """
    try:
        dry_run(function, qualifier, SIGN_UP)
    except Failed as failed:
        if failed.error_type != "Mapper.Failed":
            raise


def ready(function, qualifier):
    """Like `handles`, and says so."""
    handles(function, qualifier)
    say(f"{function}:{qualifier}: maps events")
