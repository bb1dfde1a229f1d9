-- Who a participant is: a schema of its own, and these functions as its only door. They
-- move ciphertext; the keys are known to the application alone and never to the database.

-- What the transaction's open act says of itself, for doors that open to some acts only.
CREATE FUNCTION audit.open_act()
RETURNS TABLE (verb text, participant_id bigint, is_job boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
    SELECT a.verb, a.participant_id, a.job <> ''
    FROM open_action o JOIN audit_action a ON a.id = o.action_id
    WHERE o.xid = pg_current_xact_id()
$$;
GRANT USAGE ON SCHEMA audit TO candor_identity;
REVOKE ALL ON FUNCTION audit.open_act() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.open_act() TO candor_identity;
ALTER FUNCTION audit.open_act() OWNER TO candor_audit;

-- Reading is an entry of the trail by construction: an act about exactly this
-- participant, or the job that changes keys, which leaves a change for each row it reads.
-- An act that only needs an address gets no name.
CREATE FUNCTION identity.read(p_participants bigint[])
RETURNS TABLE (
    id uuid, participant_id bigint, name text, birth_date text, email text, phone text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity AS $$
DECLARE
    v_act record;
    v_only_address boolean;
BEGIN
    SELECT * INTO v_act FROM audit.open_act();
    IF NOT coalesce(
        v_act.verb = 'change identity key' AND v_act.is_job
        OR v_act.verb IN ('show identity', 'record identity', 'address reminder')
            AND p_participants = ARRAY[v_act.participant_id],
        false
    ) THEN
        RAISE EXCEPTION 'An identity is read only by an act that says so.'
            USING ERRCODE = 'AU001';
    END IF;
    v_only_address := v_act.verb = 'address reminder';
    -- Held until the act ends, in one order: a change of keys would otherwise write back
    -- what somebody corrected in between.
    RETURN QUERY
    SELECT i.id, i.participant_id,
        CASE WHEN v_only_address THEN '' ELSE i.name END,
        CASE WHEN v_only_address THEN '' ELSE i.birth_date END,
        i.email,
        CASE WHEN v_only_address THEN '' ELSE i.phone END
    FROM identity.participants_identity i
    WHERE i.participant_id = ANY (p_participants)
    ORDER BY i.id FOR UPDATE;
END $$;

-- Writes new rows, and of known ones the four values alone. The trigger demands the act.
CREATE FUNCTION identity.record(
    p_ids uuid[], p_trials bigint[], p_sites bigint[], p_participants bigint[],
    p_names text[], p_birth_dates text[], p_emails text[], p_phones text[]
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, identity AS $$
    INSERT INTO identity.participants_identity AS known
        (id, trial_id, site_id, participant_id, name, birth_date, email, phone)
    SELECT * FROM unnest(p_ids, p_trials, p_sites, p_participants, p_names,
        p_birth_dates, p_emails, p_phones)
    ON CONFLICT (id) DO UPDATE
    SET name = excluded.name, birth_date = excluded.birth_date,
        email = excluded.email, phone = excluded.phone
    WHERE known.participant_id = excluded.participant_id
$$;

-- Of whom an identity is recorded: that there is one tells nothing of who it is.
CREATE FUNCTION identity.known(p_participants bigint[]) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, identity AS $$
    SELECT i.participant_id FROM identity.participants_identity i
    WHERE i.participant_id = ANY (p_participants)
$$;

-- Who has a value that this key did not encrypt, after an id, in the order of ids.
CREATE FUNCTION identity.of_other_keys(p_key text, p_after uuid, p_most integer)
RETURNS TABLE (id uuid, participant_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, identity AS $$
    SELECT i.id, i.participant_id FROM identity.participants_identity i
    WHERE i.id > p_after AND EXISTS (
        SELECT FROM unnest(ARRAY[i.name, i.birth_date, i.email, i.phone]) AS v (value)
        WHERE v.value <> '' AND NOT starts_with(v.value, p_key || ':')
    )
    ORDER BY i.id LIMIT p_most
$$;

DO $$
DECLARE
    o record;
BEGIN
    FOR o IN SELECT p.oid::regprocedure AS name FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'identity'
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', o.name);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO candor_app', o.name);
        EXECUTE format('ALTER FUNCTION %s OWNER TO candor_identity', o.name);
    END LOOP;
END $$;
