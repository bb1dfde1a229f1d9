"""The simulated windows are those of the shipped definition, and what is asked fits."""

import fnmatch
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import trials
from simulation.schedule import (
    EARLY_TERMINATION,
    SLOTS,
    T4_FROM_BASELINE,
    Slot,
    session_of,
)
from tests.simulation.cohorts import cohort_of

DEFINITION: dict[str, Any] = tomllib.loads(
    (Path(trials.__file__).parent / "protocols" / "mapp2.toml").read_text()
)
VISITS: dict[str, dict[str, Any]] = {
    each["code"]: each for each in DEFINITION["visits"]
}
# Wider in the definition, and narrowed there by the period from consent.
NARROWED = ("enrollment_visit",)


def days_of(span: str) -> int:
    """The days of a span of the protocol language that has no months."""
    if span in {"same day", "next morning"}:
        return int(span == "next morning")
    number, unit = span.split()
    return int(number) * (7 if unit.startswith("week") else 1)


def defined(slot: Slot) -> tuple[str, int, int]:
    """The anchor and window that the definition gives to a slot's visit."""
    code = slot.code
    session = session_of(code)
    if code.startswith("call"):
        day = int(code.rsplit("_", 1)[1])
        template = VISITS["call_{n}_day_{day}"]
        assert day in template["on_days"]
        return f"dosing_{session}", day, day
    if session and code.startswith("integration"):
        template = VISITS[f"integration_{{n}}_{code[-1]}"]
        when = template["when"] | {"after": f"dosing_{session}"}
    else:
        when = VISITS[code]["otherwise" if slot is T4_FROM_BASELINE else "when"]
    target = when["target"]
    opens, closes = when.get("earliest", target), when.get("latest", target)
    return when["after"], days_of(opens), days_of(closes)


@pytest.mark.parametrize(
    "slot",
    [slot for slot in SLOTS.values() if slot.code not in NARROWED]
    + [T4_FROM_BASELINE, EARLY_TERMINATION],
    ids=lambda slot: f"{slot.code} after {slot.after}",
)
def test_a_window_is_that_of_the_definition(slot: Slot) -> None:
    assert (slot.after, slot.opens, slot.closes) == defined(slot)


def places(row: Mapping[str, Any]) -> list[str]:
    """The visit codes, as patterns, at which a form is asked."""
    found = []
    for place in row["at"]:
        kind = place.removeprefix("every ")
        codes = (
            [code for code, visit in VISITS.items() if visit["kind"] == kind]
            if kind != place
            else [place]
        )
        found += [code.replace("{n}", "*").replace("{day}", "*") for code in codes]
    return found


def test_every_visit_held_has_exactly_the_forms_of_the_definition() -> None:
    asked = {row["form"]: places(row) for row in DEFINITION["assessments"]}
    for participant in cohort_of(0).participants:
        for visit in participant.visits:
            wanted = {
                form
                for form, patterns in asked.items()
                if any(fnmatch.fnmatch(visit.code, pattern) for pattern in patterns)
            }
            answered = {answers.form for answers in visit.answers}
            assert answered == (wanted if visit.is_held else set()), visit.code


def test_preparation_lasts_one_to_eleven_weeks() -> None:
    for participant in cohort_of(0).participants:
        first, dosing = participant.visit("prep_1"), participant.visit("dosing_1")
        assert first is not None
        assert dosing is not None
        assert 7 <= dosing.day - first.day <= 77
