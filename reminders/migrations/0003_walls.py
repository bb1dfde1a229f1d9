"""Reminders behind row-level security."""

from django.db import migrations

from audit.operations import walled


class Migration(migrations.Migration):
    dependencies = [
        ("reminders", "0002_whom_it_goes_to"),
        ("participants", "0003_walls"),
    ]

    operations = [walled("reminders_reminder")]
