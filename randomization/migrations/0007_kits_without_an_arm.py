"""Stages without blinding have kits that are packed without an arm."""

from pathlib import Path

from django.db import migrations

_SQL = Path(__file__).resolve().parent.parent / "sql" / "open_label.sql"


class Migration(migrations.Migration):
    dependencies = [("randomization", "0006_dispensed_before_given")]

    operations = [migrations.RunSQL(_SQL.read_text("utf-8"), migrations.RunSQL.noop)]
