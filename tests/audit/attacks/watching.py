"""Who watches the attacks: an administrator, who sees whether anything has changed."""

from dataclasses import dataclass
from typing import Any

import psycopg

from tests.audit.everything import Audited

_TRAIL = [
    "audit_action",
    "audit_rowchange",
    "audit_signature",
    "audit_link",
    "audit_anchor",
    "audit_anchormail",
    "audit_verification",
]
# Who may do what, and what runs when: all of it that these roles could try to change.
_CATALOG = """
SELECT md5(string_agg(part::text, ' ' ORDER BY part::text)) FROM (
    SELECT row(oid, proname, prosrc, proconfig, prosecdef, proowner,
        coalesce(proacl, acldefault('f', proowner))) FROM pg_proc
        WHERE oid > 16383
    UNION ALL SELECT row(tgrelid, tgname, tgfoid, tgenabled, tgargs, tgqual) FROM pg_trigger
        WHERE NOT tgisinternal
    UNION ALL SELECT row(oid, relname, relacl, relowner, relrowsecurity,
        relforcerowsecurity, relpersistence, relhasrules) FROM pg_class
        WHERE oid > 16383 AND relpersistence <> 't'
    UNION ALL SELECT row(polname, polrelid, pg_get_expr(polqual, polrelid)) FROM pg_policy
    UNION ALL SELECT row(rolname, rolsuper, rolbypassrls, rolcanlogin) FROM pg_roles
    UNION ALL SELECT row(roleid, member) FROM pg_auth_members
    UNION ALL SELECT row(setdatabase, setrole, setconfig) FROM pg_db_role_setting
        WHERE setdatabase IN (0, (SELECT oid FROM pg_database
            WHERE datname = current_database()))
    UNION ALL SELECT row(nspname, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_t'
) AS parts (part)
"""


@dataclass
class Stage:
    """A committed world, what an attacker knows of it, and who watches."""

    administrator: psycopg.Connection
    database: str
    tables: list[Audited]
    known: dict[str, Any]

    def state(self) -> dict[str, Any]:
        """Return what must not change: the trail, every audited row, the catalog."""
        tables = [table.named for table in self.tables]
        tables += [f"audit.{name}" for name in (*_TRAIL, "audit_signin", "audit_chain")]
        hashes = ", ".join(f"({hash_of(table)})" for table in tables)
        row = self.administrator.execute(f"SELECT {hashes}, ({_CATALOG})").fetchone()
        assert row is not None
        return dict(zip([*tables, "catalog"], row, strict=True))

    def past(self, upto: dict[str, int]) -> Any:
        """Return what the trail's tables held up to these ids."""
        hashes = (
            f"({hash_of(f'audit.{name}', f'id <= {last}')})"
            for name, last in upto.items()
        )
        return self.administrator.execute(f"SELECT {', '.join(hashes)}").fetchone()

    def last(self) -> dict[str, int]:
        found = (f"(SELECT coalesce(max(id), 0) FROM audit.{name})" for name in _TRAIL)
        row = self.administrator.execute(f"SELECT {', '.join(found)}").fetchone()
        assert row is not None
        return dict(zip(_TRAIL, row, strict=True))

    def one(self, statement: str) -> Any:
        row = self.administrator.execute(statement).fetchone()
        assert row is not None
        return row[0]

    def acts_since(self, last: int) -> list[tuple[str, str]]:
        return self.administrator.execute(
            "SELECT actor_name || ': ' || verb, db_role FROM audit.audit_action"
            " WHERE id > %s ORDER BY id",
            [last],
        ).fetchall()


def hash_of(table: str, where: str = "true") -> str:
    return (
        f"SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {table} t"
        f" WHERE {where}"
    )
