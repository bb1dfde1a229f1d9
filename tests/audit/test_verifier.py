"""The verifier against an administrator: in the database, and alone with an export."""

import ast
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from audit.anchoring import anchor_trial
from audit.models import Verification
from audit.tasks import verify_all
from audit.verifier.verify_trail import Checker
from audit.verifying import verify
from starter.keys import new_key_pair
from tests.audit.conftest import CHECK, Trail
from tests.audit.rewriting import rewrite
from tests.world import new_world

pytestmark = pytest.mark.requirement("AUD-09", "AUD-10")
SCRIPT = Path(__file__).resolve().parents[2] / "audit" / "verifier" / "verify_trail.py"


@pytest.fixture
def anchored(trail: Trail, key: Path, tmp_path: Path) -> Path:
    """Yesterday's anchor, as it lies in somebody's mail folder."""
    anchor = anchor_trial(trial_id=trail.world.trial.pk, identifier="TEST-1", by=CHECK)
    assert anchor is not None
    path = tmp_path / "anchor.txt"
    path.write_text(anchor.text)
    path.with_name("anchor.txt.sig").write_text(anchor.signature)
    return path


def exported(trail: Trail, folder: Path) -> Path:
    path = folder / "export.jsonl"
    call_command("export_trail", path, trial=trail.world.trial.identifier)
    return path


def alone(
    export: Path, *arguments: object, tools: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a copy of the script with nothing of the project, and no other package."""
    script = Path(shutil.copy(SCRIPT, export.parent / "verify_trail.py"))
    command = [sys.executable, "-I", "-S", str(script), str(export)]
    return subprocess.run(
        [*command, *map(str, arguments)],
        env={"PATH": os.environ["PATH"] if tools else str(export.parent)},
        cwd=export.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_trail_that_nobody_touched_is_intact(trail: Trail) -> None:
    found = verify(trial_id=None, by=CHECK)
    assert found.finding == ""
    assert found.acts > 10
    call_command("verify_trail", trial=trail.world.trial.identifier)


EDITS = {
    "who": "UPDATE audit_action SET actor_name = 'Somebody' WHERE id = %(act)s",
    "whose number": "UPDATE audit_action SET actor_id = 1 WHERE id = %(act)s",
    "when": "UPDATE audit_action SET at = at - interval '1 day' WHERE id = %(act)s",
    "why": "UPDATE audit_action SET reason = 'A typing error' WHERE id = %(act)s",
    "old value": (
        """UPDATE audit_rowchange SET old = '{"name": "Vail"}' WHERE action_id = %(act)s"""
    ),
    "new value": (
        """UPDATE audit_rowchange SET new = '{"name": "Vail"}' WHERE action_id = %(act)s"""
    ),
    "white space of a value": (
        "UPDATE audit_rowchange SET new = (new::text || ' ')::json "
        "WHERE action_id = %(act)s"
    ),
    "which row": "UPDATE audit_rowchange SET row_id = '0' WHERE action_id = %(act)s",
    "a row taken away": "DELETE FROM audit_rowchange WHERE action_id = %(act)s",
    "a row moved to another act": (
        "UPDATE audit_rowchange SET action_id = 1 WHERE action_id = %(act)s"
    ),
    "a signature put in": (
        "INSERT INTO audit_signature "
        "(action_id, user_id, name, meaning, table_name, row_id, digest) "
        "VALUES (%(act)s, 1, 'x', 'x', 'x', '1', 'x')"
    ),
    "the act taken away": "DELETE FROM audit_action WHERE id = %(act)s",
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_the_trail_is_named(trail: Trail, edit: str) -> None:
    act = trail.renames[1]
    trail.tamper(EDITS[edit], act=act)
    finding = verify(trial_id=None, by=CHECK).finding
    named = {act, 1} if edit == "a row moved to another act" else {act}
    assert any(f"act {one}:" in finding for one in named), finding
    with pytest.raises(CommandError, match="NOT INTACT") as told:
        call_command("verify_trail")
    assert told.value.returncode == 1


def test_an_entry_taken_from_the_middle_is_named(trail: Trail) -> None:
    act = trail.renames[1]
    for table, column in (("link", "action_id"), ("rowchange", "action_id")):
        trail.tamper(f"DELETE FROM audit_{table} WHERE {column} = %(act)s", act=act)
    trail.tamper("DELETE FROM audit_action WHERE id = %(act)s", act=act)
    finding = verify(trial_id=None, by=CHECK).finding
    assert "entries are missing between" in finding
    assert "entry" in finding


def test_an_act_put_in_without_a_link_is_named(trail: Trail) -> None:
    trail.tamper(
        "INSERT INTO audit_action (verb, reason, subject, actor_name, actor_roles, job, "
        "triggered_by, request_id, app_version, db_role, backend_pid) "
        "VALUES ('sign off', '', '', 'x', '', '', '', '', '1', 'x', 1)"
    )
    assert "is not in its chain" in verify(trial_id=None, by=CHECK).finding


def test_a_row_put_into_an_old_act_is_named(trail: Trail) -> None:
    trail.tamper(
        "INSERT INTO audit_rowchange (action_id, table_name, row_id, operation, "
        "participant_id) VALUES (%(act)s, 'x', '1', 'I', 999)",
        act=trail.renames[0],
    )
    finding = verify(trial_id=None, by=CHECK).finding
    assert "participant:999" in finding
    assert "is in no link" in finding


def cut(trail: Trail) -> None:
    """Take the newest entries of a site's chain away, with their acts and rows."""
    for act in trail.renames[2:]:
        for table in ("link", "rowchange"):
            trail.tamper(
                f"DELETE FROM audit_{table} WHERE action_id = %(act)s", act=act
            )
        trail.tamper("DELETE FROM audit_action WHERE id = %(act)s", act=act)


def rewind(trail: Trail) -> None:
    """Set every head to the last entry that is left."""
    trail.tamper(
        "UPDATE audit_chain c SET position = l.position, hash = l.hash "
        "FROM audit_link l WHERE l.chain = c.chain AND l.position = "
        "(SELECT max(position) FROM audit_link m WHERE m.chain = c.chain)"
    )


def test_a_cut_tail_is_named_by_the_head(trail: Trail) -> None:
    cut(trail)
    assert "the tail is cut" in verify(trial_id=None, by=CHECK).finding


def test_a_cut_tail_with_its_head_rewound_is_named_by_yesterdays_anchor_alone(
    trail: Trail, anchored: Path, key: Path, tmp_path: Path
) -> None:
    cut(trail)
    rewind(trail)
    trail.tamper("DELETE FROM audit_anchor")
    # The database agrees with itself: this is what the anchor outside is for.
    assert verify(trial_id=None, by=CHECK).finding == ""
    done = alone(exported(trail, tmp_path), "--anchor", anchored, "--public-key", key)
    assert done.returncode == 1
    assert "the tail is cut" in done.stdout
    assert any(
        f"{chain}, entry" in done.stdout
        for chain in (
            trail.site,
            f"person:{trail.world.actors['data_manager'].user_id}",
        )
    )


def test_a_chain_rewritten_to_agree_is_named_by_yesterdays_anchor_alone(
    trail: Trail, anchored: Path, key: Path, tmp_path: Path
) -> None:
    act = trail.renames[0]
    trail.tamper(EDITS["new value"], act=act)
    rewrite(trail, trail.site)
    trail.tamper("DELETE FROM audit_anchor")
    assert verify(trial_id=None, by=CHECK).finding == ""
    export = exported(trail, tmp_path)
    done = alone(export, "--anchor", anchored, "--public-key", key)
    assert done.returncode == 1
    assert trail.site in done.stdout
    assert "the chain was rewritten" in done.stdout
    with pytest.raises(CommandError, match="the chain was rewritten"):
        call_command("verify_trail", anchor=[anchored], public_key=key)


def test_a_rewritten_chain_is_named_by_the_anchors_that_are_kept_too(
    trail: Trail, anchored: Path
) -> None:
    trail.tamper(EDITS["new value"], act=trail.renames[0])
    rewrite(trail, trail.site)
    assert "the chain was rewritten" in verify(trial_id=None, by=CHECK).finding


def test_an_export_with_its_anchor_is_intact(
    trail: Trail, anchored: Path, key: Path, tmp_path: Path
) -> None:
    done = alone(exported(trail, tmp_path), "--anchor", anchored, "--public-key", key)
    assert (done.returncode, done.stderr) == (0, "")
    assert "INTACT" in done.stdout
    assert "the signature is good (ssh-keygen)" in done.stdout


def test_openssl_alone_checks_the_signature_too(
    trail: Trail, anchored: Path, key: Path, tmp_path: Path
) -> None:
    export = exported(trail, tmp_path)
    (tmp_path / "openssl").symlink_to(shutil.which("openssl") or "")
    arguments = ("--anchor", anchored, "--public-key", key)
    done = alone(export, *arguments, tools=False)
    assert done.returncode == 0
    assert "the signature is good (openssl)" in done.stdout
    anchored.write_text(anchored.read_text().replace("TEST-1", "TEST-9"))
    assert alone(export, *arguments, tools=False).returncode == 1


def test_without_either_tool_one_line_says_that_the_signature_was_not_checked(
    trail: Trail, anchored: Path, key: Path, tmp_path: Path
) -> None:
    done = alone(
        exported(trail, tmp_path),
        *("--anchor", anchored, "--public-key", key),
        tools=False,
    )
    assert done.returncode == 2
    assert done.stdout.count("NOT checked") == 1
    assert "INTACT" in done.stdout


def test_another_key_is_refused(trail: Trail, anchored: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pub"
    other.write_text(new_key_pair()[1])
    done = alone(exported(trail, tmp_path), "--anchor", anchored, "--public-key", other)
    assert done.returncode == 1
    assert "not made by this key" in done.stdout


def test_every_flipped_octet_of_an_export_is_found(
    trail: Trail, tmp_path: Path
) -> None:
    export = exported(trail, tmp_path)
    whole = export.read_bytes()
    first = whole.index(b"\n")
    for place in range(10, len(whole) - 1, len(whole) // 40):
        changed = bytearray(whole)
        changed[place] ^= 1
        export.write_bytes(changed)
        done = alone(export)
        # With its first line damaged a file may be anything at all.
        assert done.returncode in ({1, 2} if place < first else {1}), done.stdout
        assert done.stderr == ""


def test_a_flipped_octet_in_a_value_names_its_act(trail: Trail, tmp_path: Path) -> None:
    export = exported(trail, tmp_path)
    text = export.read_text()
    assert text.count('\\"Golden\\"') == 2
    export.write_text(text.replace('\\"Golden\\"', '\\"Golder\\"', 1))
    done = alone(export)
    assert done.returncode == 1
    assert f"act {trail.renames[1]}" in done.stdout


def test_a_cut_export_is_not_taken_for_a_whole_one(
    trail: Trail, tmp_path: Path
) -> None:
    export = exported(trail, tmp_path)
    lines = export.read_text().splitlines(keepends=True)
    export.write_text("".join(lines[:-1]))
    done = alone(export)
    assert done.returncode == 1
    assert "it has no last line" in done.stdout


def test_what_is_no_export_or_no_anchor_could_not_be_told(tmp_path: Path) -> None:
    (tmp_path / "other.jsonl").write_text('{"kind": "something"}\n')
    assert alone(tmp_path / "other.jsonl").returncode == 2
    assert alone(tmp_path / "missing.jsonl").returncode == 2
    (tmp_path / "anchor.txt").write_text("hello\n")
    done = alone(tmp_path / "other.jsonl", "--anchor", tmp_path / "anchor.txt")
    assert done.returncode == 2


def test_an_anchor_newer_than_the_export_asks_for_a_new_export(
    trail: Trail, key: Path, tmp_path: Path
) -> None:
    export = exported(trail, tmp_path)
    anchor = anchor_trial(trial_id=trail.world.trial.pk, identifier="TEST-1", by=CHECK)
    assert anchor is not None
    (tmp_path / "anchor.txt").write_text(anchor.text)
    done = alone(export, "--anchor", tmp_path / "anchor.txt")
    assert done.returncode == 2
    assert "export it anew" in done.stdout


def test_the_script_runs_on_an_old_python_with_nothing_of_ours() -> None:
    tree = ast.parse(SCRIPT.read_text("utf-8"), feature_version=(3, 9))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {name.name.split(".")[0] for name in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported <= sys.stdlib_module_names


def test_an_export_of_one_trial_tells_nothing_of_another(
    trail: Trail, tmp_path: Path
) -> None:
    new_world("TEST-2")
    text = exported(trail, tmp_path).read_text()
    other = [
        line
        for line in map(json.loads, text.splitlines())
        if line["kind"] in {"act", "row"} and line["trial_id"] not in {None, "1"}
    ]
    assert other == []
    assert alone(tmp_path / "export.jsonl").returncode == 0


def test_memory_does_not_grow_with_the_trail(trail: Trail) -> None:
    def peak() -> int:
        tracemalloc.start()
        assert verify(trial_id=None, by=CHECK).finding == ""
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak()  # what is imported and cached once
    small = peak()
    trail.superuser.execute("BEGIN")
    (act,) = trail.superuser.execute(
        "SELECT audit.open_system_action('fill', '', 'fill', '', '', NULL, NULL, NULL,"
        " '1', NULL)"
    ).fetchone() or (0,)
    trail.superuser.execute(
        "INSERT INTO audit_rowchange (action_id, table_name, row_id, operation, new,"
        " trial_id, site_id, participant_id) SELECT %s, 'x', n::text, 'I',"
        " json_build_object('value', repeat('x', 200)), 1, 1, n %% 50"
        " FROM generate_series(1, 40000) AS n",
        [act],
    )
    trail.superuser.execute("SELECT audit.close_action(%s)", [act])
    trail.superuser.execute("COMMIT")
    assert peak() < small + 8_000_000


def test_the_scheduled_verification_keeps_what_it_found(trail: Trail) -> None:
    assert verify_all() == ""
    trail.tamper(EDITS["why"], act=trail.renames[0])
    assert "was changed" in verify_all()
    good, bad = Verification.objects.order_by("pk")
    assert good.finding == ""
    assert f"act {trail.renames[0]}" in bad.finding


def test_a_checker_that_saw_nothing_has_found_nothing() -> None:
    checker = Checker()
    checker.finish()
    assert (checker.acts, checker.chains) == (0, 0)
