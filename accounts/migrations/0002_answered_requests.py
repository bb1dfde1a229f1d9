"""The requests that were answered, so that none of them acts twice."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from audit.operations import not_audited


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="AnsweredRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("key", models.UUIDField(unique=True)),
                ("path", models.TextField()),
                ("content", models.CharField(max_length=64)),
                ("location", models.TextField()),
                ("messages", models.JSONField()),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["at"], name="answered_request_at")]
            },
        ),
        not_audited(
            "accounts_answeredrequest",
            because="it repeats how a request was answered, for two days; what the "
            "request did is on the trail",
        ),
        migrations.RunSQL(
            "GRANT DELETE ON accounts_answeredrequest TO candor_app",
            migrations.RunSQL.noop,
        ),
    ]
