-- The end of the blinding: every participant's arm in a locked trial, to its unblinded
-- statistician, in an act that says so. Two people make it: whoever locked is another one
-- (ICH E6(R3) 3.16.1(r)). All of it is looked at here, whatever page or program asks.
CREATE FUNCTION sealed.arms_of_locked_trial(p_trial bigint)
RETURNS TABLE (participant bigint, arm text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, sealed, pg_temp AS $$
DECLARE
    v_person bigint := audit.acting_person();
BEGIN
    IF audit.open_verb() IS DISTINCT FROM 'unblind locked trial' THEN
        RAISE EXCEPTION 'Arms are revealed only by an act that says so.'
            USING ERRCODE = 'AU001';
    END IF;
    IF NOT EXISTS (SELECT FROM audit.locked_trials() l WHERE l.trial_id = p_trial) THEN
        RAISE EXCEPTION 'This trial is not locked, so nobody is told its arms. Ask the '
            'data manager when it will be.' USING ERRCODE = 'AU008';
    END IF;
    IF audit.has_role(v_person, p_trial, 'statistician') IS NOT TRUE OR EXISTS (
        SELECT FROM public.trials_lock l
        WHERE l.trial_id = p_trial AND l.locked_by_id = v_person
    ) THEN
        RAISE EXCEPTION 'The unblinded statistician reads the arms of a locked trial, and '
            'never the person who locked it.' USING ERRCODE = 'AU004';
    END IF;
    RETURN QUERY
    SELECT e.participant_id, e.arm FROM sealed.list_entry e
    WHERE e.trial_id = p_trial AND e.participant_id IS NOT NULL
    ORDER BY e.participant_id;
END $$;

REVOKE ALL ON FUNCTION sealed.arms_of_locked_trial(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sealed.arms_of_locked_trial(bigint) TO candor_app;
ALTER FUNCTION sealed.arms_of_locked_trial(bigint) OWNER TO candor_unblinded;
