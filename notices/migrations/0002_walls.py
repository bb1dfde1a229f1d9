"""Notices behind row-level security."""

from django.db import migrations

from audit.operations import walled


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0001_initial"),
        ("participants", "0003_walls"),
    ]

    operations = [walled("notices_notice")]
