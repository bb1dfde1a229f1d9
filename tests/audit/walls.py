"""The tables behind row-level security, and what a connection sees of them."""

import psycopg
from django.db import connection

from tests.audit.lived import Lived

# Tables that say where a row belongs and have no policy, and why.
EXEMPT = {
    "public.trials_delegation": "says who sees what; the whole trial reads its log",
    "sealed.list_entry": "no role of the application may read it",
    "sealed.kit_content": "no role of the application may read it",
    "sealed.told": "no role of the application may read it",
}
_TABLES = """
SELECT n.nspname || '.' || c.relname, c.relrowsecurity, c.relforcerowsecurity,
    array_agg(a.attname::text)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
GROUP BY 1, 2, 3 ORDER BY 1
"""
# Walled as well: they belong where their form, their act or their person does.
NO_PLACE = {"public.assessments_draft", "audit.audit_signature", "audit.audit_signin"}
TRAIL = {"audit.audit_action", "audit.audit_rowchange", "audit.audit_signature"}
# Of a site, and of nobody there.
_OF_SITES = ("public.trials_approval", "public.trials_suspension")
# Nobody of the application reads it but through the functions of its own schema.
BEHIND_FUNCTIONS = "identity.participants_identity"


def look(at: psycopg.Connection, *, token: str = "", job: str = "") -> None:
    at.execute(
        "SELECT set_config('candor.token', %s, true), set_config('candor.job', %s, true)",
        [token, job],
    )


def tables() -> dict[str, tuple[bool, bool, set[str]]]:
    """Return every table with whether it is walled, and forced, and its columns."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return {name: (on, forced, set(of)) for name, on, forced, of in cursor}


def walled(*, readable: bool = True) -> list[str]:
    """Return the tables that are to be walled: by their columns, whatever is done."""
    found = {
        name
        for name, (_, _, columns) in tables().items()
        if columns & {"site_id", "participant_id"} and name not in EXEMPT
    }
    return sorted((found | NO_PLACE) - ({BEHIND_FUNCTIONS} if readable else set()))


def count(at: psycopg.Connection, table: str, where: str = "true") -> int:
    row = at.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()
    assert row is not None
    return int(row[0])


def seen_by(at: psycopg.Connection) -> dict[str, int]:
    """Return the tables of which anything is seen, and how many rows."""
    counted = {table: count(at, table, "id IS NOT NULL") for table in walled()}
    return {table: rows for table, rows in counted.items() if rows}


def of_site(lived: Lived, table: str, *, there: bool) -> str:
    """Return the condition for the rows of one site; a sign-in is `{user}`'s or not."""
    site = (lived.world.elsewhere if there else lived.world.site).pk
    person = (lived.there if there else lived.here).pk
    forms = f"SELECT id FROM assessments_assessment WHERE site_id = {site}"
    acts = f"SELECT id FROM audit_action WHERE site_id = {site}"
    special = {
        "public.assessments_draft": f"assessment_id IN ({forms})",
        **dict.fromkeys(_OF_SITES, f"site_id = {site}"),
        "audit.audit_signature": f"action_id IN ({acts})",
        "audit.audit_signin": f"user_id {'<>' if there else '='} {{user}}",
        "public.participants_participant": f"site_id = {site}",
        "public.randomization_kit": f"site_id = {site}",
    }
    return special.get(table, f"(site_id = {site} OR participant_id = {person})")
