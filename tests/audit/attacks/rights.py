"""Attacks on what a login may do: roles, settings, objects of its own."""

from tests.audit.attacks.trying import (
    HOW_MANY,
    OWN,
    WEB,
    WORKER,
    WRITE,
    act,
    entry,
    look,
    nothing,
    refused,
)

ROLES = (
    *(
        refused(f"become {role}", f"SET ROLE {role}")
        for role in (
            "candor_owner",
            "candor_audit",
            "candor_unblinded",
            "candor_identity",
            "candor_walls",
            "candor_export",
            "candor_backup",
            "postgres",
        )
    ),
    refused("become the worker", "SET ROLE candor_worker", by=[WEB]),
    refused("become the web", "SET ROLE candor_web", by=[WORKER]),
    refused(
        "sign in to the session as the owner", "SET SESSION AUTHORIZATION candor_owner"
    ),
    *(
        refused(f"make the own role {may}", f"ALTER ROLE CURRENT_USER {may}")
        for may in ("SUPERUSER", "BYPASSRLS", "CREATEROLE", "REPLICATION")
    ),
    refused(
        "switch triggers off for the own role",
        "ALTER ROLE CURRENT_USER SET session_replication_role = 'replica'",
    ),
    refused(
        "switch triggers off for the database",
        "ALTER DATABASE {database} SET session_replication_role = 'replica'",
    ),
    refused("join the trail's owner", "GRANT candor_audit TO CURRENT_USER"),
    refused("make a role", "CREATE ROLE candor_x LOGIN"),
    refused("hand the trail over", "REASSIGN OWNED BY candor_audit TO CURRENT_USER"),
    refused("drop what the application may do", "DROP OWNED BY candor_app CASCADE"),
    refused("drop what the trail's owner has", "DROP OWNED BY candor_audit CASCADE"),
)

SETTINGS = (
    refused("switch triggers off", "SET LOCAL session_replication_role = 'replica'"),
    refused(
        "switch triggers off by a function",
        "SELECT set_config('session_replication_role', 'replica', true)",
    ),
    refused("change the system's tables", "SET LOCAL allow_system_table_mods = on"),
    refused("read past the walls", "SET LOCAL row_security = off", HOW_MANY),
    refused("load a library", "LOAD 'auto_explain'"),
    refused(
        "have every session load a library", "SET LOCAL session_preload_libraries = 'x'"
    ),
)

SHADOWS = (
    refused(
        "a sign-in table of one's own",
        "CREATE TEMP TABLE audit_signin AS SELECT 1::bigint AS id, {other}::bigint AS"
        " user_id, sha256('mine') AS token_hash, NULL::timestamptz AS ended_at,"
        " 'infinity'::timestamptz AS expires_at",
        "GRANT ALL ON audit_signin TO PUBLIC",
        act("own act", token="mine"),
    ),
    nothing(
        "see by a sign-in table of one's own",
        "CREATE TEMP TABLE audit_signin AS SELECT 1::bigint AS id, {other}::bigint AS"
        " user_id, sha256('mine') AS token_hash, NULL::timestamptz AS ended_at,"
        " 'infinity'::timestamptz AS expires_at",
        "GRANT ALL ON audit_signin TO PUBLIC",
        look("mine"),
        HOW_MANY,
    ),
    refused(
        "a table of open acts of one's own",
        "CREATE TEMP TABLE open_action AS SELECT pg_current_xact_id() AS xid,"
        " {act}::bigint AS action_id",
        "GRANT ALL ON open_action TO PUBLIC",
        WRITE,
    ),
    entry(
        "a table of changes of one's own",
        "CREATE TEMP TABLE audit_rowchange (LIKE audit.audit_rowchange INCLUDING ALL)",
        "GRANT ALL ON audit_rowchange TO PUBLIC",
        act("own act"),
        WRITE,
        leaves=[OWN],
    ),
    entry(
        "a table of acts of one's own",
        "CREATE TEMP TABLE audit_action (LIKE audit.audit_action INCLUDING ALL)",
        "GRANT ALL ON audit_action TO PUBLIC",
        act("own act"),
        WRITE,
        leaves=[OWN],
    ),
    nothing(
        "see signatures by a table of acts of one's own",
        "CREATE TEMP TABLE audit_action AS SELECT generate_series(1, 9999)::bigint AS id",
        "GRANT ALL ON audit_action TO PUBLIC",
        "SELECT count(*) FROM audit.audit_signature",
    ),
    nothing(
        "see forms by a table of forms of one's own",
        "CREATE TEMP TABLE assessments_assessment AS"
        " SELECT generate_series(1, 9999)::bigint AS id",
        "GRANT ALL ON assessments_assessment TO PUBLIC",
        "SELECT count(*) FROM assessments_draft",
    ),
    refused(
        "a hash function of one's own",
        "CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql AS"
        " $$ SELECT '\\x{theirs}'::bytea $$",
        "SET LOCAL search_path = pg_temp, pg_catalog, public, audit",
        act("own act", token="anything"),
    ),
    refused(
        "a clock of transactions of one's own",
        "CREATE FUNCTION pg_temp.pg_current_xact_id() RETURNS xid8 LANGUAGE sql AS"
        " $$ SELECT xid FROM audit.open_action LIMIT 1 $$",
        "SET LOCAL search_path = pg_temp, pg_catalog, public, audit",
        WRITE,
    ),
)

SCHEMAS = ("public", "audit", "sealed", "identity", "walls", "export", "pg_catalog")

OBJECTS = (
    *(
        refused(f"make a {kind} in {schema}", statement.format(schema=schema))
        for schema in SCHEMAS
        for kind, statement in (
            ("table", "CREATE TABLE {schema}.accounts_user_2 (id bigint)"),
            (
                "function",
                "CREATE FUNCTION {schema}.open_action() RETURNS void LANGUAGE sql AS ''",
            ),
            ("view", "CREATE VIEW {schema}.mine AS SELECT 1 AS one"),
        )
    ),
    refused("make a schema", "CREATE SCHEMA mine"),
    refused(
        "make an event trigger",
        "CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION audit.capture()",
    ),
    refused("make an extension", "CREATE EXTENSION dblink"),
    refused("make a publication", "CREATE PUBLICATION p FOR ALL TABLES"),
    refused(
        "switch a trigger off in the catalog",
        "UPDATE pg_catalog.pg_trigger SET tgenabled = 'D'",
    ),
    refused(
        "change a function in the catalog",
        "UPDATE pg_catalog.pg_proc SET prosecdef = false",
    ),
    refused(
        "empty a function by a block",
        "DO $$ BEGIN EXECUTE 'CREATE OR REPLACE FUNCTION"
        " audit.capture() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN NULL; END''';"
        " END $$",
    ),
    refused(
        "give others the default",
        "ALTER DEFAULT PRIVILEGES FOR ROLE candor_audit"
        " GRANT ALL ON TABLES TO candor_app",
    ),
)
