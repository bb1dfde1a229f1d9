-- The chains: each act is linked to the one before it in the history it belongs to, so
-- that a change made behind the trail's back no longer fits (21 CFR 11.10(a), AUD-09).
-- What is hashed is told in audit/verifier/verify_trail.py, which recomputes it alone.
ALTER TABLE audit_link ALTER COLUMN at SET DEFAULT clock_timestamp();
ALTER TABLE audit_anchor ALTER COLUMN at SET DEFAULT clock_timestamp();
ALTER TABLE audit_verification ALTER COLUMN at SET DEFAULT clock_timestamp();
ALTER TABLE audit_link SET SCHEMA audit;
ALTER TABLE audit_chain SET SCHEMA audit;
ALTER TABLE audit_anchor SET SCHEMA audit;
ALTER TABLE audit_anchormail SET SCHEMA audit;
ALTER TABLE audit_verification SET SCHEMA audit;
-- A head is rewritten by every act of its chain: room on the page spares the index.
ALTER TABLE audit.audit_chain SET (fillfactor = 50);

CREATE FUNCTION audit.chain_of(p_trial bigint, p_site bigint, p_participant bigint)
RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_participant IS NOT NULL THEN 'participant:' || p_participant::text
        WHEN p_site IS NOT NULL THEN 'site:' || p_site::text
        WHEN p_trial IS NOT NULL THEN 'trial:' || p_trial::text
    END
$$;

CREATE FUNCTION audit.home_of(
    p_trial bigint, p_site bigint, p_participant bigint, p_actor bigint
) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(audit.chain_of(p_trial, p_site, p_participant),
        'person:' || p_actor::text, 'system')
$$;

-- Each field with its length in octets before it: no text can pass for two fields.
CREATE FUNCTION audit.fields(VARIADIC p_fields text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT string_agg(
        coalesce(octet_length(f)::text || ':' || f || ',', '-,'), '' ORDER BY n)
    FROM unnest(p_fields) WITH ORDINALITY AS t (f, n)
$$;

CREATE FUNCTION audit.moment(p_at timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- Links an act that is complete into its home chain, and into each other chain that it
-- changed rows of. The heads are locked last, in order and until the commit: two acts
-- never wait for each other, and nothing slow happens under the locks.
CREATE FUNCTION audit.link(p_action bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
DECLARE
    v audit_action;
    v_home text;
    v_act text;
    v_signatures text;
    v_chains text[];
    v_rows bigint[];
    v_digests bytea[];
    v_trials bigint[];
    v_at timestamptz;
BEGIN
    SELECT * INTO STRICT v FROM audit_action WHERE id = p_action;
    v_home := audit.home_of(v.trial_id, v.site_id, v.participant_id, v.actor_id);
    v_act := audit.fields(v.id::text, audit.moment(v.at), v.verb, v.reason, v.subject,
        v.actor_id::text, v.actor_name, v.actor_roles, v.job, v.triggered_by,
        v.trial_id::text, v.site_id::text, v.participant_id::text, v.session_id::text,
        v.ip::text, v.request_id, v.app_version, v.db_role, v.backend_pid::text,
        v.xid::text, v.details::text);
    SELECT audit.fields(count(*)::text) || coalesce(string_agg(
        audit.fields(id::text, user_id::text, name, meaning, audit.moment(signed_at),
            table_name, row_id, digest), '' ORDER BY id), '')
    INTO v_signatures FROM audit_signature WHERE action_id = p_action;

    -- The fields of a row are written out: calls of a function for each of them took
    -- longer than the capture itself. OFFSET 0 keeps each value from being made twice.
    SELECT array_agg(chain), array_agg(rows), array_agg(digests), array_agg(trial)
    INTO v_chains, v_rows, v_digests, v_trials
    FROM (
        SELECT chain, count(*) AS rows, string_agg(digest, '' ORDER BY id) AS digests,
            max(trial_id) AS trial
        FROM (
            SELECT r.id, r.chain, r.trial_id, sha256(convert_to(
                octet_length(r.number)::text || ':' || r.number || ','
                || '27:' || r.moment || ','
                || octet_length(r.table_name)::text || ':' || r.table_name || ','
                || octet_length(r.row_id)::text || ':' || r.row_id || ','
                || '1:' || r.operation || ','
                || coalesce(octet_length(r.old)::text || ':' || r.old || ',', '-,')
                || coalesce(octet_length(r.new)::text || ':' || r.new || ',', '-,')
                || coalesce(octet_length(r.trial)::text || ':' || r.trial || ',', '-,')
                || coalesce(octet_length(r.site)::text || ':' || r.site || ',', '-,')
                || coalesce(
                    octet_length(r.participant)::text || ':' || r.participant || ',',
                    '-,'),
                'UTF8')) AS digest
            FROM (
                SELECT id, id::text AS number,
                    to_char(at AT TIME ZONE 'UTC',
                        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS moment,
                    table_name, row_id, operation, old::text AS old, new::text AS new,
                    trial_id, trial_id::text AS trial, site_id::text AS site,
                    participant_id::text AS participant,
                    coalesce(audit.chain_of(trial_id, site_id, participant_id), v_home)
                        AS chain
                FROM audit_rowchange WHERE action_id = p_action OFFSET 0
            ) AS r
        ) AS told
        GROUP BY chain
    ) AS parts;
    IF v_chains IS NULL OR v_home <> ALL (v_chains) THEN
        v_chains := v_chains || v_home;
        v_rows := v_rows || 0::bigint;
        v_digests := v_digests || ''::bytea;
        v_trials := v_trials || v.trial_id;
    END IF;

    INSERT INTO audit_chain (chain, position, hash)
    SELECT c, 0, decode(repeat('00', 32), 'hex') FROM unnest(v_chains) AS t (c)
    ORDER BY c ON CONFLICT DO NOTHING;
    PERFORM FROM audit_chain WHERE chain = ANY (v_chains) ORDER BY chain FOR UPDATE;
    v_at := clock_timestamp();
    WITH links AS (
        INSERT INTO audit_link (chain, position, action_id, at, previous, hash, rows)
        SELECT h.chain, h.position + 1, p_action, v_at, h.hash,
            sha256(h.hash || convert_to(
                audit.fields('candor-link-1', h.chain, (h.position + 1)::text,
                    audit.moment(v_at))
                || v_act || CASE WHEN h.chain = v_home THEN v_signatures ELSE '-,' END
                || audit.fields(p.rows::text), 'UTF8') || p.digests),
            p.rows
        FROM unnest(v_chains, v_rows, v_digests) AS p (chain, rows, digests)
        JOIN audit_chain h ON h.chain = p.chain
        ORDER BY h.chain
        RETURNING chain, position, hash
    )
    UPDATE audit_chain h SET position = l.position, hash = l.hash,
        trial_id = coalesce(h.trial_id, t.trial)
    FROM links l, unnest(v_chains, v_trials) AS t (chain, trial)
    WHERE h.chain = l.chain AND t.chain = l.chain;
END $$;

CREATE OR REPLACE FUNCTION audit.close_action(p_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
BEGIN
    DELETE FROM open_action WHERE xid = pg_current_xact_id() AND action_id = p_id;
    IF FOUND THEN PERFORM audit.link(p_id); END IF;
END $$;

-- An act that nobody closed is closed by the commit: there is no unlinked act.
CREATE FUNCTION audit.close_at_commit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
BEGIN
    PERFORM audit.close_action(NEW.action_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER closed_at_commit AFTER INSERT ON audit.open_action
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit.close_at_commit();

-- Every sign-in leaves an entry, whoever asked for it (AUD-14).
CREATE OR REPLACE FUNCTION audit.open_session(
    p_user bigint, p_token text, p_kind text, p_expires_at timestamptz,
    p_ip inet, p_user_agent text, p_app_version text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
DECLARE
    v_name text;
    v_session bigint;
    v_action bigint;
BEGIN
    SELECT name INTO v_name FROM public.accounts_user WHERE id = p_user AND is_active;
    IF v_name IS NULL THEN
        RAISE EXCEPTION 'This account cannot sign in.' USING ERRCODE = 'AU004';
    END IF;
    INSERT INTO audit_signin (user_id, kind, token_hash, expires_at, ip, user_agent)
    VALUES (p_user, p_kind, sha256(convert_to(p_token, 'UTF8')), p_expires_at, p_ip,
        p_user_agent)
    RETURNING id INTO v_session;
    INSERT INTO audit_action (verb, reason, subject, actor_id, actor_name, actor_roles, job,
        triggered_by, session_id, ip, request_id, app_version, db_role, backend_pid, details)
    VALUES ('sign in', '', v_name, p_user, v_name, audit.roles_of(p_user, NULL, NULL),
        '', '', v_session, p_ip, '', p_app_version, session_user, pg_backend_pid(),
        jsonb_build_object('kind', p_kind))
    RETURNING id INTO v_action;
    PERFORM audit.link(v_action);
    RETURN v_session;
END $$;

-- By the hash alone: whoever revokes an API token does not know it (ACC-04).
CREATE OR REPLACE FUNCTION audit.end_session_of_hash(p_hash bytea, p_app_version text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
DECLARE
    v audit_signin;
    v_name text;
    v_action bigint;
BEGIN
    UPDATE audit_signin SET ended_at = clock_timestamp()
    WHERE token_hash = p_hash AND ended_at IS NULL
    RETURNING * INTO v;
    IF v.id IS NULL THEN RETURN; END IF;
    SELECT name INTO v_name FROM public.accounts_user WHERE id = v.user_id;
    INSERT INTO audit_action (verb, reason, subject, actor_id, actor_name, actor_roles, job,
        triggered_by, session_id, ip, request_id, app_version, db_role, backend_pid)
    VALUES ('sign out', '', v_name, v.user_id, v_name,
        audit.roles_of(v.user_id, NULL, NULL), '', '', v.id, v.ip, '', p_app_version,
        session_user, pg_backend_pid())
    RETURNING id INTO v_action;
    PERFORM audit.link(v_action);
END $$;

-- Each sign-in that ends is an entry: nobody is signed out unseen (AUD-14).
CREATE OR REPLACE FUNCTION audit.end_session(p_token text, p_app_version text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
    SELECT audit.end_session_of_hash(sha256(convert_to(p_token, 'UTF8')), p_app_version)
$$;

-- All sign-ins of a person end at once, tokens included (ACC-04).
CREATE OR REPLACE FUNCTION audit.end_sessions_of(p_user bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
DECLARE
    v_hash bytea;
    v_version text;
BEGIN
    SELECT a.app_version INTO v_version
    FROM open_action o JOIN audit_action a ON a.id = o.action_id
    WHERE o.xid = pg_current_xact_id();
    FOR v_hash IN
        SELECT token_hash FROM audit_signin
        WHERE user_id = p_user AND ended_at IS NULL AND expires_at > clock_timestamp()
        ORDER BY id
    LOOP
        PERFORM audit.end_session_of_hash(v_hash, coalesce(v_version, ''));
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION audit.note_refused_sign_in(
    p_username text, p_ip inet, p_app_version text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
DECLARE
    v_action bigint;
BEGIN
    INSERT INTO audit_action (verb, reason, subject, actor_name, actor_roles, job,
        triggered_by, ip, request_id, app_version, db_role, backend_pid)
    VALUES ('refused sign-in', '', left(p_username, 150), 'nobody', '', '', '', p_ip, '',
        p_app_version, session_user, pg_backend_pid())
    RETURNING id INTO v_action;
    PERFORM audit.link(v_action);
END $$;

-- Keeps a signed anchor. It must follow the trial's last one, so that two workers at
-- once make one anchor and never a fork; NULL says that another was quicker.
CREATE FUNCTION audit.record_anchor(
    p_trial bigint, p_previous text, p_text text, p_signature text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
DECLARE
    v_action bigint;
    v_last text;
    v_id bigint;
BEGIN
    SELECT action_id INTO v_action FROM open_action WHERE xid = pg_current_xact_id();
    IF v_action IS NULL THEN
        RAISE EXCEPTION 'An anchor was about to be kept outside an action.'
            USING ERRCODE = 'AU001';
    END IF;
    PERFORM pg_advisory_xact_lock(7205, hashint8(p_trial));
    SELECT sha256 INTO v_last FROM audit_anchor WHERE trial_id = p_trial
    ORDER BY id DESC LIMIT 1;
    IF coalesce(v_last, '') <> p_previous THEN RETURN NULL; END IF;
    INSERT INTO audit_anchor (trial_id, action_id, sha256, text, signature)
    VALUES (p_trial, v_action, encode(sha256(convert_to(p_text, 'UTF8')), 'hex'), p_text,
        p_signature)
    RETURNING id INTO v_id;
    RETURN v_id;
END $$;

-- True for exactly one caller as long as the lease runs, and never again once sent.
CREATE FUNCTION audit.claim_anchor_mail(
    p_anchor bigint, p_user bigint, p_lease interval, p_attempts integer
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
BEGIN
    INSERT INTO audit_anchormail AS m
        (anchor_id, user_id, leased_until, attempts, error)
    VALUES (p_anchor, p_user, clock_timestamp() + p_lease, 1, '')
    ON CONFLICT (anchor_id, user_id) DO UPDATE
    SET leased_until = excluded.leased_until, attempts = m.attempts + 1
    WHERE m.sent_at IS NULL AND m.attempts < p_attempts
      AND m.leased_until < clock_timestamp();
    RETURN FOUND;
END $$;

-- A refused mail may be tried again at once; an empty error says that it went out.
CREATE FUNCTION audit.settle_anchor_mail(p_anchor bigint, p_user bigint, p_error text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM open_action WHERE xid = pg_current_xact_id()) THEN
        RAISE EXCEPTION 'A mail was about to be settled outside an action.'
            USING ERRCODE = 'AU001';
    END IF;
    UPDATE audit_anchormail
    SET error = p_error, leased_until = clock_timestamp(),
        sent_at = CASE WHEN p_error = '' THEN clock_timestamp() END
    WHERE anchor_id = p_anchor AND user_id = p_user AND sent_at IS NULL;
END $$;

CREATE FUNCTION audit.record_verification(
    p_trial bigint, p_acts bigint, p_chains bigint, p_finding text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit AS $$
DECLARE
    v_id bigint;
BEGIN
    -- In an act: a finding that somebody made up would stand there unseen.
    IF NOT EXISTS (SELECT FROM open_action WHERE xid = pg_current_xact_id()) THEN
        RAISE EXCEPTION 'A verification was about to be kept outside an action.'
            USING ERRCODE = 'AU001';
    END IF;
    INSERT INTO audit_verification (trial_id, acts, chains, finding)
    VALUES (p_trial, p_acts, p_chains, p_finding) RETURNING id INTO v_id;
    RETURN v_id;
END $$;

-- What happened before there were chains. In the order of closing nothing is known any
-- more; in the order of opening each act still stands after what it could have seen.
DO $$
DECLARE
    a record;
BEGIN
    FOR a IN SELECT id FROM audit.audit_action ORDER BY id LOOP
        PERFORM audit.link(a.id);
    END LOOP;
END $$;

CREATE TRIGGER never_truncated BEFORE TRUNCATE ON audit.audit_signature
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_truncate();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON audit.audit_signin
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_truncate();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON audit.audit_link
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_truncate();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON audit.audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_truncate();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON audit.audit_anchor
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_truncate();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON audit.audit_anchormail
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_truncate();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON audit.audit_verification
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_truncate();

-- Last, since afterwards the owner of the study tables has no more to say here.
REVOKE ALL ON audit.audit_link, audit.audit_chain, audit.audit_anchor,
    audit.audit_anchormail, audit.audit_verification FROM candor_app;
-- The tables' numbers too: a number taken by hand would look like an entry taken away.
REVOKE ALL ON ALL SEQUENCES IN SCHEMA audit FROM candor_app;
GRANT SELECT ON audit.audit_link, audit.audit_chain TO candor_worker, candor_backup;
GRANT SELECT ON audit.audit_anchor, audit.audit_anchormail, audit.audit_verification
    TO candor_app, candor_backup;
DO $$
DECLARE
    o record;
BEGIN
    FOR o IN SELECT p.oid::regprocedure AS name FROM pg_proc p
        WHERE p.pronamespace = 'audit'::regnamespace AND p.proname IN (
            'chain_of', 'home_of', 'fields', 'moment', 'link', 'close_at_commit',
            'close_action', 'open_session', 'end_session', 'end_session_of_hash',
            'end_sessions_of', 'note_refused_sign_in',
            'record_anchor', 'claim_anchor_mail', 'settle_anchor_mail',
            'record_verification')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', o.name);
        EXECUTE format('ALTER FUNCTION %s OWNER TO candor_audit', o.name);
    END LOOP;
    FOR o IN SELECT c.oid::regclass AS name FROM pg_class c
        WHERE c.relnamespace = 'audit'::regnamespace AND c.relkind = 'r'
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO candor_audit', o.name);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION
    audit.chain_of(bigint, bigint, bigint),
    audit.home_of(bigint, bigint, bigint, bigint)
TO candor_worker, candor_owner;
GRANT EXECUTE ON FUNCTION
    audit.record_anchor(bigint, text, text, text),
    audit.claim_anchor_mail(bigint, bigint, interval, integer),
    audit.settle_anchor_mail(bigint, bigint, text),
    audit.record_verification(bigint, bigint, bigint, text)
TO candor_worker;
GRANT EXECUTE ON FUNCTION
    audit.close_action(bigint),
    audit.open_session(bigint, text, text, timestamptz, inet, text, text),
    audit.end_session(text, text),
    audit.end_session_of_hash(bytea, text),
    audit.end_sessions_of(bigint),
    audit.note_refused_sign_in(text, inet, text)
TO candor_app, candor_owner;
