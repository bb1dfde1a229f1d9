"""Assessments behind row-level security, and whom a rater sees: whoever they rate."""

from django.db import migrations

from audit.operations import walled

# A rater sees nobody's site, only the participants of whom an interview is assigned to
# them, as long as the delegation log has them as a rater there.
_ASSIGNED = """
GRANT SELECT (id, trial_id, site_id, participant_id, rater_id, state, opaque_code)
    ON assessments_assessment TO candor_walls;
GRANT SELECT (user_id, trial_id, site_id, role, starts_on, ends_on)
    ON trials_delegation TO candor_walls;

CREATE INDEX assessment_rated_by ON assessments_assessment (rater_id, participant_id)
    INCLUDE (trial_id, site_id);

CREATE FUNCTION walls.rated_by(p_person bigint) RETURNS bigint[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    v_today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
    v_line record;
    v_found bigint[] := '{}';
BEGIN
    -- Line by line: for most people there is none, and nothing is read.
    FOR v_line IN
        SELECT d.trial_id, d.site_id FROM trials_delegation d
        WHERE d.user_id = p_person AND d.role = 'independent_assessor'
          AND d.starts_on <= v_today AND (d.ends_on IS NULL OR d.ends_on >= v_today)
    LOOP
        -- From one participant to the next through the index, past their other forms.
        v_found := v_found || ARRAY(
            WITH RECURSIVE rated AS (
                (SELECT a.participant_id FROM assessments_assessment a
                WHERE a.rater_id = p_person AND a.trial_id = v_line.trial_id
                  AND (v_line.site_id IS NULL OR v_line.site_id = a.site_id)
                ORDER BY a.participant_id LIMIT 1)
                UNION ALL
                SELECT (SELECT a.participant_id FROM assessments_assessment a
                    WHERE a.rater_id = p_person AND a.trial_id = v_line.trial_id
                      AND (v_line.site_id IS NULL OR v_line.site_id = a.site_id)
                      AND a.participant_id > r.participant_id
                    ORDER BY a.participant_id LIMIT 1)
                FROM rated r WHERE r.participant_id IS NOT NULL
            )
            SELECT participant_id FROM rated WHERE participant_id IS NOT NULL
        );
    END LOOP;
    RETURN v_found;
END $$;

CREATE OR REPLACE FUNCTION audit.participants_seen() RETURNS bigint[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_person bigint := audit.person();
BEGIN
    IF v_person IS NULL THEN RETURN '{}'; END IF;
    RETURN walls.rated_by(v_person);
END $$;

-- The forms themselves: what somebody else rated of the same participant, a questionnaire,
-- an earlier score, is not theirs to read (BLD-04).
CREATE FUNCTION walls.forms_rated_by(p_person bigint) RETURNS bigint[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN ARRAY(
        SELECT DISTINCT a.id
        FROM trials_delegation d
        JOIN assessments_assessment a ON a.rater_id = p_person
            AND a.trial_id = d.trial_id AND (d.site_id IS NULL OR d.site_id = a.site_id)
        WHERE d.user_id = p_person AND d.role = 'independent_assessor'
          AND d.starts_on <= (clock_timestamp() AT TIME ZONE 'UTC')::date
          AND (d.ends_on IS NULL
            OR d.ends_on >= (clock_timestamp() AT TIME ZONE 'UTC')::date)
    );
END $$;

CREATE FUNCTION audit.forms_seen() RETURNS bigint[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_person bigint := audit.person();
BEGIN
    IF v_person IS NULL THEN RETURN '{}'; END IF;
    RETURN walls.forms_rated_by(v_person);
END $$;
ALTER FUNCTION audit.forms_seen() OWNER TO candor_audit;
"""
# How much each rater of the pool still has to do, whichever site it is for; and which new
# codes are in use anywhere. Numbers and codes alone come back.
_EXACT = """
CREATE FUNCTION walls.interviews_of(p_raters bigint[])
RETURNS TABLE (rater bigint, interviews bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT a.rater_id, count(*) FROM assessments_assessment a
    WHERE a.rater_id = ANY (p_raters) AND a.state NOT IN ('signed', 'not_done')
    GROUP BY a.rater_id
$$;
CREATE FUNCTION walls.codes_taken(p_codes text[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT a.opaque_code FROM assessments_assessment a WHERE a.opaque_code = ANY (p_codes)
$$;
"""
_OWNED = """
REVOKE ALL ON FUNCTION walls.rated_by(bigint), walls.forms_rated_by(bigint), walls.interviews_of(bigint[]),
    walls.codes_taken(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION walls.rated_by(bigint), walls.forms_rated_by(bigint)
    TO candor_audit;
GRANT EXECUTE ON FUNCTION walls.interviews_of(bigint[]), walls.codes_taken(text[])
    TO candor_app;
ALTER FUNCTION walls.rated_by(bigint) OWNER TO candor_walls;
ALTER FUNCTION walls.forms_rated_by(bigint) OWNER TO candor_walls;
ALTER FUNCTION walls.interviews_of(bigint[]) OWNER TO candor_walls;
ALTER FUNCTION walls.codes_taken(text[]) OWNER TO candor_walls;
"""
# A draft has no place of its own: it is where its form is. A function, so that no plan
# reads every assessment for it.
_SEES = """
CREATE FUNCTION assessments_sees(p_assessment bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, public AS $$
BEGIN
    RETURN EXISTS (SELECT FROM assessments_assessment a WHERE a.id = p_assessment);
END $$
"""
_SEEN = (
    "site_id = ANY ((SELECT audit.sites_seen())::bigint[]) "
    "OR {form} = ANY ((SELECT audit.forms_seen())::bigint[])"
)


class Migration(migrations.Migration):
    dependencies = [
        ("assessments", "0004_interviews_change_raters"),
        ("participants", "0003_walls"),
    ]

    operations = [
        migrations.RunSQL(_ASSIGNED, migrations.RunSQL.noop),
        migrations.RunSQL(_EXACT, migrations.RunSQL.noop),
        migrations.RunSQL(_OWNED, migrations.RunSQL.noop),
        migrations.RunSQL(_SEES, migrations.RunSQL.noop),
        walled("assessments_assessment", where=_SEEN.format(form="id")),
        walled("assessments_itemresponse", where=_SEEN.format(form="assessment_id")),
        walled("assessments_scorevalue", where=_SEEN.format(form="assessment_id")),
        walled("assessments_draft", where="assessments_sees(assessment_id)"),
    ]
