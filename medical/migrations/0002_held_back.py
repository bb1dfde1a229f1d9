"""Tests, laboratory and ECG after a planned unblinding: who is dosed again has more."""

from django.db import migrations

from audit.operations import held_back

_DAYS = {
    "medical_testresult": "performed_on",
    "medical_labresult": "sampled_on",
    "medical_ecg": "recorded_on",
}


class Migration(migrations.Migration):
    dependencies = [
        ("medical", "0001_initial"),
        ("participants", "0009_unblinded_as_planned"),
    ]

    operations = [
        held_back(table, f"NOT participants_was_unblinded(participant_id, {day})")
        for table, day in _DAYS.items()
    ]
