"""Where the views that an export reads were made anew, for EPOCH as the timeline has it.

Treatment ends with the last assessment; unscheduled visits are numbered; a participant's
own form has no rater, whoever typed it. As before, only the latest migration makes them.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("exports", "0002_views"),
        ("study_sessions", "0002_unscheduled_visits"),
    ]

    operations = []
