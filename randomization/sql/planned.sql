-- What a planned unblinding told of a participant, for their site until the trial is locked.
-- The definition's groups come from the application; which of them it is, is decided here.
CREATE TABLE sealed.told (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    trial_id bigint NOT NULL REFERENCES public.trials_trial,
    site_id bigint NOT NULL REFERENCES public.trials_site,
    participant_id bigint NOT NULL UNIQUE REFERENCES public.participants_participant,
    told text NOT NULL
);

GRANT SELECT (user_id, trial_id, site_id, role, starts_on, ends_on)
    ON public.trials_delegation TO candor_unblinded;

-- The second way by which something of an arm comes out: a group, in the act of a person.
CREATE FUNCTION sealed.unblind_as_planned(
    p_participant bigint, p_arms text[], p_groups text[]
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, sealed AS $$
DECLARE
    v_told text;
BEGIN
    IF audit.open_verb() IS DISTINCT FROM 'unblind as planned' THEN
        RAISE EXCEPTION 'A group is revealed only by an act that says so.'
            USING ERRCODE = 'AU001';
    END IF;
    SELECT g.told INTO v_told
    FROM sealed.list_entry e
    JOIN unnest(p_arms, p_groups) AS g (arm, told) ON g.arm = e.arm
    WHERE e.participant_id = p_participant;
    IF v_told IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO sealed.told (trial_id, site_id, participant_id, told)
    SELECT p.trial_id, p.site_id, p.id, v_told
    FROM public.participants_participant p WHERE p.id = p_participant;
    RETURN v_told;
END $$;

-- What was told of some participants, to whoever works at their site today and to nobody
-- else: not to a job, not to the sponsor's people, whatever page or program asks.
CREATE FUNCTION sealed.told_at_site(p_participants bigint[])
RETURNS TABLE (participant bigint, told text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, sealed AS $$
DECLARE
    v_person bigint := audit.person();
BEGIN
    RETURN QUERY
    SELECT t.participant_id, t.told FROM sealed.told t
    WHERE t.participant_id = ANY (p_participants) AND EXISTS (
        SELECT FROM public.trials_delegation d
        WHERE d.user_id = v_person AND d.trial_id = t.trial_id
          AND (d.site_id = t.site_id OR d.site_id IS NULL)
          AND d.role IN ('coordinator', 'therapist', 'investigator')
          AND d.starts_on <= (clock_timestamp() AT TIME ZONE 'UTC')::date
          AND (d.ends_on IS NULL
            OR d.ends_on >= (clock_timestamp() AT TIME ZONE 'UTC')::date)
    );
END $$;

-- Whether the sealed list of a trial is the one with this SHA-256, as randomization.blocks
-- writes it. The hash itself never comes out: a short list could be found from it by trying.
-- Each question is an act on the trail, so that nobody tries unseen.
CREATE FUNCTION sealed.is_list(p_trial bigint, p_sha256 text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, sealed AS $$
BEGIN
    IF audit.open_verb() IS DISTINCT FROM 'compare sealed list' THEN
        RAISE EXCEPTION 'A list is compared only by an act that says so.'
            USING ERRCODE = 'AU001';
    END IF;
    RETURN p_sha256 = (
        SELECT encode(sha256(convert_to(E'stratum,position,arm\n' || string_agg(
            e.stratum || ',' || e.position || ',' || e.arm || E'\n', ''
            ORDER BY e.stratum COLLATE "C", e.position), 'UTF8')), 'hex')
        FROM sealed.list_entry e WHERE e.trial_id = p_trial
    );
END $$;

REVOKE ALL ON FUNCTION sealed.is_list(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sealed.is_list(bigint, text) TO candor_app;
ALTER FUNCTION sealed.is_list(bigint, text) OWNER TO candor_unblinded;

REVOKE ALL ON FUNCTION sealed.unblind_as_planned(bigint, text[], text[]),
    sealed.told_at_site(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sealed.unblind_as_planned(bigint, text[], text[]),
    sealed.told_at_site(bigint[]) TO candor_app;
ALTER FUNCTION sealed.unblind_as_planned(bigint, text[], text[]) OWNER TO candor_unblinded;
ALTER FUNCTION sealed.told_at_site(bigint[]) OWNER TO candor_unblinded;
