"""Whom to reach stays up to date after a trial's lock."""

from django.db import migrations

from audit.operations import stays_open


class Migration(migrations.Migration):
    dependencies = [
        ("participants", "0006_waivers_and_frozen_facts"),
        ("audit", "0007_locks"),
    ]

    operations = [
        stays_open(
            "participants_identity",
            "is no data of the trial, and people must be reached after it",
            schema="identity",
        ),
    ]
