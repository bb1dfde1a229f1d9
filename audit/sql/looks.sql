-- Reading beside the data: how far a history has come since somebody last looked, and whose
-- signature a change has broken. The heads and links themselves stay the worker's to read:
-- these functions tell of a chain only to those who see its place.

-- Two looks into an index: the place of a participant is that of any of their rows.
CREATE FUNCTION audit.sees_chain(p_chain text, p_sites bigint[], p_trials bigint[])
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, audit
AS $$
DECLARE
    v_kind text := split_part(p_chain, ':', 1);
    v_id bigint;
BEGIN
    IF p_chain !~ '^(participant|site|trial):[0-9]{1,18}$' THEN RETURN false; END IF;
    v_id := split_part(p_chain, ':', 2)::bigint;
    IF v_kind = 'site' THEN RETURN v_id = ANY (p_sites); END IF;
    IF v_kind = 'trial' THEN RETURN v_id = ANY (p_trials); END IF;
    RETURN EXISTS (
        SELECT FROM audit_rowchange r
        WHERE r.participant_id = v_id AND r.site_id = ANY (p_sites)
    );
END $$;

-- The last position and hash of each of these chains that whoever asks may see.
CREATE FUNCTION audit.heads(p_chains text[])
RETURNS TABLE (chain text, "position" bigint, hash text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
DECLARE
    v_sites bigint[] := audit.sites_seen();
    v_trials bigint[] := audit.trials_seen();
BEGIN
    RETURN QUERY
    SELECT h.chain, h.position, encode(h.hash, 'hex')
    FROM audit_chain h
    WHERE h.chain = ANY (p_chains) AND audit.sees_chain(h.chain, v_sites, v_trials);
END $$;

-- The acts of one chain after a position, the earliest first. By position and not by the
-- id of the act: positions are given in the order of the commits, and so an act that was
-- open while somebody looked is never taken for one that they saw.
CREATE FUNCTION audit.acts_since(p_chain text, p_position bigint, p_most integer)
RETURNS TABLE ("position" bigint, action_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
BEGIN
    IF NOT audit.sees_chain(p_chain, audit.sites_seen(), audit.trials_seen()) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT l.position, l.action_id
    FROM audit_link l
    WHERE l.chain = p_chain AND l.position > p_position
    ORDER BY l.position LIMIT p_most;
END $$;

-- What whoever asks has signed, and was changed in a later act: their newest signature on
-- each record with the last change, and who signed it anew since. To lock is no change of
-- what was signed. Whether the signature still covers the record, its digest says.
CREATE FUNCTION audit.changed_since_signed()
RETURNS TABLE (
    table_name text, row_id text, digest text, meaning text, signed_at timestamptz,
    action_id bigint, changed_at timestamptz, signed_again_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
DECLARE
    v_person bigint := audit.person();
BEGIN
    RETURN QUERY
    SELECT s.table_name, s.row_id, s.digest, s.meaning, s.signed_at,
        c.action_id, c.at, again.signed_at
    FROM (
        SELECT DISTINCT ON (m.table_name, m.row_id) m.*
        FROM audit_signature m WHERE m.user_id = v_person
        ORDER BY m.table_name, m.row_id, m.id DESC
    ) s
    CROSS JOIN LATERAL (
        SELECT r.action_id, r.at FROM audit_rowchange r
        WHERE r.table_name = s.table_name AND r.row_id = s.row_id
          AND r.new->>'state' IS DISTINCT FROM 'locked'
        ORDER BY r.id DESC LIMIT 1
    ) c
    LEFT JOIN LATERAL (
        SELECT a.signed_at FROM audit_signature a
        WHERE a.table_name = s.table_name AND a.row_id = s.row_id AND a.id > s.id
        ORDER BY a.id DESC LIMIT 1
    ) again ON true
    WHERE c.action_id > s.action_id
    ORDER BY c.at DESC;
END $$;

-- What became of a form that is assigned to whoever asks as its rater, the newest act
-- first. Their own acts are told with their reasons, those of others only as changes: who
-- it was and what they wrote may tell the site (BLD-04). Of each row nothing comes but the
-- answer and the state. Which answers are the form's, its trail says.
CREATE FUNCTION audit.own_form(
    p_form bigint, p_answers bigint[], p_before bigint, p_most integer
)
RETURNS TABLE (
    action_id bigint, at timestamptz, verb text, is_own boolean, reason text,
    table_name text, row_id text, operation text, old text, new text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
DECLARE
    v_person bigint := audit.person();
    v_told text[] := ARRAY['item', 'value', 'missing', 'state', 'assessed_on', 'source'];
BEGIN
    IF v_person IS NULL OR NOT audit.rates_form(p_form) THEN RETURN; END IF;
    RETURN QUERY
    WITH wanted (table_name, row_id) AS (
        SELECT 'assessments_assessment'::text, p_form::text
        UNION ALL
        SELECT 'assessments_itemresponse', t.id::text
        FROM unnest(p_answers) AS t (id)
        WHERE EXISTS (
            SELECT FROM audit_rowchange m
            WHERE m.table_name = 'assessments_itemresponse' AND m.row_id = t.id::text
              AND m.new->>'assessment_id' = p_form::text
        )
    ), acts AS (
        SELECT DISTINCT r.action_id
        FROM wanted w JOIN audit_rowchange r USING (table_name, row_id)
        WHERE p_before IS NULL OR r.action_id < p_before
        ORDER BY r.action_id DESC LIMIT p_most
    )
    SELECT a.id, a.at, a.verb, coalesce(a.actor_id = v_person, false),
        CASE WHEN a.actor_id = v_person THEN a.reason ELSE '' END,
        r.table_name, r.row_id, r.operation::text,
        (SELECT json_object_agg(j.key, j.value) FROM json_each(r.old) AS j
            WHERE j.key = ANY (v_told))::text,
        (SELECT json_object_agg(j.key, j.value) FROM json_each(r.new) AS j
            WHERE j.key = ANY (v_told))::text
    FROM acts JOIN audit_action a ON a.id = acts.action_id
    CROSS JOIN wanted w
    JOIN audit_rowchange r ON r.table_name = w.table_name AND r.row_id = w.row_id
        AND r.action_id = a.id
    ORDER BY a.id DESC, r.id;
END $$;

DO $$
DECLARE
    o record;
BEGIN
    FOR o IN SELECT p.oid::regprocedure AS name FROM pg_proc p
        WHERE p.pronamespace = 'audit'::regnamespace AND p.proname IN (
            'sees_chain', 'heads', 'acts_since', 'changed_since_signed', 'own_form')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', o.name);
        EXECUTE format('ALTER FUNCTION %s OWNER TO candor_audit', o.name);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION audit.heads(text[]), audit.acts_since(text, bigint, integer),
    audit.changed_since_signed(), audit.own_form(bigint, bigint[], bigint, integer)
TO candor_app;
