"""The house rules of forms: each has a request key, and what it changes a version."""

import ast
import re
from pathlib import Path

import pytest

from tests.accounts.cases import CASES
from tests.routes import acts, edits, views

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATES = ROOT / "templates"
# Whoever signs in is nobody yet, and a cookie cannot be given a second time.
WITHOUT_KEY = {"accounts/sign_in.html"}
FORM = re.compile(r'<form\b[^>]*method="post".*?</form>', re.DOTALL)


def forms() -> list[tuple[str, str]]:
    return [
        (path.relative_to(TEMPLATES).as_posix(), form)
        for path in sorted(TEMPLATES.rglob("*.html"))
        for form in FORM.findall(path.read_text("utf-8"))
    ]


@pytest.mark.requirement("DAT-06")
def test_every_form_that_acts_carries_a_request_key() -> None:
    assert len(forms()) > 30
    without = [
        name
        for name, form in forms()
        if "{% request_key %}" not in form and name not in WITHOUT_KEY
    ]
    assert without == []


@pytest.mark.requirement("DAT-04")
def test_every_form_with_a_reason_carries_the_version_of_what_it_shows() -> None:
    """The reason box stands where saved values change; so must the version."""
    asking = [
        (name, form)
        for name, form in forms()
        if "_reason_box.html" in form or "_source.html" in form
    ]
    assert len(asking) >= 6
    without = [name for name, form in asking if "_conflict.html" not in form]
    assert without == []


@pytest.mark.requirement("DAT-04")
def test_every_view_whose_form_asks_for_a_reason_knows_its_version() -> None:
    """A form class with a field `reason` is only ever made by `edited`."""
    asking = set(_classes_with_a_reason())
    assert "AmendForm" in asking
    blind = []
    for path in sorted(ROOT.glob("*/views/**/*.py")) + sorted(ROOT.glob("*/views.py")):
        text = path.read_text("utf-8")
        used = {name for name in asking if re.search(rf"\b{name}\b", text)}
        names = {f"{path.relative_to(ROOT)}: {name}" for name in used - set(EXEMPT)}
        if names and not re.search(r"\b(edited|\w*_edit|entry_form)\(", text):
            blind += sorted(names)
    assert blind == []


# A reason of its own kind: not for the change of a value that the page shows.
EXEMPT = {"RevokeForm": "a token ends once"}


def _classes_with_a_reason() -> list[str]:
    return [
        node.name
        for path in [*ROOT.glob("*/forms.py"), *ROOT.glob("*/forms/*.py")]
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and "reason" in _fields(node)
    ]


def _fields(node: ast.ClassDef) -> set[str]:
    """Return the names of a form's fields, declared or added when it is made."""
    names = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Assign):
            for target in each.targets:
                if isinstance(target, ast.Name):
                    names.add(target.id)
                elif isinstance(target, ast.Subscript) and isinstance(
                    target.slice, ast.Constant
                ):
                    names.add(str(target.slice.value))
    return names


@pytest.mark.requirement("DAT-04")
@pytest.mark.parametrize(
    "template",
    [
        "adverse_events/act.html",
        "adverse_events/amend.html",
        "assessments/answers.html",
        "assessments/enter.html",
        "assessments/not_done.html",
        "assessments/reassign.html",
        "assessments/signing.html",
        "medical/act.html",
        "medical/record.html",
        "participants/eligibility.html",
        "participants/identity.html",
        "participants/screening_day.html",
        "participants/waive.html",
        "randomization/correct_time.html",
        "randomization/exchange.html",
        "randomization/impact.html",
        "sessions/_dose.html",
        "sessions/_give.html",
        "sessions/agreements.html",
        "sessions/confirm.html",
        "sessions/consent.html",
        "sessions/visit_act.html",
        "trials/end_delegation.html",
    ],
)
def test_the_pages_that_change_saved_records_show_conflicts(template: str) -> None:
    found = [form for name, form in forms() if name == template]
    assert any("_conflict.html" in form for form in found)


# What acts without a version, and why nothing of anybody's can be overwritten by it.
WITHOUT_VERSION = {
    "accounts:change_password": "one's own",
    "accounts:sign_in": "changes no record",
    "accounts:sign_out": "changes no record",
    "adverse_events:report": "makes a record",
    "assessments:complete_trial": "a step of the lifecycle, taken once under a lock",
    "assessments:draft": "one's own, each answer by its sequence",
    "assessments:request_rating": "makes a record; a second one is refused",
    "assessments:start": "makes a record, or opens the one there is",
    "exports:issue": "makes a record",
    "exports:revoke": "a token ends once",
    "medical:record": "makes a record",
    "participants:new_deviation": "makes a record",
    "participants:screen": "makes a record",
    "participants:waive": "makes a record",
    "randomization:arms": "changes no record",
    "randomization:accident": "makes a record",
    "randomization:dispense": "makes a record; a second kit is refused",
    "randomization:load_kits": "makes records; a number twice is refused",
    "randomization:load_list": "makes records, once",
    "randomization:planned": "makes a record, once",
    "randomization:randomize": "makes a record, once",
    "randomization:unblind": "makes a record",
    "sessions:enroll": "a step of the lifecycle, taken once under a lock",
    "sessions:fail_screening": "a step of the lifecycle, taken once under a lock",
    "sessions:parent": "a link made or taken back once, under a lock",
    "sessions:stop_treatment": "a step of the lifecycle, taken once under a lock",
    "sessions:unscheduled": "makes a record",
    "sessions:withdraw": "a step of the lifecycle, taken once under a lock",
    "trials:approve": "makes a record, which replaces the last one from its day on",
    "trials:become": "changes no record",
    "trials:delegate": "makes a record",
    "trials:reopen": "makes a record",
    "trials:suspend": "makes a record; a second one is refused",
    "workbench:amend": "a step of the course, taken once under a lock",
    "workbench:changes_seen": "one's own",
    "workbench:lock": "a step of the trial, taken once while every act waits",
    "workbench:review_seen": "one's own",
}


@pytest.mark.requirement("DAT-04")
def test_every_act_on_a_record_has_a_conflict_test_or_says_why_not() -> None:
    acting = {
        name: view
        for name, view in views().items()
        # The oversight site is only read: tests/audit/test_doors.py.
        if acts(view) and not name.startswith("oversight:")
    }
    edited = {name for name, view in acting.items() if edits(view)}
    assert edited == set(CASES)
    assert acting.keys() - edited == WITHOUT_VERSION.keys()
