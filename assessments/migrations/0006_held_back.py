"""Forms of visits that tell what a planned unblinding revealed; raters keep their own."""

from django.db import migrations

from audit.operations import held_back

_RATES_AT = """
GRANT SELECT (visit_id) ON assessments_assessment TO candor_walls;

CREATE FUNCTION walls.rates_at(p_person bigint, p_visit bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM assessments_assessment a
        WHERE a.visit_id = p_visit AND a.rater_id = p_person
          AND walls.rates_form(p_person, a.id)
    );
END $$;

CREATE OR REPLACE FUNCTION audit.rates_at(p_visit bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN walls.rates_at(audit.person(), p_visit);
END $$;

REVOKE ALL ON FUNCTION walls.rates_at(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION walls.rates_at(bigint, bigint) TO candor_audit;
ALTER FUNCTION walls.rates_at(bigint, bigint) OWNER TO candor_walls;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("assessments", "0005_walls"),
        ("study_sessions", "0005_held_back"),
    ]

    operations = [
        migrations.RunSQL(_RATES_AT, migrations.RunSQL.noop),
        held_back("assessments_assessment", "sessions_sees(visit_id)"),
        held_back("assessments_itemresponse", "assessments_sees(assessment_id)"),
        held_back("assessments_scorevalue", "assessments_sees(assessment_id)"),
    ]
