from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="CognitoUser",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "sub",
                    models.CharField(
                        help_text="Cognito's id of the user, which never changes", max_length=255, unique=True
                    ),
                ),
                ("username", models.CharField(blank=True, max_length=128)),
                (
                    "email",
                    models.EmailField(blank=True, help_text="a user may have a phone number alone", max_length=2048),
                ),
                ("email_verified", models.BooleanField(null=True)),
                ("phone_number", models.CharField(blank=True, max_length=2048)),
                ("name", models.CharField(blank=True, max_length=2048)),
                ("given_name", models.CharField(blank=True, max_length=2048)),
                ("family_name", models.CharField(blank=True, max_length=2048)),
                ("custom", models.JSONField(blank=True, default=dict, help_text="the custom attributes")),
                (
                    "identities",
                    models.JSONField(blank=True, default=list, help_text="where a federated user comes from"),
                ),
                ("trigger_source", models.CharField(blank=True, max_length=128)),
                ("user_pool_id", models.CharField(blank=True, max_length=128)),
                ("client_id", models.CharField(blank=True, max_length=128)),
                ("profile", models.JSONField(help_text="all that the mapper sent, whatever its shape")),
                ("event_id", models.CharField(help_text="by which the function's log names the event", max_length=255)),
                ("created", models.DateTimeField(auto_now_add=True)),
                ("updated", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "Cognito user",
                "ordering": ["-created"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("username", ""), _negated=True),
                        fields=("user_pool_id", "username"),
                        name="one_user_for_each_name",
                    )
                ],
            },
        ),
    ]
