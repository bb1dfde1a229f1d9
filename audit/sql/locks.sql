-- A locked trial: no act that changes a row of it is ever complete, whoever acts and by
-- whatever way (ICH E6(R3) 3.16.1(r)). It is asked once for each act, when it is closed,
-- and an act that nobody closes is closed by the commit: rows of a locked trial may be
-- written in a transaction, but they cannot be committed.

-- The trials that are locked at this moment, and since when. None is until the app that
-- knows them gives this its body.
CREATE FUNCTION audit.locked_trials() RETURNS TABLE (trial_id bigint, since timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT NULL::bigint, NULL::timestamptz WHERE false;
END;

-- Who acts in this transaction; nobody in a job's act and outside of any.
CREATE FUNCTION audit.acting_person() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT a.actor_id FROM open_action o JOIN audit_action a ON a.id = o.action_id
    WHERE o.xid = pg_current_xact_id()
$$;

-- Whoever locks or reopens calls this first: it waits for every act that is being closed,
-- and every later one waits for the commit and then sees the lock. Without it an act that
-- had looked a moment before would land under the lock.
CREATE FUNCTION audit.hold_acts_back() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_advisory_xact_lock(7206, 0)
$$;

-- Tables whose comment begins with these words stay writable: audit.operations.stays_open.
CREATE FUNCTION audit.stays_open(p_table text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM pg_class c
        WHERE c.relname = p_table AND c.relkind IN ('r', 'p')
          AND c.relnamespace::regnamespace::text IN ('public', 'sealed', 'identity')
          AND obj_description(c.oid, 'pg_class') LIKE 'Open after the lock: %'
    )
$$;

CREATE FUNCTION audit.refuse_locked(p_action bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    v_locked bigint[];
    v_trial bigint;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7206, 0);
    -- A transaction that looks at an older moment would not see the lock.
    IF current_setting('transaction_isolation') <> 'read committed'
        AND EXISTS (SELECT FROM audit_rowchange WHERE action_id = p_action)
    THEN
        RAISE EXCEPTION 'Records change only in a transaction that reads what is committed.'
            USING ERRCODE = 'AU008';
    END IF;
    v_locked := ARRAY(SELECT l.trial_id FROM audit.locked_trials() l);
    IF v_locked = '{}' THEN RETURN; END IF;
    SELECT r.trial_id INTO v_trial
    FROM (
        SELECT trial_id, table_name FROM audit_rowchange WHERE action_id = p_action OFFSET 0
    ) AS r
    WHERE r.trial_id = ANY (v_locked) AND NOT audit.stays_open(r.table_name)
    LIMIT 1;
    IF v_trial IS NOT NULL THEN
        RAISE EXCEPTION 'This trial has been locked since %, so nothing was saved. Ask the '
            'data manager to have it reopened; tell the sponsor of a new serious event by '
            'phone at once.', (
                SELECT to_char(l.since AT TIME ZONE 'UTC', 'FMDD Mon YYYY')
                FROM audit.locked_trials() l WHERE l.trial_id = v_trial)
            USING ERRCODE = 'AU008';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION audit.close_action(p_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    DELETE FROM open_action WHERE xid = pg_current_xact_id() AND action_id = p_id;
    IF FOUND THEN
        PERFORM audit.refuse_locked(p_id);
        PERFORM audit.link(p_id);
    END IF;
END $$;

DO $$
DECLARE
    o record;
BEGIN
    FOR o IN SELECT p.oid::regprocedure AS name FROM pg_proc p
        WHERE p.pronamespace = 'audit'::regnamespace AND p.proname IN (
            'locked_trials', 'acting_person', 'hold_acts_back', 'stays_open', 'refuse_locked')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', o.name);
        EXECUTE format('ALTER FUNCTION %s OWNER TO candor_audit', o.name);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION audit.locked_trials(), audit.acting_person()
    TO candor_owner, candor_unblinded;
