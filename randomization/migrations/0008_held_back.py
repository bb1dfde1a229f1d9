"""Kits dispensed at a visit that tells what a planned unblinding revealed."""

from django.db import migrations

from audit.operations import held_back


class Migration(migrations.Migration):
    dependencies = [
        ("randomization", "0007_kits_without_an_arm"),
        ("study_sessions", "0005_held_back"),
    ]

    operations = [
        held_back("randomization_kit", "visit_id IS NULL OR sessions_sees(visit_id)"),
    ]
