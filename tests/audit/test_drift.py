"""What a database administrator changed of triggers, functions, walls and rights is named."""

import pytest

from audit.drift import drift
from audit.verifying import verify
from tests.audit.conftest import CHECK, Trail

DRIFTS = {
    "ALTER TABLE trials_site DISABLE TRIGGER capture_update": "is switched off",
    "DROP TRIGGER capture_delete ON trials_site": "capture_delete of public.trials_site",
    "DROP TRIGGER closed_at_commit ON audit.open_action": "closed_at_commit",
    "CREATE OR REPLACE FUNCTION audit.capture() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN RETURN NULL; END'": "audit.capture is not the one",
    "ALTER ROLE candor_export SET session_replication_role = replica": "no trigger fires",
    "ALTER ROLE candor_export SET search_path = elsewhere, public": "looked up elsewhere",
    "ALTER ROLE candor_export SET candor.job = 'anything'": "candor.job=anything",
    "ALTER ROLE candor_export SET row_security = off": "row_security=off",
    "CREATE FUNCTION audit.quiet() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN RETURN NULL; END'": "audit.quiet was made by no migration",
    "ALTER FUNCTION audit.sign SECURITY INVOKER": "audit.sign is not the one",
    "ALTER FUNCTION audit.link OWNER TO candor_owner": "belongs to candor_owner",
    "ALTER TABLE participants_fact NO FORCE ROW LEVEL SECURITY": "participants_fact",
    "ALTER POLICY seen ON participants_fact USING (true)": "participants_fact",
    "CREATE POLICY more ON participants_fact USING (true)": "participants_fact",
    "GRANT UPDATE ON audit.audit_action TO candor_web": "given UPDATE",
    "GRANT INSERT (reason) ON audit.audit_action TO candor_web": "given INSERT",
}


@pytest.mark.requirement("VAL-08")
@pytest.mark.parametrize("statement", DRIFTS)
def test_a_trigger_or_function_that_was_changed_is_named(
    trail: Trail, statement: str
) -> None:
    assert drift() == []
    trail.superuser.execute(statement)
    try:
        found = " ".join(drift())
        assert DRIFTS[statement] in found
        assert DRIFTS[statement] in verify(trial_id=None, by=CHECK).finding
    finally:
        for setting in ("session_replication_role", "candor.job", "row_security"):
            trail.superuser.execute(f"ALTER ROLE candor_export RESET {setting}")
        trail.superuser.execute(
            "ALTER ROLE candor_export SET search_path = public, audit"
        )
