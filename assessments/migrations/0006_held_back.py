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
# Whoever locks a trial has to know that nothing is left; how much is, and no more.
_LEFT = """
GRANT SELECT (id, trial_id, site_id, protocol_version_id, code, state, plan)
    ON study_sessions_visit TO candor_walls;

GRANT SELECT (id, held_back) ON trials_protocolversion TO candor_walls;

CREATE FUNCTION walls.held_back_left(p_trial bigint, p_sites bigint[])
RETURNS TABLE (visits bigint, forms bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH hidden AS (
        SELECT v.id, v.state IN ('planned', 'booked') AND v.plan IN ('firm', 'provisional')
            AS is_to_come
        FROM study_sessions_visit v
        JOIN trials_protocolversion p ON p.id = v.protocol_version_id
        WHERE v.trial_id = p_trial AND v.site_id = ANY (p_sites)
          AND p.held_back->'visits' ? v.code
    )
    SELECT (SELECT count(*) FROM hidden h WHERE h.is_to_come), (
        SELECT count(*) FROM assessments_assessment a JOIN hidden h ON h.id = a.visit_id
        WHERE a.state NOT IN ('signed', 'locked', 'not_done')
    );
END $$;

CREATE FUNCTION audit.held_back_left(p_trial bigint)
RETURNS TABLE (visits bigint, forms bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    IF p_trial = ANY (audit.trials_seen()) THEN
        RETURN QUERY SELECT * FROM walls.held_back_left(p_trial, audit.sites_held_back());
    END IF;
END $$;

REVOKE ALL ON FUNCTION walls.held_back_left(bigint, bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION walls.held_back_left(bigint, bigint[]) TO candor_audit;
ALTER FUNCTION walls.held_back_left(bigint, bigint[]) OWNER TO candor_walls;
REVOKE ALL ON FUNCTION audit.held_back_left(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.held_back_left(bigint) TO candor_app;
ALTER FUNCTION audit.held_back_left(bigint) OWNER TO candor_audit;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("assessments", "0005_walls"),
        ("study_sessions", "0005_held_back"),
    ]

    operations = [
        migrations.RunSQL(_RATES_AT, migrations.RunSQL.noop),
        migrations.RunSQL(_LEFT, migrations.RunSQL.noop),
        held_back("assessments_assessment", "sessions_sees(visit_id)"),
        held_back("assessments_itemresponse", "assessments_sees(assessment_id)"),
        held_back("assessments_scorevalue", "assessments_sees(assessment_id)"),
    ]
