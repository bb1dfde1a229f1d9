-- Gives each participant who has none the next free place of cohorts that are filled in
-- order, and returns how many are without one. Whoever has a place keeps it.
CREATE FUNCTION sealed.fill_cohorts(p_trial bigint, p_stratum text, p_participants bigint[])
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, sealed, pg_temp AS $$
BEGIN
    -- Before looking who has a place, as `allocate` holds it.
    PERFORM pg_advisory_xact_lock(hashtextextended(p_trial || ':' || p_stratum, 0));
    PERFORM sealed.allocate(p_trial, p_stratum, ARRAY(
        SELECT w.id FROM unnest(p_participants) WITH ORDINALITY AS w (id, turn)
        WHERE NOT EXISTS (
            SELECT FROM sealed.list_entry e WHERE e.participant_id = w.id)
        ORDER BY w.turn
    ));
    RETURN (
        SELECT count(*) FROM unnest(p_participants) AS w (id)
        WHERE NOT EXISTS (
            SELECT FROM sealed.list_entry e WHERE e.participant_id = w.id)
    );
END $$;

REVOKE ALL ON FUNCTION sealed.fill_cohorts(bigint, text, bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sealed.fill_cohorts(bigint, text, bigint[]) TO candor_app;
ALTER FUNCTION sealed.fill_cohorts(bigint, text, bigint[]) OWNER TO candor_unblinded;
