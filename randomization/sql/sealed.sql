-- The wall. Only these functions pass it, and only `reveal` gives an arm out.
CREATE SCHEMA sealed AUTHORIZATION candor_unblinded;
GRANT USAGE ON SCHEMA sealed TO candor_app, candor_audit, candor_owner, candor_backup;

CREATE TABLE sealed.list_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    trial_id bigint NOT NULL REFERENCES public.trials_trial,
    site_id bigint REFERENCES public.trials_site,
    stratum text NOT NULL,
    position integer NOT NULL CHECK (position > 0),
    arm text NOT NULL,
    participant_id bigint UNIQUE REFERENCES public.participants_participant,
    allocated_at timestamptz,
    CONSTRAINT one_entry_per_position UNIQUE (trial_id, stratum, position),
    CONSTRAINT allocated_entry_has_a_time
        CHECK ((participant_id IS NULL) = (allocated_at IS NULL))
);

CREATE TABLE sealed.kit_content (
    id bigint PRIMARY KEY REFERENCES public.randomization_kit,
    trial_id bigint NOT NULL REFERENCES public.trials_trial,
    site_id bigint NOT NULL REFERENCES public.trials_site,
    arm text NOT NULL,
    step text NOT NULL,
    part text NOT NULL CHECK (part IN ('initial', 'supplement')),
    milligrams numeric NOT NULL CHECK (milligrams >= 0)
);

-- What opens the trail's commitments after unblinding.
CREATE TABLE sealed.nonce (
    commitment text PRIMARY KEY,
    nonce uuid NOT NULL,
    content text NOT NULL
);
GRANT INSERT ON sealed.nonce TO candor_audit;

GRANT SELECT ON public.participants_participant, public.randomization_kit,
    public.randomization_randomization TO candor_unblinded;
GRANT UPDATE (participant_id, visit_id, part, dispensed_at)
    ON public.randomization_kit TO candor_unblinded;

CREATE FUNCTION sealed.load_list(
    p_trial bigint, p_sites bigint[], p_strata text[], p_positions integer[], p_arms text[]
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, sealed AS $$
    INSERT INTO sealed.list_entry (trial_id, site_id, stratum, position, arm)
    SELECT p_trial, e.site, e.stratum, e.position, e.arm
    FROM unnest(p_sites, p_strata, p_positions, p_arms) AS e (site, stratum, position, arm)
$$;

CREATE FUNCTION sealed.load_kits(
    p_kits bigint[], p_arms text[], p_steps text[], p_parts text[], p_milligrams numeric[]
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, sealed AS $$
    INSERT INTO sealed.kit_content (id, trial_id, site_id, arm, step, part, milligrams)
    SELECT k.id, k.trial_id, k.site_id, e.arm, e.step, e.part, e.milligrams
    FROM unnest(p_kits, p_arms, p_steps, p_parts, p_milligrams)
        AS e (id, arm, step, part, milligrams)
    JOIN public.randomization_kit k ON k.id = e.id
$$;

-- Gives each participant the next free entry of the stratum and returns its position.
-- One transaction at a time per stratum: two that read the same "next" would both get
-- it, or one would skip an entry.
CREATE FUNCTION sealed.allocate(p_trial bigint, p_stratum text, p_participants bigint[])
RETURNS TABLE (participant bigint, list_position integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, sealed AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_trial || ':' || p_stratum, 0));
    RETURN QUERY
    WITH chosen AS (
        SELECT e.id, row_number() OVER (ORDER BY e.position) AS turn
        FROM sealed.list_entry e
        WHERE e.trial_id = p_trial AND e.stratum = p_stratum AND e.participant_id IS NULL
        ORDER BY e.position LIMIT cardinality(p_participants)
    )
    UPDATE sealed.list_entry e
    SET participant_id = p.id, allocated_at = clock_timestamp()
    FROM chosen c JOIN unnest(p_participants) WITH ORDINALITY AS p (id, turn)
        ON p.turn = c.turn
    WHERE e.id = c.id
    RETURNING e.participant_id, e.position;
END $$;

-- Chooses a kit at the participant's site that holds what their arm gets at this step.
-- At random among the matching ones: the lowest number would tell, by the numbers it
-- skips, which participants share an arm.
CREATE FUNCTION sealed.dispense(
    p_participants bigint[], p_visits bigint[], p_parts text[], p_steps text[],
    p_at timestamptz[]
) RETURNS TABLE (visit bigint, part text, kit_number text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, sealed AS $$
DECLARE
    want record;
    v_kit bigint;
    v_number text;
BEGIN
    FOR want IN
        SELECT w.* FROM unnest(p_participants, p_visits, p_parts, p_steps, p_at)
            AS w (participant, visit, part, step, at)
    LOOP
        SELECT k.id, k.number INTO v_kit, v_number
        FROM public.randomization_kit k
        JOIN sealed.kit_content c ON c.id = k.id
        JOIN sealed.list_entry e ON e.participant_id = want.participant AND e.arm = c.arm
        JOIN public.participants_participant p
            ON p.id = want.participant AND p.site_id = k.site_id
        WHERE k.visit_id IS NULL AND c.step = want.step AND c.part = want.part
        ORDER BY gen_random_uuid() LIMIT 1
        FOR UPDATE OF k SKIP LOCKED;
        IF v_kit IS NULL THEN
            CONTINUE;
        END IF;
        UPDATE public.randomization_kit k
        SET participant_id = want.participant, visit_id = want.visit, part = want.part,
            dispensed_at = want.at
        WHERE k.id = v_kit;
        visit := want.visit;
        part := want.part;
        kit_number := v_number;
        RETURN NEXT;
    END LOOP;
END $$;

-- How long each stratum's list is and how much of it is used: counts, never an arm.
CREATE FUNCTION sealed.places(p_trial bigint)
RETURNS TABLE (stratum text, total bigint, used bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, sealed AS $$
    SELECT e.stratum, count(*), count(e.participant_id)
    FROM sealed.list_entry e WHERE e.trial_id = p_trial GROUP BY e.stratum ORDER BY e.stratum
$$;

-- The one way by which an arm comes out, always under the action of a person.
CREATE FUNCTION sealed.reveal(p_participant bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, sealed AS $$
DECLARE
    v_arm text;
BEGIN
    IF audit.open_verb() IS DISTINCT FROM 'reveal arm' THEN
        RAISE EXCEPTION 'An arm is revealed only by an act that says so.'
            USING ERRCODE = 'AU001';
    END IF;
    SELECT arm INTO v_arm FROM sealed.list_entry WHERE participant_id = p_participant;
    RETURN v_arm;
END $$;

DO $$
DECLARE
    o record;
BEGIN
    FOR o IN SELECT p.oid::regprocedure AS name FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'sealed'
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', o.name);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO candor_app', o.name);
        EXECUTE format('ALTER FUNCTION %s OWNER TO candor_unblinded', o.name);
    END LOOP;
END $$;
