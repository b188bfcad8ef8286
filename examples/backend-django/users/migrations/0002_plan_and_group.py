from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="cognitouser",
            name="plan",
            field=models.CharField(
                default="gold", help_text="what this project decides; no request sets it", max_length=64
            ),
        ),
        migrations.AddField(
            model_name="cognitouser",
            name="group",
            field=models.CharField(default="members", help_text="the same: a group of the user pool", max_length=128),
        ),
    ]
