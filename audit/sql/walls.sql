-- Row-level security: who asks, and what they may see. The policies (audit.operations.walled)
-- ask these functions once for each statement. Nothing here believes a setting: the token
-- is looked up by its hash, and a job is believed only on the worker's own connection.

-- The person whose live sign-in the transaction's token stands for; NULL for anybody else.
CREATE FUNCTION audit.person() RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, audit
AS $$
BEGIN
    RETURN (
        SELECT s.user_id
        FROM audit_signin s JOIN public.accounts_user u ON u.id = s.user_id
        WHERE s.token_hash = sha256(convert_to(
                nullif(current_setting('candor.token', true), ''), 'UTF8'))
          AND s.ended_at IS NULL AND s.expires_at > clock_timestamp() AND u.is_active
    );
END $$;

-- Whether a named job of the worker asks. With a token the person asks, who sees less.
CREATE FUNCTION audit.is_job() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('candor.token', true), '') = ''
    AND coalesce(current_setting('candor.job', true), '') <> ''
    AND pg_has_role(session_user, 'candor_worker', 'MEMBER');

-- Sites of whose every row somebody reads, trials of which they read all sites, and whether
-- they rate somebody, of whom they read single records. Nobody sees anything until the apps that
-- know delegations and assignments give these their bodies.
CREATE FUNCTION audit.sites_seen() RETURNS bigint[]
LANGUAGE sql STABLE PARALLEL SAFE RETURN '{}'::bigint[];
CREATE FUNCTION audit.trials_seen() RETURNS bigint[]
LANGUAGE sql STABLE PARALLEL SAFE RETURN '{}'::bigint[];
CREATE FUNCTION audit.is_rater() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE RETURN false;
CREATE FUNCTION audit.rates(p_participant bigint) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE RETURN false;

-- Whether an act changed a row at one of the sites: a look
-- into an index, however many rows the act has. A function, so that no plan ever reads the
-- whole trail for it: as a subquery it would be hashed, and without the setting its own
-- plan, once made for any act, hopes to meet such a row early on (170 ms).
CREATE FUNCTION audit.touched(p_action bigint, p_sites bigint[])
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000
SECURITY DEFINER SET search_path = pg_catalog, audit SET enable_seqscan = off AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM audit_rowchange r
        WHERE r.action_id = p_action AND r.site_id = ANY (p_sites)
    );
END $$;

-- Whether whoever asks sees an act: what was signed in it is seen with it.
CREATE FUNCTION audit.sees_act(p_action bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SET search_path = pg_catalog, audit AS $$
BEGIN
    RETURN EXISTS (SELECT FROM audit_action a WHERE a.id = p_action);
END $$;

-- The owner of the trail's tables is not forced: it is a role without login, and its
-- functions write and link what the person who acts may not read.
ALTER TABLE audit.audit_rowchange ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON audit.audit_rowchange FOR SELECT USING (
    (SELECT audit.is_job())
    OR site_id = ANY ((SELECT audit.sites_seen())::bigint[])
    OR site_id IS NULL AND trial_id = ANY ((SELECT audit.trials_seen())::bigint[])
);

-- An act is seen by whoever sees its place, or a row that it changed. What has no place
-- (a sign-in, a password) is seen by the person who did it. A rater sees of whom they rate
-- what they did themselves: the rest of the trail tells visits, events and scores (BLD-04).
ALTER TABLE audit.audit_action ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON audit.audit_action FOR SELECT USING (
    (SELECT audit.is_job())
    OR site_id = ANY ((SELECT audit.sites_seen())::bigint[])
    OR (SELECT audit.is_rater()) AND actor_id = (SELECT audit.person())
        AND audit.rates(participant_id)
    OR site_id IS NULL AND (
        trial_id = ANY ((SELECT audit.trials_seen())::bigint[])
        OR trial_id IS NULL AND actor_id = (SELECT audit.person())
        OR audit.touched(id, (SELECT audit.sites_seen())::bigint[])
    )
);

ALTER TABLE audit.audit_signature ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON audit.audit_signature FOR SELECT USING (
    (SELECT audit.is_job()) OR audit.sees_act(action_id)
);

ALTER TABLE audit.audit_signin ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON audit.audit_signin FOR SELECT USING (
    (SELECT audit.is_job()) OR user_id = (SELECT audit.person())
);

-- Policies ask these as whoever reads, whatever role that is. They tell what the reader's
-- own token opens; and `touched`, whether an act reached a site, with nothing of the act.
DO $$
DECLARE
    o record;
BEGIN
    FOR o IN SELECT p.oid::regprocedure AS name FROM pg_proc p
        WHERE p.pronamespace = 'audit'::regnamespace AND p.proname IN (
            'person', 'is_job', 'sites_seen', 'trials_seen', 'is_rater', 'rates',
            'touched', 'sees_act')
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO candor_audit', o.name);
    END LOOP;
END $$;

-- What must look past the walls to be exact (a rater's load, whether a number is taken)
-- belongs to a role of its own, which may read nothing but the columns it needs.
CREATE SCHEMA walls AUTHORIZATION candor_walls;
GRANT USAGE ON SCHEMA walls TO candor_app, candor_audit, candor_owner;
