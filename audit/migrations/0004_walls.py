"""Row-level security: who asks, what they see, and the walls of the trail itself."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_chains")]

    operations = [
        # Whether an act that belongs to no one site touched this one.
        migrations.AddIndex(
            model_name="rowchange",
            index=models.Index(
                condition=models.Q(("site_id__isnull", False)),
                fields=["action_id", "site_id"],
                name="rowchange_at_site",
            ),
        ),
        migrations.RunSQL(
            (SQL / "walls.sql").read_text("utf-8"), migrations.RunSQL.noop
        ),
    ]
