"""The table of the users whom Cognito has confirmed."""

from django.db import models
from django.db.models import Q, UniqueConstraint

# What a new user gets here. The function writes it to the Cognito user, if it is told to.
PLAN, GROUP = "gold", "members"
# No value of a Cognito attribute is longer.
LONGEST = 2048


class CognitoUser(models.Model):
    """A user whom Cognito has confirmed.

    It is not the user of `django.contrib.auth`, who logs in to the admin, so no request can create or change an account
    of the admin. Unknown text is empty.
    """

    sub = models.CharField(max_length=255, unique=True, help_text="Cognito's id of the user, which never changes")
    username = models.CharField(max_length=128, blank=True)
    email = models.EmailField(max_length=LONGEST, blank=True, help_text="a user may have a phone number alone")
    email_verified = models.BooleanField(null=True)
    phone_number = models.CharField(max_length=LONGEST, blank=True)
    name = models.CharField(max_length=LONGEST, blank=True)
    given_name = models.CharField(max_length=LONGEST, blank=True)
    family_name = models.CharField(max_length=LONGEST, blank=True)
    custom = models.JSONField(default=dict, blank=True, help_text="the custom attributes")
    identities = models.JSONField(default=list, blank=True, help_text="where a federated user comes from")
    trigger_source = models.CharField(max_length=128, blank=True)
    user_pool_id = models.CharField(max_length=128, blank=True)
    client_id = models.CharField(max_length=128, blank=True)
    plan = models.CharField(max_length=64, default=PLAN, help_text="what this project decides; no request sets it")
    group = models.CharField(max_length=128, default=GROUP, help_text="the same: a group of the user pool")
    profile = models.JSONField(help_text="all that the mapper sent, whatever its shape")
    event_id = models.CharField(max_length=255, help_text="by which the function's log names the event")
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        """A name is one user's in its pool."""

        ordering = ["-created"]
        verbose_name = "Cognito user"
        constraints = [
            UniqueConstraint(
                fields=["user_pool_id", "username"], condition=~Q(username=""), name="one_user_for_each_name"
            )
        ]

    def __str__(self):
        return self.username or self.sub
