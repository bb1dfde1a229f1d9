"""Visits that tell what a planned unblinding revealed, and what was recorded at them."""

from django.db import migrations

from audit.operations import held_back

# Whoever reads the visit reads what was recorded at it. A function, so that no plan
# reads every visit for it.
_SEES = """
CREATE FUNCTION sessions_sees(p_visit bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM study_sessions_visit v WHERE v.id = p_visit);
END $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("study_sessions", "0004_what_amendments_leave_to_decide"),
        ("trials", "0005_held_back"),
    ]

    operations = [
        migrations.RunSQL(_SEES, "DROP FUNCTION sessions_sees(bigint)"),
        # A rater has to know of the visit at which they rate; no page tells them its name.
        held_back(
            "study_sessions_visit",
            "NOT audit.holds_back(protocol_version_id, 'visits', code)"
            " OR (SELECT audit.is_rater()) AND audit.rates_at(id)",
        ),
        held_back("study_sessions_therapysession", "sessions_sees(visit_id)"),
        held_back("study_sessions_doseadministration", "sessions_sees(visit_id)"),
    ]
