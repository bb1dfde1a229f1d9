"""Why treatment or taking part ended early, and what whoever leaves allows still."""

from django.db import migrations, models

from audit.operations import audited, audited_anew

_TABLE = "participants_participant"
_REASON = (
    *("number", "sex", "age", "screened_on", "enrolled_on", "confirmed_on"),
    *("randomized_on", "treatment_stopped_on", "ended_on"),
)
# Of earlier ends nobody was asked for a cause. Put in while the column is made, which is
# no act of anybody's: rows that lack it could never be changed again.
_EARLIER = [
    f"""ALTER TABLE {_TABLE}
    ALTER end_cause TYPE varchar(15)
        USING CASE WHEN state = 'withdrawn' THEN 'other' ELSE '' END,
    ALTER treatment_stop_cause TYPE varchar(15)
        USING CASE WHEN treatment_stopped_on IS NULL THEN '' ELSE 'other' END"""
]


class Migration(migrations.Migration):
    dependencies = [
        ("participants", "0007_open_after_the_lock"),
        ("trials", "0004_locks"),
    ]

    operations = [
        migrations.AddField(
            model_name="participant",
            name="end_cause",
            field=models.CharField(
                blank=True,
                choices=[
                    ("subject", "The participant's decision"),
                    ("adverse_event", "An adverse event"),
                    ("no_benefit", "No benefit"),
                    ("lost", "Lost to follow-up"),
                    ("pregnancy", "Pregnancy"),
                    ("physician", "The investigator's decision"),
                    ("site", "The site closed"),
                    ("sponsor", "The sponsor ended the study"),
                    ("death", "Death"),
                    ("other", "Something else"),
                ],
                max_length=15,
                verbose_name="what made them leave",
            ),
        ),
        migrations.AddField(
            model_name="participant",
            name="treatment_stop_cause",
            field=models.CharField(
                blank=True,
                choices=[
                    ("subject", "The participant's decision"),
                    ("adverse_event", "An adverse event"),
                    ("no_benefit", "No benefit"),
                    ("lost", "Lost to follow-up"),
                    ("pregnancy", "Pregnancy"),
                    ("physician", "The investigator's decision"),
                    ("site", "The site closed"),
                    ("sponsor", "The sponsor ended the study"),
                    ("death", "Death"),
                    ("other", "Something else"),
                ],
                max_length=15,
                verbose_name="what stopped treatment",
            ),
        ),
        migrations.AlterField(
            model_name="consentitem",
            name="code",
            field=models.CharField(
                choices=[
                    ("participation", "Taking part in the trial"),
                    ("recording", "Video recording of sessions and interviews"),
                    ("reminders_email", "Reminders by email"),
                    ("follow_up_contact", "Contact for long-term follow-up"),
                    ("safety_after_leaving", "Safety visits and calls after leaving"),
                    ("records_after_leaving", "Reading medical records after leaving"),
                ],
                max_length=30,
            ),
        ),
        migrations.RunSQL(_EARLIER, migrations.RunSQL.noop),
        audited_anew(
            audited(_TABLE, participant="id", reason=_REASON),
            audited(
                _TABLE,
                participant="id",
                reason=(*_REASON, "end_cause", "treatment_stop_cause"),
            ),
        ),
        migrations.AddConstraint(
            model_name="participant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "withdrawn"), _negated=True),
                    models.Q(("end_cause", ""), _negated=True),
                    _connector="OR",
                ),
                name="withdrawal_has_a_cause",
                violation_error_message="Choose why the participant left.",
            ),
        ),
        migrations.AddConstraint(
            model_name="participant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("treatment_stopped_on__isnull", True),
                    models.Q(("treatment_stop_cause", ""), _negated=True),
                    _connector="OR",
                ),
                name="treatment_stop_has_a_cause",
                violation_error_message="Choose why treatment was stopped.",
            ),
        ),
    ]
