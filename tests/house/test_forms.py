"""The house rules of forms: each has a request key, and what it changes a version."""

import ast
import re
from pathlib import Path

import pytest

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
        "assessments/reassign.html",
        "participants/eligibility.html",
        "participants/identity.html",
        "randomization/impact.html",
        "sessions/_dose.html",
        "sessions/_give.html",
        "sessions/agreements.html",
        "sessions/consent.html",
        "sessions/visit_act.html",
        "trials/end_delegation.html",
    ],
)
def test_the_pages_that_change_saved_records_show_conflicts(template: str) -> None:
    found = [form for name, form in forms() if name == template]
    assert any("_conflict.html" in form for form in found)
