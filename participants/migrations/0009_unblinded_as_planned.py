"""The day of the planned unblinding, and what of the record it would tell too early."""

from django.db import migrations, models

from audit.operations import audited, audited_anew, held_back

_TABLE = "participants_participant"
_REASON = (
    *("number", "sex", "age", "screened_on", "enrolled_on", "confirmed_on"),
    *("randomized_on", "treatment_stopped_on", "ended_on", "treatment_stop_cause"),
    "end_cause",
)
# A function, so that no plan reads every participant for it.
_WAS_UNBLINDED = """
CREATE FUNCTION participants_was_unblinded(p_participant bigint, p_day date)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM participants_participant p
        WHERE p.id = p_participant AND p.unblinded_on <= p_day);
END $$
"""
# Found after the day of the unblinding; what was found on it, the visit before told.
_LATER = "participants_was_unblinded(participant_id, observed_on - 1)"


class Migration(migrations.Migration):
    dependencies = [
        ("participants", "0008_leaving_by_scope"),
        ("trials", "0005_held_back"),
    ]

    operations = [
        migrations.AddField(
            model_name="participant",
            name="unblinded_on",
            field=models.DateField(null=True),
        ),
        migrations.RunSQL(
            _WAS_UNBLINDED, "DROP FUNCTION participants_was_unblinded(bigint, date)"
        ),
        audited_anew(
            audited(_TABLE, participant="id", reason=_REASON),
            audited(_TABLE, participant="id", reason=(*_REASON, "unblinded_on")),
        ),
        # Raters keep the facts of whom they rate (an interview is not given without), but
        # none that the record told later: who is dosed again is tested again.
        held_back(
            "participants_fact",
            f"NOT (audit.trial_holds_back(trial_id, 'facts', code) OR {_LATER})"
            " OR (SELECT audit.is_rater()) AND audit.rates(participant_id)"
            f" AND (is_outcome OR NOT {_LATER})",
        ),
        held_back(
            "participants_consentitem",
            "NOT audit.trial_holds_back(trial_id, 'items', code)",
        ),
        held_back(
            "participants_deviation",
            "NOT audit.trial_holds_back(trial_id, 'visits', visit_code)",
        ),
    ]
