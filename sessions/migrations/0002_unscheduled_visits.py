"""Visits that no plan foresees: which of a participant's such visits one is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("participants", "0001_initial"),
        ("study_sessions", "0001_initial"),
        ("trials", "0001_initial"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="visit",
            name="one_visit_per_code",
        ),
        migrations.AddField(
            model_name="visit",
            name="turn",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.UniqueConstraint(
                fields=("participant", "code", "turn"), name="one_visit_per_code"
            ),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                condition=models.Q(("turn__lt", 100)),
                name="fewer_than_a_hundred_unscheduled_visits",
                violation_error_message="This participant has 99 unscheduled visits; no more can be numbered.",
            ),
        ),
    ]
