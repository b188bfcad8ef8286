"""The app, as Django wants it declared."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """The users of Cognito."""

    name = "users"
    verbose_name = "Users"
