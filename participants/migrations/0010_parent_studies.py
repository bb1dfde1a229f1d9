"""Who somebody was in a parent study."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("participants", "0009_unblinded_as_planned")]

    operations = [
        migrations.AddField(
            model_name="participant",
            name="parent",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="participants.participant",
            ),
        ),
        migrations.AddConstraint(
            model_name="participant",
            constraint=models.UniqueConstraint(
                fields=("trial", "parent"),
                name="one_participant_per_parent",
                violation_error_message=(
                    "Somebody of this trial is linked to that participant already."
                ),
            ),
        ),
    ]
