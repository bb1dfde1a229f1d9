-- Which trials are locked now. A reopening that two people agreed to ends by itself.
GRANT SELECT ON trials_lock, trials_reopening TO candor_audit, candor_unblinded;

CREATE OR REPLACE FUNCTION audit.locked_trials()
RETURNS TABLE (trial_id bigint, since timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT l.trial_id, l.locked_at FROM public.trials_lock l
    WHERE NOT EXISTS (
        SELECT FROM public.trials_reopening r
        WHERE r.trial_id = l.trial_id AND r.until > clock_timestamp()
    );
END;

-- Whether a person has one of these roles in the whole of a trial today.
CREATE FUNCTION audit.has_role(p_person bigint, p_trial bigint, VARIADIC p_roles text[])
RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM public.trials_delegation d
        WHERE d.user_id = p_person AND d.trial_id = p_trial AND d.site_id IS NULL
          AND d.role = ANY (p_roles)
          AND d.starts_on <= (clock_timestamp() AT TIME ZONE 'UTC')::date
          AND (d.ends_on IS NULL
            OR d.ends_on >= (clock_timestamp() AT TIME ZONE 'UTC')::date)
    );
END;

-- A lock is made by a data manager and stays. It is opened by two: one asks, another
-- agrees, each as whoever acts and not as whom the row names (DAT-15). After that only its
-- end may change, to an earlier one.
CREATE FUNCTION audit.guard_lock() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    v_person bigint := audit.acting_person();
    v_is_manager boolean := audit.has_role(v_person, NEW.trial_id, 'data_manager');
    v_may boolean := false;
BEGIN
    PERFORM audit.hold_acts_back();
    IF TG_TABLE_NAME = 'trials_lock' THEN
        v_may := TG_OP = 'INSERT' AND v_is_manager AND NEW.locked_by_id = v_person;
    ELSIF TG_OP = 'INSERT' THEN
        v_may := v_is_manager AND NEW.asked_by_id = v_person
            AND NEW.agreed_by_id IS NULL AND NEW.until IS NULL;
    ELSIF to_jsonb(NEW) - '{agreed_by_id,until}'::text[]
        = to_jsonb(OLD) - '{agreed_by_id,until}'::text[]
    THEN
        IF OLD.agreed_by_id IS NULL THEN
            v_may := NEW.agreed_by_id = v_person AND v_person <> OLD.asked_by_id
                AND audit.has_role(
                    v_person, NEW.trial_id, 'data_manager', 'medical_monitor')
                AND NEW.until <= clock_timestamp() + make_interval(days => OLD.days);
        ELSE
            v_may := v_is_manager AND NEW.agreed_by_id = OLD.agreed_by_id
                AND NEW.until <= OLD.until;
        END IF;
    END IF;
    IF v_may IS NOT TRUE THEN
        RAISE EXCEPTION 'A data manager locks a trial; to reopen it a data manager asks and '
            'somebody else, data manager or medical monitor, agrees.'
            USING ERRCODE = 'AU004';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guarded BEFORE INSERT OR UPDATE ON trials_lock
    FOR EACH ROW EXECUTE FUNCTION audit.guard_lock();
CREATE TRIGGER guarded BEFORE INSERT OR UPDATE ON trials_reopening
    FOR EACH ROW EXECUTE FUNCTION audit.guard_lock();

REVOKE ALL ON FUNCTION audit.has_role(bigint, bigint, text[]), audit.guard_lock()
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.has_role(bigint, bigint, text[]) TO candor_unblinded;
ALTER FUNCTION audit.has_role(bigint, bigint, text[]) OWNER TO candor_audit;
ALTER FUNCTION audit.guard_lock() OWNER TO candor_audit;
