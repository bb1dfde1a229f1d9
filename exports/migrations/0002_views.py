"""The views that an export reads, made from the list of columns.

A change of the list needs another migration like this one.
"""

from django.db import migrations

from exports.datasets import create_views


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

    operations = [
        migrations.RunSQL(create_views(), "DROP SCHEMA IF EXISTS export CASCADE")
    ]
