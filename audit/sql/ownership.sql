-- Last, since afterwards the owner of the study tables has no more to say here. The
-- trigger functions must be callable by whoever creates a trigger: the owner.
DO $$
DECLARE
    o record;
BEGIN
    FOR o IN SELECT p.oid::regprocedure AS name FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'audit'
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO candor_audit', o.name);
    END LOOP;
    FOR o IN SELECT c.oid::regclass AS name FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'audit' AND c.relkind = 'r'
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO candor_audit', o.name);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION audit.capture(), audit.refuse_truncate() TO candor_owner;
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON audit.audit_action
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_truncate();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON audit.audit_rowchange
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_truncate();
