"""Participants and everything about them behind row-level security."""

from django.db import migrations

from audit.operations import walled


class Migration(migrations.Migration):
    dependencies = [
        ("participants", "0002_identities"),
        ("trials", "0002_walls"),
    ]

    operations = [
        walled("participants_participant", rated="id"),
        walled("participants_identity", schema="identity"),
        walled("participants_consent"),
        walled("participants_consentitem"),
        walled("participants_fact", rated="participant_id"),
        walled("participants_eligibilitydecision"),
        walled("participants_deviation"),
    ]
