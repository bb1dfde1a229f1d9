"""Reminders of a visit that tells what a planned unblinding revealed."""

from django.db import migrations

from audit.operations import held_back


class Migration(migrations.Migration):
    dependencies = [
        ("reminders", "0004_open_after_the_lock"),
        ("study_sessions", "0005_held_back"),
    ]

    operations = [
        held_back("reminders_reminder", "visit_id IS NULL OR sessions_sees(visit_id)"),
    ]
