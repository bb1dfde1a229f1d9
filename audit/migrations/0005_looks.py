"""Reading beside the data: heads of histories, acts since a look, broken signatures."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql" / "looks.sql"


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_walls")]

    operations = [
        # What somebody signed is read on each of their days: never by the whole table.
        migrations.AddIndex(
            model_name="signature",
            index=models.Index(fields=["user_id", "-id"], name="signature_user"),
        ),
        migrations.RunSQL(SQL.read_text("utf-8"), migrations.RunSQL.noop),
    ]
