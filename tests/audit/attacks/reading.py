"""Attacks on what nobody may read, and on the machine around the database."""

from tests.audit.attacks.trying import (
    WEB,
    act,
    entry,
    nothing,
    refused,
)

READING = (
    refused("the hashes of tokens", "SELECT token_hash FROM audit.audit_signin"),
    refused("everything of the sign-ins", "SELECT * FROM audit.audit_signin"),
    refused(
        "which hash it is",
        "SELECT count(*) FROM audit.audit_signin WHERE token_hash = '\\x{theirs}'",
    ),
    refused("hashes by a copy", "COPY audit.audit_signin TO STDOUT"),
    nothing(
        "hashes in the statistics",
        "SELECT most_common_vals, histogram_bounds FROM"
        " pg_catalog.pg_stats WHERE schemaname = 'audit' AND tablename = 'audit_signin'",
    ),
    refused("the statistics themselves", "SELECT * FROM pg_catalog.pg_statistic"),
    nothing(
        "tokens in what other connections run",
        "SELECT query FROM"
        " pg_catalog.pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE"
        " '%candor.token%'",
    ),
    refused("passwords of roles", "SELECT rolpassword FROM pg_catalog.pg_authid"),
    refused(
        "passwords of roles by their view", "SELECT passwd FROM pg_catalog.pg_shadow"
    ),
    refused("the list", "SELECT * FROM sealed.list_entry"),
    refused("the nonces", "SELECT * FROM sealed.nonce"),
    refused("the contents of kits", "SELECT * FROM sealed.kit_content"),
    refused("what sites were told", "SELECT * FROM sealed.told"),
    nothing(
        "what sites were told, by its function",
        "SELECT * FROM sealed.told_at_site(ARRAY[{here}::bigint])",
    ),
    refused("an arm outside an act", "SELECT sealed.reveal({here})"),
    refused(
        "an arm in an act of another name",
        act("own act"),
        "SELECT sealed.reveal({here})",
    ),
    entry(
        "an arm in an act that says so",
        act("reveal arm"),
        "SELECT sealed.reveal({here})",
        leaves=["Coordinator: reveal arm"],
    ),
    refused("identities", "SELECT * FROM identity.participants_identity"),
    refused(
        "an identity outside an act",
        "SELECT * FROM identity.read(ARRAY[{here}::bigint])",
    ),
    refused(
        "an identity in an act about somebody else",
        act("show identity"),
        "SELECT * FROM identity.read(ARRAY[{there}::bigint])",
    ),
    refused("the chains from the web", "SELECT * FROM audit.audit_link", by=[WEB]),
)

OUTSIDE = (
    refused("read a file", "SELECT pg_read_file('/etc/passwd')"),
    refused("read the keys of sign-ins", "SELECT pg_read_file('pg_hba.conf')"),
    refused("list the data folder", "SELECT pg_ls_dir('.')"),
    refused("import a file", "SELECT lo_import('/etc/passwd')"),
    refused("export a file", "SELECT lo_export(1, '/tmp/x')"),
    refused("run a program", "COPY (SELECT 1) TO PROGRAM 'true'"),
    refused(
        "read from a program",
        "CREATE TEMP TABLE mine (t text)",
        "COPY mine FROM PROGRAM 'id'",
    ),
    refused("write a file", "COPY (SELECT 1) TO '/tmp/candor'"),
    refused("reload the settings", "SELECT pg_reload_conf()"),
    refused("make a slot", "SELECT pg_create_physical_replication_slot('s')"),
    refused(
        "end the administrator's connection",
        "SELECT pg_terminate_backend({administrator})",
    ),
)
