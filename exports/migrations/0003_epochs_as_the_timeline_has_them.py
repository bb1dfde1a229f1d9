"""The views that an export reads, made from the list of columns.

Treatment ends with the last assessment; unscheduled visits are numbered; a participant's
own form has no rater, whoever typed it. A change of the list needs another migration like this one, and this one then makes nothing.
"""

from django.db import migrations

from exports.datasets import create_views


class Migration(migrations.Migration):
    dependencies = [
        ("exports", "0002_views"),
        ("study_sessions", "0002_unscheduled_visits"),
    ]

    operations = [
        migrations.RunSQL(create_views(), "DROP SCHEMA IF EXISTS export CASCADE")
    ]
