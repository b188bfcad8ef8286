//! What comes after the backend's answer in Python: what can be done, and what the mistakes in it
//! are told.

use crate::loaded::{add, set};
use crate::support::all;

/// A mistake: its name, the code, and what the message says of it.
const MISTAKES: [(&str, &str, &str); 11] = [
    ("returns a text", "bad-answer", "`conclude` (mapper.py:"),
    (
        "returns a text",
        "bad-answer",
        "returned what are not effects: it has to be `{\"attributes\": ",
    ),
    ("misspells groups", "bad-answer", "there is no field `group`: `groups` is meant?"),
    ("sets a number", "bad-answer", "`attributes['custom:id']` has to be a text, and is 42"),
    ("has a list of attributes", "bad-answer", "`attributes` has to be a dict, and is ["),
    ("has an empty list of attributes", "bad-answer", "`attributes` has to be a dict, and is []"),
    ("adds to no", "bad-answer", "`groups` has to be a list, and is False"),
    ("adds to a text", "bad-answer", "`groups` has to be a list, and is 'members'"),
    ("adds to nothing", "bad-answer", "`groups[0]` has to be a text, and is None"),
    ("raises", "exception", "File \"follow_ups.py\", line 11, in raises\n"),
    ("raises its own", "no-id", "there is no id"),
];

#[tokio::test]
async fn effects_are_what_the_mapper_returns_for_the_answer() {
    let Some(mapper) = all(&[]) else { return };
    for (name, effects) in [
        ("returns nothing", vec![]),
        ("sets and adds", vec![set("custom:id", "42"), add("members"), add("gold")]),
        ("reads all of the answer", vec![set("custom:a", "201 1 42 9")]),
    ] {
        assert_eq!(mapper.conclude(name).await, Ok(effects), "{name}");
    }
}

#[tokio::test]
async fn every_mistake_in_a_follow_up_is_named_with_its_field() {
    let Some(mapper) = all(&[]) else { return };
    mapper.is_told_of(&MISTAKES, "/component/").await;
}
