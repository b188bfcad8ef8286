//! The mistakes that authors make in a mapper that can be built, and what each of them is told.

use crate::support::all;

const IS_NO_OUTCOME: &str = "it has to be `{\"deliver\": {\"method\", \"path\", \"body\"}}` or `{\"skip\": \"code\"}`, and is ";

/// A mistake: its name, the code, and what the message says of it, in this order.
const MISTAKES: [(&str, &str, &[&str]); 60] = [
    (
        "returns nothing",
        "bad-answer",
        &["`transform` (mapper.py:8) returned ", IS_NO_OUTCOME, "None"],
    ),
    ("returns a text", "bad-answer", &[IS_NO_OUTCOME, "'users/'"]),
    ("returns nothing in it", "bad-answer", &[IS_NO_OUTCOME, "{}"]),
    ("returns both", "bad-answer", &[IS_NO_OUTCOME, "both: {'deliver': {"]),
    ("returns a coroutine", "bad-answer", &["; write `def` in place of `async def`"]),
    ("misspells deliver", "bad-answer", &["there is no field `delivr`: `deliver` is meant?"]),
    ("writes Deliver", "bad-answer", &["there is no field `Deliver`: `deliver` is meant?"]),
    ("names a field by a number", "bad-answer", &["no field `1`: it takes `deliver`, `skip`"]),
    (
        "skips for a sentence",
        "bad-answer",
        &["`skip` has to be a code of 1 to 64 ", "'Not for us'"],
    ),
    ("skips for no reason", "bad-answer", &["`skip` has to be a code of 1 to 64 ", "None"]),
    (
        "delivers a text",
        "bad-answer",
        &["`deliver` has to be `{\"method\", \"path\", \"body\"}`, and is 'users/'"],
    ),
    (
        "deletes",
        "bad-answer",
        &["`deliver.method` has to be 'post', 'put' or 'patch', and is 'DELETE'"],
    ),
    ("has a method of a number", "bad-answer", &["`deliver.method` has to be ", "is 1"]),
    ("has no path", "bad-answer", &["`deliver.path` is missing"]),
    ("has a path of bytes", "bad-answer", &["`deliver.path` has to be a text, and is b'users/'"]),
    ("writes acceptStatus", "bad-answer", &["`deliver.acceptStatus`: `accept_status` is meant?"]),
    (
        "misspells accept_status",
        "bad-answer",
        &["`deliver.accept_statsu`: `accept_status` is meant?"],
    ),
    (
        "has a field of nothing",
        "bad-answer",
        &[
            "no field `deliver.retry`: it takes `method`, `path`, `headers`, `body`, `accept_status`",
        ],
    ),
    (
        "accepts a number",
        "bad-answer",
        &["`deliver.accept_status` has to be a list of numbers, and is 409"],
    ),
    (
        "accepts a text",
        "bad-answer",
        &["`deliver.accept_status[1]` has to be a status, and is '404'"],
    ),
    (
        "accepts a truth",
        "bad-answer",
        &["`deliver.accept_status[0]` has to be a status, and is True"],
    ),
    (
        "has a text of headers",
        "bad-answer",
        &["`deliver.headers` has to be a dict or a list of names and values, and is 'x-a: 1'"],
    ),
    (
        "has a header of a number",
        "bad-answer",
        &["`deliver.headers['x-count']` has to be a text, and is 5"],
    ),
    (
        "has a header without value",
        "bad-answer",
        &["`deliver.headers[0]` has to be a name and a value, and is ('x-a',)"],
    ),
    (
        "has a header of nothing",
        "bad-answer",
        &["`deliver.headers[0][1]` has to be a text, and is None"],
    ),
    ("has no body", "bad-answer", &["`deliver.body` is missing"]),
    (
        "has a body of a number",
        "bad-answer",
        &["`deliver.body` has to be a text, bytes, a dict or a list, and is 42"],
    ),
    ("has a body of a set", "bad-answer", &["bytes, a dict or a list, and is {'a'}"]),
    (
        "has a body with NaN",
        "bad-answer",
        &["`deliver.body.user.ages[1]` is what JSON can't hold: nan"],
    ),
    (
        "has a body with a date",
        "bad-answer",
        &["`deliver.body.at` is what JSON can't hold: datetime.datetime(2026, 1, 2, 0, 0)"],
    ),
    ("has a body with a decimal", "bad-answer", &["`deliver.body[0]` is what ", "Decimal('1.5')"]),
    ("has a body with bytes", "bad-answer", &["`deliver.body.data` is what JSON can't hold: b'a'"]),
    (
        "has a body with a coroutine",
        "bad-answer",
        &["`deliver.body.user` is ", "is an `await` missing?"],
    ),
    (
        "has a body with a tuple as a key",
        "bad-answer",
        &["`deliver.body.users` is a dict with a key that is not text: (1, 2)"],
    ),
    ("has itself as a body", "bad-answer", &["`deliver.body` can't be written as JSON: Circular"]),
    ("has a body of many levels", "the mapper trapped: wasm trap: call stack exhausted", &[]),
    (
        "raises an error",
        "exception",
        &[
            "Traceback (most recent call last):\n  File \"mapper.py\", line 11, in transform\n    return MISTAKES[event",
            "  File \"mistakes.py\", line ",
            "    raise error\nValueError: no user",
        ],
    ),
    (
        "raises with a cause",
        "exception",
        &[
            "    {}[\"id\"]",
            "KeyError: 'id'\n\nThe above exception was the direct cause",
            "no user",
        ],
    ),
    ("raises its own error", "no-user", &["it is missing"]),
    (
        "raises a code that is none",
        "exception",
        &[
            "raise error\n",
            "MapperError: NO_USER: it is missing\n",
            "of 1 to 64",
            ", and is 'NO_USER'",
        ],
    ),
    ("raises a group", "exception", &["raise error\n", "ExceptionGroup: all", "KeyError: 'id'"]),
    ("raises a text", "exception", &["raise error\n", "TypeError: exceptions must derive"]),
    ("raises half a character", "exception", &["raise error\n", "ValueError: a\u{fffd}b"]),
    (
        "reads of nothing",
        "exception",
        &["lambda: None.name,\n", "^\nAttributeError: 'NoneType' object has no attribute 'name'"],
    ),
    (
        "reads the event of a handler",
        "exception",
        &[
            "Event()[\"request\"],\n",
            "TypeError: 'Event' object is not subscriptable\nthe event of a mapper is not a dict: `event.attributes` and ",
            "`post_confirmation.py` says what else there is",
        ],
    ),
    (
        "reads the request of a handler",
        "exception",
        &["'Event' object has no attribute 'request'", "\nthe event of a mapper is not a dict: "],
    ),
    ("misses a key", "exception", &["lambda: {}[\"id\"],\n", "^\nKeyError: 'id'"]),
    ("misspells a name", "exception", &["NameError: name 'deliverr'", "Did you mean: 'deliver'?"]),
    (
        "fails in another file",
        "exception",
        &[
            "File \"lib/words.py\", line 2, in greeting_of\n    return f\"good day {",
            "KeyError: 'name'",
        ],
    ),
    (
        "fails in the library",
        "exception",
        &["json.loads(\"{\"),\n", "^\njson.decoder.JSONDecodeError: "],
    ),
    ("recurses", "exception", &["return recurse() + 1\n", "more times]\nRecursionError: "]),
    (
        "exits",
        "exception",
        &[
            "sys.exit(1),\n",
            "^\nSystemExit: 1\na mapper does not end its process: return `{\"skip\"",
        ],
    ),
    ("ends the process", "the mapper exited", &[]),
    (
        "opens a file",
        "exception",
        &["FileNotFoundError: ", "'names.txt'\na mapper has no files and no network"],
    ),
    (
        "fetches",
        "exception",
        &["URLError: ", "\na mapper has no files and no network: ", "the host sends the request"],
    ),
    (
        "connects",
        "exception",
        &["Traceback", "URLError: ", "\na mapper has no files and no network"],
    ),
    (
        "starts a thread",
        "exception",
        &["threading.Thread(", "RuntimeError: can't start new thread"],
    ),
    ("runs a loop", "exception", &["asyncio.run(waits()),\n", "PermissionError: "]),
    (
        "uses a rare codec",
        "exception",
        &[
            "unknown encoding: cp437\ncodecs are modules",
            "write `import encodings.NAME` at the top",
        ],
    ),
    (
        "imports by a name",
        "exception",
        &[
            "in imports_late\n",
            "ModuleNotFoundError: ",
            "\nmodules are loaded when the mapper is built",
        ],
    ),
];

/// What no message has: frames of our own code, of the interpreter and of its library.
const NOBODYS: [&str; 4] = ["/component/", "/python/", "<frozen", "During handling"];

#[tokio::test]
async fn every_mistake_in_an_event_is_named_with_field_or_line() {
    let Some(mapper) = all(&[]) else { return };
    let mut wrong = Vec::new();
    for (name, code, says) in MISTAKES {
        let (found, message) = mapper.error(name).await;
        let rest = says
            .iter()
            .try_fold(message.as_str(), |rest, part| rest.split_once(part).map(|(_, rest)| rest));
        if found != code || rest.is_none() || NOBODYS.iter().any(|part| message.contains(part)) {
            wrong.push(format!("{name}: {found}: {message}\n  expected {code}: {says:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
