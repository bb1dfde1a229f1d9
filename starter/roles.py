"""The database roles and who may do what in the database, as SQL."""

from collections.abc import Mapping

# Login roles and, after them, roles that only own or group. Attributes are set on
# every start, so that a role which somebody widened by hand is narrow again.
ORDINARY = "NOSUPERUSER NOCREATEROLE NOREPLICATION"
GROUPS = {
    "candor_app": "NOLOGIN NOCREATEDB NOBYPASSRLS",
    "candor_audit": "NOLOGIN NOCREATEDB NOBYPASSRLS",
    "candor_unblinded": "NOLOGIN NOCREATEDB NOBYPASSRLS",
    "candor_identity": "NOLOGIN NOCREATEDB NOBYPASSRLS",
    "candor_export": "NOLOGIN NOCREATEDB NOBYPASSRLS",
    "candor_walls": "NOLOGIN NOCREATEDB BYPASSRLS",
    "candor_backup": "NOLOGIN NOCREATEDB BYPASSRLS",
}
LOGINS = {
    "candor_owner": "LOGIN NOCREATEDB NOBYPASSRLS",
    "candor_web": "LOGIN NOCREATEDB NOBYPASSRLS",
    "candor_worker": "LOGIN NOCREATEDB NOBYPASSRLS",
}
TESTING_LOGINS = {
    "candor_owner": "LOGIN CREATEDB NOBYPASSRLS",
    "candor_tester": "LOGIN NOCREATEDB NOBYPASSRLS",
}
# The owner is a member of the audit, unblinded, identity and walls roles so that
# migrations can create objects which belong to them. candor_walls owns the few functions
# that look past row-level security, and may read the columns that they need.
MEMBERS = (
    ("candor_app", "candor_web"),
    ("candor_app", "candor_worker"),
    ("candor_audit", "candor_owner"),
    ("candor_unblinded", "candor_owner"),
    ("candor_identity", "candor_owner"),
    ("candor_walls", "candor_owner"),
)
READERS = (
    "candor_app",
    "candor_audit",
    "candor_unblinded",
    "candor_identity",
    "candor_export",
    "candor_walls",
)
TESTING_MEMBERS = (
    ("candor_web", "candor_tester"),
    ("candor_worker", "candor_tester"),
)


def literal(text: str) -> str:
    """`text` as an SQL string; a zero byte is a ValueError, for SQL has none."""
    if "\0" in text:
        raise ValueError("a zero byte cannot stand in SQL")
    quoted = text.replace("'", "''")
    if "\\" in text:
        return " E'" + quoted.replace("\\", "\\\\") + "'"
    return f"'{quoted}'"


def identifier(name: str) -> str:
    """`name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def role_statements(passwords: Mapping[str, str], *, testing: bool) -> list[str]:
    """Statements that make the roles, to be run by a superuser; they may be repeated.

    A login role that has no entry in `passwords` keeps the password it has.
    """
    logins = LOGINS | (TESTING_LOGINS if testing else {})
    statements = []
    for role, attributes in (GROUPS | logins).items():
        statements.append(
            f"DO $$ BEGIN CREATE ROLE {role}; "
            "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
        statements.append(f"ALTER ROLE {role} {ORDINARY} {attributes}")
    statements += [
        f"ALTER ROLE {role} PASSWORD {literal(passwords[role])}"
        for role in logins
        if role in passwords
    ]
    # Moved tables (the trail's) are found by name wherever they live.
    statements += [
        f"ALTER ROLE {role} SET search_path = public, audit" for role in logins
    ]
    # Every connection of a role reads what its others run, and with that the tokens of the
    # people for whom they run it.
    statements += [
        f"ALTER ROLE {role} SET track_activities = off"
        for role in ("candor_web", "candor_worker")
    ]
    # Where a filter is a function the planner takes a handful of rows for much work: to
    # start helpers for 27 answers took 5 ms of a save's 20.
    statements += [
        f"ALTER ROLE {role} SET max_parallel_workers_per_gather = 0"
        for role in logins
        if role != "candor_owner"
    ]
    members = MEMBERS + (TESTING_MEMBERS if testing else ())
    statements += [f"GRANT {group} TO {member}" for group, member in members]
    return statements


def database_statements(database: str) -> list[str]:
    """Statements to be run inside `database` by a superuser; they may be repeated."""
    name = identifier(database)
    return [
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {name} TO candor_app",
        f"GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {name} TO candor_owner",
        *schema_statements(),
    ]


def schema_statements() -> list[str]:
    """The part of `database_statements` that a template hands on to its copies."""
    return [
        "ALTER SCHEMA public OWNER TO candor_owner",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {', '.join(READERS)}",
    ]
