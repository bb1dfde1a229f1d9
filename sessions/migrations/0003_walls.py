"""Visits, sessions and doses behind row-level security."""

from django.db import migrations

from audit.operations import walled


class Migration(migrations.Migration):
    dependencies = [
        ("study_sessions", "0002_unscheduled_visits"),
        ("participants", "0003_walls"),
    ]

    operations = [
        walled("study_sessions_visit", rated="participant_id"),
        walled("study_sessions_therapysession"),
        walled("study_sessions_doseadministration"),
    ]
