"""The mapping is a plain function: `pytest` runs this."""

from mapper import transform
from post_confirmation import Event


def test_a_user_without_a_plan_gets_the_free_one():
    event = Event(attributes={"sub": "42", "email": "ada@example.org"})
    assert transform(event)["deliver"]["body"] == {"id": "42", "email": "ada@example.org", "plan": "free"}
