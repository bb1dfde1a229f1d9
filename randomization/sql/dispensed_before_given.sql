-- A kit is in hand before its dose is given. The two times stand in two tables, and both
-- can be corrected: each is compared with the other when it changes. The sentence is
-- somebody's to read, so it tells the time at the site.

GRANT SELECT (visit_id, part, condition, dispensed_at)
    ON public.randomization_kit TO candor_walls;
GRANT SELECT (visit_id, part, site_id, given_at)
    ON public.study_sessions_doseadministration TO candor_walls;
GRANT SELECT (id, time_zone) ON public.trials_site TO candor_walls;

CREATE FUNCTION walls.dispensed_before_given() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_dispensed text;
    v_given text;
BEGIN
    SELECT
        to_char(k.dispensed_at AT TIME ZONE s.time_zone, 'FMDD Mon YYYY "at" HH24:MI'),
        to_char(d.given_at AT TIME ZONE s.time_zone, 'FMDD Mon YYYY "at" HH24:MI')
    INTO v_dispensed, v_given
    FROM randomization_kit k
    JOIN study_sessions_doseadministration d
        ON d.visit_id = k.visit_id AND d.part = k.part
    JOIN trials_site s ON s.id = d.site_id
    WHERE k.visit_id = NEW.visit_id AND k.part = NEW.part AND k.condition = 'usable'
        AND k.dispensed_at > d.given_at;
    IF FOUND THEN
        RAISE EXCEPTION 'The kit of this dose was dispensed on %, after the dose was given '
            'on %. Correct one of the two times.', v_dispensed, v_given
            USING ERRCODE = 'AU008';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION walls.dispensed_before_given() FROM PUBLIC;

CREATE TRIGGER dispensed_before_given
    AFTER INSERT OR UPDATE OF given_at ON public.study_sessions_doseadministration
    FOR EACH ROW WHEN (NEW.given_at IS NOT NULL)
    EXECUTE FUNCTION walls.dispensed_before_given();
CREATE TRIGGER dispensed_before_given
    AFTER INSERT OR UPDATE OF dispensed_at, visit_id, condition ON public.randomization_kit
    FOR EACH ROW WHEN (NEW.dispensed_at IS NOT NULL)
    EXECUTE FUNCTION walls.dispensed_before_given();
ALTER FUNCTION walls.dispensed_before_given() OWNER TO candor_walls;
