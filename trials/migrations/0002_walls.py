"""Whose rows somebody sees: the delegation log says it."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql" / "walls.sql"


class Migration(migrations.Migration):
    dependencies = [("trials", "0001_initial"), ("audit", "0004_walls")]

    operations = [
        migrations.RunSQL(SQL.read_text("utf-8"), migrations.RunSQL.noop),
    ]
