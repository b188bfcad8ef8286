"""The names of the parts of one deployment. Every recipe derives them from the function's name."""

from dataclasses import dataclass

# The function's name, if a recipe gets no other.
DEFAULT = "post-confirmation"
# The alias of both functions. The pool's trigger and the event source mapping name it, so a rollback can move it.
ALIAS = "live"
# The alias's description. It has both numbers, because others may move the alias without changing the description.
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
        """The queue of events that the backend did not take."""
        return f"{self.function}-undelivered"

    @property
    def dead_letters(self):
        """The queue of events that redelivery gave up."""
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
