"""How far each person has read each history."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from audit.operations import not_audited


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("audit", "0005_looks"),
    ]

    operations = [
        migrations.CreateModel(
            name="Look",
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
                ("chain", models.CharField(max_length=40)),
                ("position", models.BigIntegerField()),
                ("at", models.DateTimeField()),
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "chain"), name="one_look_per_person_and_history"
                    )
                ],
            },
        ),
        not_audited(
            "workbench_look",
            "up to where somebody has read a history says nothing of the trial, and a "
            "page that only shows what is new must not fill the trail it shows",
        ),
    ]
