"""What was done about alarming answers changes only with a reason, as the answers do."""

from django.db import migrations

from audit.operations import audited, audited_anew

_TABLE = "assessments_assessment"


class Migration(migrations.Migration):
    dependencies = [("assessments", "0002_who_typed_and_what_was_done")]

    operations = [
        audited_anew(
            audited(_TABLE, reason=("assessed_on", "source")),
            audited(_TABLE, reason=("assessed_on", "source", "alert_action")),
        ),
    ]
