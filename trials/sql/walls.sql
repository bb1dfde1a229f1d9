-- Whose rows somebody sees: those of the sites that the delegation log gives them today. A
-- rater's line gives no site: raters see single participants (assessments). An IRB
-- contact's gives nothing, as the role has no pages.
GRANT SELECT (id, trial_id) ON trials_site TO candor_audit;
GRANT SELECT (id) ON trials_trial TO candor_audit;

-- A person's lines that give sites: a trial, and one of its sites or (NULL) all of them.
CREATE FUNCTION audit.lines_of(p_person bigint) RETURNS TABLE (trial_id bigint, site_id bigint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT d.trial_id, d.site_id FROM public.trials_delegation d
    WHERE d.user_id = p_person
      AND d.role NOT IN ('independent_assessor', 'irb_contact')
      AND d.starts_on <= (clock_timestamp() AT TIME ZONE 'UTC')::date
      AND (d.ends_on IS NULL OR d.ends_on >= (clock_timestamp() AT TIME ZONE 'UTC')::date);
END;
ALTER FUNCTION audit.lines_of(bigint) OWNER TO candor_audit;

CREATE OR REPLACE FUNCTION audit.sites_seen() RETURNS bigint[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    v_person bigint;
BEGIN
    IF audit.is_job() THEN
        RETURN ARRAY(SELECT s.id FROM trials_site s);
    END IF;
    v_person := audit.person();
    IF v_person IS NULL THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        SELECT l.site_id FROM audit.lines_of(v_person) l WHERE l.site_id IS NOT NULL
        UNION
        SELECT s.id FROM audit.lines_of(v_person) l JOIN trials_site s USING (trial_id)
        WHERE l.site_id IS NULL
    );
END $$;

CREATE OR REPLACE FUNCTION audit.trials_seen() RETURNS bigint[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    v_person bigint;
BEGIN
    IF audit.is_job() THEN
        RETURN ARRAY(SELECT t.id FROM trials_trial t);
    END IF;
    v_person := audit.person();
    IF v_person IS NULL THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        SELECT DISTINCT l.trial_id FROM audit.lines_of(v_person) l WHERE l.site_id IS NULL
    );
END $$;
