-- What tells the group that a planned unblinding revealed: who is told of it before the lock,
-- and who is not. A definition's `held_back` lists it by code (trials.protocol.held_back).
GRANT SELECT (id, trial_id, held_back) ON trials_protocolversion TO candor_audit;

-- Sites whose later course is kept from whoever asks: of a trial that has such a course and
-- was never locked, where they neither treat people nor are unblinded. Of nearly every
-- reader and trial none, and found so at once.
CREATE FUNCTION audit.sites_held_back() RETURNS bigint[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_person bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM trials_protocolversion v WHERE v.held_back <> '{}')
        OR audit.is_job()
    THEN
        RETURN '{}';
    END IF;
    v_person := audit.person();
    RETURN ARRAY(
        SELECT s.id FROM trials_site s
        WHERE s.trial_id IN (
                SELECT v.trial_id FROM trials_protocolversion v WHERE v.held_back <> '{}')
          AND NOT EXISTS (SELECT FROM trials_lock l WHERE l.trial_id = s.trial_id)
          AND (current_setting('candor.blinded', true) IS NOT DISTINCT FROM 'on' OR NOT EXISTS (
            SELECT FROM trials_delegation d
            WHERE d.user_id = v_person AND d.trial_id = s.trial_id
              AND (d.site_id IS NULL OR d.site_id = s.id)
              AND d.role IN ('coordinator', 'therapist', 'investigator', 'pharmacist',
                'safety_officer', 'statistician')
              AND d.starts_on <= (clock_timestamp() AT TIME ZONE 'UTC')::date
              AND (d.ends_on IS NULL
                OR d.ends_on >= (clock_timestamp() AT TIME ZONE 'UTC')::date)
        ))
    );
END $$;

-- Whether a version of a protocol, or any of a trial's, lists a code among what it holds back.
CREATE FUNCTION audit.holds_back(p_version bigint, p_kind text, p_code text)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM trials_protocolversion v
        WHERE v.id = p_version AND v.held_back->p_kind ? p_code);
END $$;
CREATE FUNCTION audit.trial_holds_back(p_trial bigint, p_kind text, p_code text)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM trials_protocolversion v
        WHERE v.trial_id = p_trial AND v.held_back->p_kind ? p_code);
END $$;

-- Whether whoever asks rates somebody at a visit; false until assessments say so.
CREATE FUNCTION audit.rates_at(p_visit bigint) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE RETURN false;

-- The act in which a participant was unblinded as planned; NULL before it. From it on their
-- trail tells the group, if only by how much there is of it.
CREATE FUNCTION audit.unblinded_in(p_participant bigint) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    RETURN (
        SELECT min(r.action_id) FROM audit_rowchange r
        WHERE r.table_name = 'participants_participant'
          AND r.row_id = p_participant::text
          AND r.new->>'unblinded_on' IS NOT NULL AND r.old->>'unblinded_on' IS NULL
    );
END $$;

-- Of which tables the trail is never held back: safety does not wait, and that somebody was
-- unblinded is no secret.
CREATE FUNCTION audit.never_waits(p_table text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_table IN ('adverse_events_adverseevent', 'adverse_events_safetyreport',
    'randomization_unblinding');

-- Whether an act is part of such a course.
CREATE FUNCTION audit.is_held_back(p_action bigint, p_participant bigint, p_sites bigint[])
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp SET enable_seqscan = off AS $$
BEGIN
    IF EXISTS (
        SELECT FROM audit_rowchange r
        WHERE r.action_id = p_action AND audit.never_waits(r.table_name)
    ) THEN
        RETURN false;
    END IF;
    IF p_participant IS NOT NULL THEN
        RETURN coalesce(p_action > audit.unblinded_in(p_participant), false);
    END IF;
    RETURN EXISTS (
        SELECT FROM audit_rowchange r
        WHERE r.action_id = p_action AND r.site_id = ANY (p_sites)
          AND p_action > audit.unblinded_in(r.participant_id)
    );
END $$;

CREATE POLICY held_back ON audit.audit_rowchange AS RESTRICTIVE FOR SELECT USING (
    site_id IS NULL OR participant_id IS NULL
    OR site_id <> ALL ((SELECT audit.sites_held_back())::bigint[])
    OR audit.never_waits(table_name)
    OR (action_id >= audit.unblinded_in(participant_id)) IS NOT TRUE
);
CREATE POLICY held_back ON audit.audit_action AS RESTRICTIVE FOR SELECT USING (
    (SELECT audit.sites_held_back())::bigint[] = '{}'
    OR actor_id = (SELECT audit.person())
    OR site_id IS NOT NULL AND site_id <> ALL ((SELECT audit.sites_held_back())::bigint[])
    OR NOT audit.is_held_back(
        id, participant_id, (SELECT audit.sites_held_back())::bigint[])
);

-- How far somebody's chain has come, for whoever may see so far.
CREATE FUNCTION audit.last_seen_of(p_chain text) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp
AS $$
DECLARE
    v_participant bigint;
BEGIN
    IF p_chain !~ '^participant:[0-9]{1,18}$' THEN RETURN NULL; END IF;
    v_participant := split_part(p_chain, ':', 2)::bigint;
    IF NOT EXISTS (
        SELECT FROM audit_rowchange r
        WHERE r.participant_id = v_participant
          AND r.site_id = ANY (audit.sites_held_back())
    ) THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT l.position FROM audit_link l
        WHERE l.chain = p_chain AND l.action_id = audit.unblinded_in(v_participant)
    );
END $$;

CREATE OR REPLACE FUNCTION audit.heads(p_chains text[])
RETURNS TABLE (chain text, "position" bigint, hash text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    v_sites bigint[] := audit.sites_seen();
    v_trials bigint[] := audit.trials_seen();
BEGIN
    RETURN QUERY
    SELECT h.chain, coalesce(l.position, h.position),
        encode(coalesce(l.hash, h.hash), 'hex')
    FROM audit_chain h
    LEFT JOIN audit_link l
        ON l.chain = h.chain AND l.position = audit.last_seen_of(h.chain)
    WHERE h.chain = ANY (p_chains) AND audit.sees_chain(h.chain, v_sites, v_trials);
END $$;

CREATE OR REPLACE FUNCTION audit.acts_since(p_chain text, p_position bigint, p_most integer)
RETURNS TABLE ("position" bigint, action_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    v_last bigint := audit.last_seen_of(p_chain);
BEGIN
    IF NOT audit.sees_chain(p_chain, audit.sites_seen(), audit.trials_seen()) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT l.position, l.action_id
    FROM audit_link l
    WHERE l.chain = p_chain AND l.position > p_position
      AND (v_last IS NULL OR l.position <= v_last)
    ORDER BY l.position LIMIT p_most;
END $$;

REVOKE ALL ON FUNCTION audit.last_seen_of(text) FROM PUBLIC;
DO $$
DECLARE
    o record;
BEGIN
    FOR o IN SELECT p.oid::regprocedure AS name FROM pg_proc p
        WHERE p.pronamespace = 'audit'::regnamespace AND p.proname IN (
            'sites_held_back', 'holds_back', 'trial_holds_back', 'unblinded_in',
            'never_waits', 'is_held_back', 'last_seen_of', 'rates_at')
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO candor_audit', o.name);
    END LOOP;
END $$;
