"""What a locked trial refuses: every act that changes it, when the act is closed."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql" / "locks.sql"


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_temporary_tables_shadow_nothing")]

    operations = [
        migrations.RunSQL(SQL.read_text("utf-8"), migrations.RunSQL.noop),
    ]
