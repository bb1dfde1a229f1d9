"""The arms of a locked trial come out; unblindings go on being recorded after it."""

from pathlib import Path

from django.db import migrations

from audit.operations import stays_open

SQL = Path(__file__).resolve().parent.parent / "sql" / "locked.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("randomization", "0004_unblindings_planned_and_accidental"),
        ("trials", "0004_locks"),
    ]

    operations = [
        migrations.RunSQL(
            SQL.read_text("utf-8"),
            "DROP FUNCTION sealed.arms_of_locked_trial(bigint)",
        ),
        stays_open("randomization_unblinding", "care never waits for a lock (BLD-06)"),
        stays_open("told", "a participant is told as planned", schema="sealed"),
    ]
