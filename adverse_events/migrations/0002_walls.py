"""Events and the reports of them behind row-level security."""

from django.db import migrations

from audit.operations import walled


class Migration(migrations.Migration):
    dependencies = [
        ("adverse_events", "0001_initial"),
        ("participants", "0003_walls"),
    ]

    operations = [
        walled("adverse_events_adverseevent"),
        walled("adverse_events_safetyreport"),
    ]
