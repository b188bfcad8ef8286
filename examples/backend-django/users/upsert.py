"""How a user becomes a row: once, whatever comes twice, at the same time or late."""

from django.db import IntegrityError, transaction

from .models import CognitoUser

# What never changes of a user in Cognito.
FIXED = ("user_pool_id", "username")


class KnownOtherwise(Exception):
    """The user is there already, in another pool or by another name."""


class NameTaken(Exception):
    """Another user of the pool has the name."""


def upsert(sub, columns):
    """Makes or changes the row of the user `sub`; `"created"`, `"updated"` or `"unchanged"`.

    Where the same was sent last, nothing is written: a repetition must not undo what has been changed here since.
    Anything else is written, also what was sent earlier: after old, new and old again, the row is the old one.
    Raises KnownOtherwise and NameTaken, and has then written nothing.
    """
    try:
        with transaction.atomic():
            user, created = CognitoUser.objects.select_for_update().get_or_create(sub=sub, defaults=columns)
            if created:
                return "created"
            if user.profile == columns["profile"]:
                return "unchanged"
            if any(columns.get(name) and getattr(user, name) not in ("", columns[name]) for name in FIXED):
                raise KnownOtherwise
            for name, value in columns.items():
                setattr(user, name, value)
            user.save()
            return "updated"
    except IntegrityError:
        others = CognitoUser.objects.exclude(sub=sub)
        if others.filter(**{name: columns.get(name) for name in FIXED}).exists():
            raise NameTaken from None
        raise
