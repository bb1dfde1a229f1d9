"""Cohorts that are filled in order, a place for whoever is dosed first."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql" / "cohorts.sql"


class Migration(migrations.Migration):
    dependencies = [("randomization", "0008_held_back")]

    operations = [
        migrations.RunSQL(
            SQL.read_text("utf-8"),
            "DROP FUNCTION sealed.fill_cohorts(bigint, text, bigint[])",
        )
    ]
