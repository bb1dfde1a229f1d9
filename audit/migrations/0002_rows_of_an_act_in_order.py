"""Rows of one act in order, for everybody or one participant: each a short scan."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="rowchange",
            name="rowchange_action",
        ),
        migrations.RemoveIndex(
            model_name="rowchange",
            name="rowchange_participant",
        ),
        migrations.AddIndex(
            model_name="rowchange",
            index=models.Index(fields=["action_id", "id"], name="rowchange_of_action"),
        ),
        migrations.AddIndex(
            model_name="rowchange",
            index=models.Index(
                condition=models.Q(("participant_id__isnull", False)),
                fields=["participant_id", "action_id", "id"],
                name="rowchange_of_participant",
            ),
        ),
    ]
