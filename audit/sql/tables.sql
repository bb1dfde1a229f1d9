ALTER TABLE audit_action ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
-- clock_timestamp(), not now(): acts of one long transaction must not share a moment.
ALTER TABLE audit_action ALTER COLUMN at SET DEFAULT clock_timestamp();
ALTER TABLE audit_rowchange ALTER COLUMN at SET DEFAULT clock_timestamp();
ALTER TABLE audit_signin ALTER COLUMN started_at SET DEFAULT clock_timestamp();
ALTER TABLE audit_signature ALTER COLUMN signed_at SET DEFAULT clock_timestamp();
ALTER TABLE audit_action SET SCHEMA audit;
ALTER TABLE audit_rowchange SET SCHEMA audit;
ALTER TABLE audit_signin SET SCHEMA audit;
ALTER TABLE audit_signature SET SCHEMA audit;
-- Which action is open in which transaction. Emptied by a crash, as it should be.
CREATE UNLOGGED TABLE audit.open_action (xid xid8 PRIMARY KEY, action_id bigint NOT NULL);
REVOKE ALL ON ALL TABLES IN SCHEMA audit FROM candor_app;
GRANT SELECT ON audit.audit_action, audit.audit_rowchange, audit.audit_signature TO candor_app, candor_backup;
GRANT SELECT (id, user_id, kind, started_at, expires_at, ended_at, ip, user_agent)
    ON audit.audit_signin TO candor_app, candor_backup;
