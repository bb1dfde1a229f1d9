"""Where the views that an export reads were first made.

They are made from the list of columns as it is today, so only the latest migration can
make them: an earlier one would ask for columns that its tables do not have yet.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("exports", "0001_initial"),
        ("accounts", "0001_initial"),
        ("trials", "0001_initial"),
        ("participants", "0001_initial"),
        ("study_sessions", "0001_initial"),
        ("adverse_events", "0001_initial"),
        ("assessments", "0001_initial"),
    ]

    operations = []
