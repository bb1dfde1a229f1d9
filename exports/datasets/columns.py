"""Variables that several datasets have, and the rules they share."""

from collections.abc import Mapping
from typing import TypeVar

from exports.datasets.support import quoted
from exports.vocabulary import Kind, Variable

COLLECTED, DERIVED, ASSIGNED = "Collected", "Derived", "Assigned"
ISO_8601 = "ISO 8601, civil time of the site, without offset"
NO_YES = "Codelist NY: Y, N"
DOSED_FROM = "p.first_dose_on"
Code = TypeVar("Code", bound=str)


def mapped(column: str, terms: Mapping[Code, str]) -> str:
    """Return SQL that turns our codes into submission values; an unknown one is null."""
    cases = " ".join(
        f"WHEN {quoted(str(code))} THEN {quoted(term)}" for code, term in terms.items()
    )
    return f"CASE {column} {cases} END"


def yes(condition: str) -> str:
    """Return SQL for Y where the condition holds, otherwise null."""
    return f"CASE WHEN {condition} THEN 'Y' END"


def yes_or_no(condition: str) -> str:
    """Return SQL for Y or N."""
    return f"CASE WHEN {condition} THEN 'Y' ELSE 'N' END"


def number(name: str, label: str, sql: str, *, origin: str, note: str = "") -> Variable:
    """Return a numeric variable."""
    return Variable(name, label, sql, origin, Kind.NUMBER, note=note)


def identifiers(domain: str) -> tuple[Variable, ...]:
    """Return the variables with which every row begins."""
    return (
        Variable("STUDYID", "Study Identifier", "p.study", origin=ASSIGNED),
        Variable("DOMAIN", "Domain Abbreviation", quoted(domain), ASSIGNED),
        Variable(
            "USUBJID",
            "Unique Subject Identifier",
            "p.usubjid",
            ASSIGNED,
            note="STUDYID-SITEID-SUBJID",
        ),
    )


def study_day(name: str, label: str, day: str) -> Variable:
    """Return a study day: days from the first dose, plus one from it on; no day 0.

    SDTM Implementation Guide 3.4, section 4.4.4.
    """
    sql = f"{day} - {DOSED_FROM} + ({day} >= {DOSED_FROM})::int"
    return number(name, label, sql, origin=DERIVED, note="Day 1 is the day of RFSTDTC")


def epoch(day: str) -> Variable:
    """Return the epoch of a day, by the first dose and the end of its effect's measuring.

    The same boundaries as the stages of a participant's timeline.
    """
    sql = (
        f"CASE WHEN {day} IS NULL THEN NULL "
        f"WHEN {DOSED_FROM} IS NULL OR {day} < {DOSED_FROM} THEN 'SCREENING' "
        f"WHEN p.treated_until IS NULL OR {day} <= p.treated_until THEN 'TREATMENT' "
        "ELSE 'FOLLOW-UP' END"
    )
    rule = (
        "Codelist EPOCH. SCREENING before the first dose, preparation included; "
        "TREATMENT from it to the last assessment of the protocol, or to the visit that "
        "ended participation before; FOLLOW-UP after that"
    )
    return Variable("EPOCH", "Epoch", sql, DERIVED, note=rule)


def visit(position: str, label: str) -> tuple[Variable, ...]:
    """Return the variables that name a visit."""
    return (
        number(
            "VISITNUM",
            "Visit Number",
            position,
            origin=ASSIGNED,
            note="Position in the protocol's order; an unscheduled visit's is that of "
            "the planned visit before it, with decimals",
        ),
        Variable("VISIT", "Visit Name", label, ASSIGNED),
    )
