"""Drafts of raters who lost an interview, and that a rater changes only with a reason."""

from django.db import migrations, models

from audit.operations import audited, audited_anew

_TABLE = "assessments_assessment"
_BEFORE = ("assessed_on", "source", "alert_action")


class Migration(migrations.Migration):
    dependencies = [
        ("assessments", "0003_what_was_done_changes_with_a_reason"),
    ]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="is_set_aside",
            field=models.BooleanField(default=False, db_default=False),
        ),
        audited_anew(
            audited(_TABLE, reason=_BEFORE),
            audited(_TABLE, reason=(*_BEFORE, "rater_id")),
        ),
    ]
