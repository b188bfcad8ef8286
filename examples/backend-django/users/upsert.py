"""How a user becomes one row, even if requests come twice, at the same time or late."""

from django.db import IntegrityError, transaction

from .models import CognitoUser

# The values of a user that never change in Cognito.
FIXED = ("user_pool_id", "username")


class KnownOtherwise(Exception):
    """The user exists already, in another pool or under another name. `user` is the row."""

    def __init__(self, user):
        super().__init__()
        self.user = user


class NameTaken(Exception):
    """Another user of the pool has the name."""


def upsert(sub, columns):
    """Makes or changes the row of the user `sub`. Returns it, and whether it is new.

    If the last request sent the same, nothing is written: a repetition must not undo a change that was made here since.
    Anything else is written, even values that were sent earlier: after old, new and old again, the row is the old one.
    Raises KnownOtherwise and NameTaken, without writing anything.
    """
    try:
        with transaction.atomic():
            user, created = CognitoUser.objects.select_for_update().get_or_create(sub=sub, defaults=columns)
            if created or user.profile == columns["profile"]:
                return user, created
            if any(columns.get(name) and getattr(user, name) not in ("", columns[name]) for name in FIXED):
                raise KnownOtherwise(user)
            for name, value in columns.items():
                setattr(user, name, value)
            user.save()
            return user, False
    except IntegrityError:
        others = CognitoUser.objects.exclude(sub=sub)
        if others.filter(**{name: columns.get(name) for name in FIXED}).exists():
            raise NameTaken from None
        raise
