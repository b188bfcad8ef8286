"""What is done with the backend's answer."""

from post_confirmation import MapperError


def raises_its_own(answer):
    raise MapperError("no-id", "there is no id")


def raises(answer):
    return answer.json()["user"]


FOLLOW_UPS = {
    "returns nothing": lambda answer: None,
    "sets and adds": lambda answer: {"attributes": {"custom:id": "42"}, "groups": ["members", "gold"]},
    "reads all of the answer": lambda answer: {
        "attributes": {"custom:a": f"{answer.status} {answer.headers['x-a']} {answer.json()['id']} {len(answer.body)}"}
    },
    "returns a text": lambda answer: "members",
    "misspells groups": lambda answer: {"group": ["members"]},
    "sets a number": lambda answer: {"attributes": {"custom:id": 42}},
    "has a list of attributes": lambda answer: {"attributes": [("custom:id", "42")]},
    "has an empty list of attributes": lambda answer: {"attributes": []},
    "adds to no": lambda answer: {"groups": False},
    "adds to a text": lambda answer: {"groups": "members"},
    "adds to nothing": lambda answer: {"groups": [None]},
    "raises": raises,
    "raises its own": raises_its_own,
}
