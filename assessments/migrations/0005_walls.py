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

-- Whether a person rates a participant, or one of their forms. Asked of single rows, by
-- index: a list of all that somebody rates took 20 ms of every statement of a rater who
-- has rated for years.
CREATE FUNCTION walls.rates(p_person bigint, p_participant bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    v_today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
BEGIN
    RETURN EXISTS (
        SELECT FROM assessments_assessment a
        JOIN trials_delegation d ON d.trial_id = a.trial_id
            AND (d.site_id IS NULL OR d.site_id = a.site_id)
        WHERE a.rater_id = p_person AND a.participant_id = p_participant
          AND d.user_id = p_person AND d.role = 'independent_assessor'
          AND d.starts_on <= v_today AND (d.ends_on IS NULL OR d.ends_on >= v_today)
    );
END $$;

CREATE FUNCTION walls.rates_form(p_person bigint, p_form bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    v_today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
BEGIN
    RETURN EXISTS (
        SELECT FROM assessments_assessment a
        JOIN trials_delegation d ON d.trial_id = a.trial_id
            AND (d.site_id IS NULL OR d.site_id = a.site_id)
        WHERE a.id = p_form AND a.rater_id = p_person
          AND d.user_id = p_person AND d.role = 'independent_assessor'
          AND d.starts_on <= v_today AND (d.ends_on IS NULL OR d.ends_on >= v_today)
    );
END $$;

CREATE FUNCTION walls.is_rater(p_person bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM trials_delegation d
        WHERE d.user_id = p_person AND d.role = 'independent_assessor');
END $$;

CREATE OR REPLACE FUNCTION audit.is_rater() RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    RETURN walls.is_rater(audit.person());
END $$;

CREATE OR REPLACE FUNCTION audit.rates(p_participant bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SECURITY DEFINER
SET search_path = pg_catalog AS $$
BEGIN
    RETURN walls.rates(audit.person(), p_participant);
END $$;

-- The forms themselves: what somebody else rated of the same participant, a questionnaire,
-- an earlier score, is not theirs to read (BLD-04).
CREATE FUNCTION audit.rates_form(p_form bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SECURITY DEFINER
SET search_path = pg_catalog AS $$
BEGIN
    RETURN walls.rates_form(audit.person(), p_form);
END $$;
ALTER FUNCTION audit.rates_form(bigint) OWNER TO candor_audit;
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
REVOKE ALL ON FUNCTION walls.rates(bigint, bigint), walls.rates_form(bigint, bigint),
    walls.is_rater(bigint), walls.interviews_of(bigint[]), walls.codes_taken(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION walls.rates(bigint, bigint),
    walls.rates_form(bigint, bigint), walls.is_rater(bigint)
    TO candor_audit;
GRANT EXECUTE ON FUNCTION walls.interviews_of(bigint[]), walls.codes_taken(text[])
    TO candor_app;
ALTER FUNCTION walls.rates(bigint, bigint) OWNER TO candor_walls;
ALTER FUNCTION walls.rates_form(bigint, bigint) OWNER TO candor_walls;
ALTER FUNCTION walls.is_rater(bigint) OWNER TO candor_walls;
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
    "OR (SELECT audit.is_rater()) AND audit.rates_form({form})"
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
