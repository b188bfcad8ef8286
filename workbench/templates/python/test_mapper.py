"""The mapping is a plain function: `pytest` runs this."""

from mapper import conclude, transform
from post_confirmation import Answer, Event


def test_a_user_without_a_plan_gets_the_free_one():
    event = Event(attributes={"sub": "42", "email": "ada@example.org"})
    assert transform(event)["deliver"]["body"] == {"id": "42", "email": "ada@example.org", "plan": "free"}


def test_the_backends_id_is_stored_and_the_user_joins_the_group():
    answer = Answer(body=b'{"id": 42, "group": "members"}')
    assert conclude(Event(), answer) == {"attributes": {"custom:backend_id": "42"}, "groups": ["members"]}


def test_an_answer_that_says_nothing_changes_nothing():
    assert conclude(Event(), Answer(status=204)) == {}
    assert conclude(Event(), Answer(status=409, body=b"{}")) == {}
