-- Dispenses, for each kit that can no longer be given, another kit of the same site that
-- holds the same. What is the same is decided here, behind the wall; a number comes out.
-- At random among the matching ones, for the reason given at sealed.dispense.
CREATE FUNCTION sealed.exchange(p_kits bigint[], p_at timestamptz[])
RETURNS TABLE (kit bigint, kit_number text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, sealed AS $$
DECLARE
    want record;
    v_kit bigint;
    v_number text;
BEGIN
    FOR want IN
        SELECT o.id, o.site_id, o.participant_id, o.visit_id, o.part, w.at,
            h.arm, h.step, h.milligrams
        FROM unnest(p_kits, p_at) AS w (id, at)
        JOIN public.randomization_kit o ON o.id = w.id
        JOIN sealed.kit_content h ON h.id = o.id
        WHERE o.visit_id IS NOT NULL AND o.condition <> 'usable'
    LOOP
        SELECT k.id, k.number INTO v_kit, v_number
        FROM public.randomization_kit k
        JOIN sealed.kit_content c ON c.id = k.id
        WHERE k.site_id = want.site_id AND k.visit_id IS NULL AND k.condition = 'usable'
            AND c.arm = want.arm AND c.step = want.step AND c.part = want.part
            AND c.milligrams = want.milligrams
        ORDER BY gen_random_uuid() LIMIT 1
        FOR UPDATE OF k SKIP LOCKED;
        IF v_kit IS NULL THEN
            CONTINUE;
        END IF;
        UPDATE public.randomization_kit k
        SET participant_id = want.participant_id, visit_id = want.visit_id,
            part = want.part, dispensed_at = want.at
        WHERE k.id = v_kit;
        kit := want.id;
        kit_number := v_number;
        RETURN NEXT;
    END LOOP;
END $$;

REVOKE ALL ON FUNCTION sealed.exchange(bigint[], timestamptz[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sealed.exchange(bigint[], timestamptz[]) TO candor_app;
ALTER FUNCTION sealed.exchange(bigint[], timestamptz[]) OWNER TO candor_unblinded;
