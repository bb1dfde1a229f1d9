-- The trail's own schema. Its tables belong to candor_audit, a role without login.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE ON TABLES TO candor_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO candor_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO candor_backup;
CREATE SCHEMA audit AUTHORIZATION candor_audit;
GRANT USAGE ON SCHEMA audit TO candor_app, candor_owner, candor_unblinded, candor_backup;
