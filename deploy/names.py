"""What the parts of one deployment are called. Every recipe derives the names from the function's, so none is asked."""

from dataclasses import dataclass

# The function's name where a recipe is told no other.
DEFAULT = "post-confirmation"
# Of both functions. The pool's trigger and the event source mapping name it, so that a version can be rolled back.
ALIAS = "live"
# What the alias's description says. Both numbers: somebody else may move the alias and leave the description as it was.
REMEMBERED = "version {}, before it version {}"


@dataclass(frozen=True)
class Names:
    """The names around the trigger's function, `function`."""

    function: str = DEFAULT

    @property
    def redelivery(self):
        """The function that reads the queue."""
        return f"{self.function}-redelivery"

    @property
    def queue(self):
        """The queue of what the backend did not take."""
        return f"{self.function}-undelivered"

    @property
    def dead_letters(self):
        """The queue of what redelivery gave up."""
        return f"{self.function}-dead-letters"

    @property
    def layer(self):
        """The layer with the mapper's image."""
        return f"{self.function}-mapper"

    @property
    def trigger_role(self):
        """The role of the trigger's function."""
        return self.function

    @property
    def redelivery_role(self):
        """The role of the redelivery function."""
        return self.redelivery

    @property
    def functions(self):
        """Both functions: the trigger's, then the redelivery's."""
        return self.function, self.redelivery


def statement_id(pool):
    """The name of the permission by which the pool may call the function's alias."""
    return f"cognito-{pool}"
