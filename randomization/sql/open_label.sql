-- Kits of a stage without blinding are packed without an arm, and go to whoever is at a
-- step of it; all others go by the arm, as before. No step is of both kinds (load_kits).
CREATE OR REPLACE FUNCTION sealed.dispense(
    p_participants bigint[], p_visits bigint[], p_parts text[], p_steps text[],
    p_at timestamptz[]
) RETURNS TABLE (visit bigint, part text, kit_number text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, sealed, pg_temp AS $$
DECLARE
    want record;
    v_kit bigint;
    v_number text;
BEGIN
    FOR want IN
        SELECT w.*, coalesce(e.arm, '') AS arm
        FROM unnest(p_participants, p_visits, p_parts, p_steps, p_at)
            AS w (participant, visit, part, step, at)
        LEFT JOIN sealed.list_entry e ON e.participant_id = w.participant
    LOOP
        SELECT k.id, k.number INTO v_kit, v_number
        FROM public.randomization_kit k
        JOIN sealed.kit_content c ON c.id = k.id AND c.arm IN ('', want.arm)
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
