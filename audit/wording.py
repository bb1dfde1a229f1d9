"""The words of the trail: tables, fields, verbs and values as people write them."""

import re
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models

PARTICIPANT = "participants_participant"
DELEGATION = "trials_delegation"
VISIT = "study_sessions_visit"
FACT = "participants_fact"
VISIT_CODE = "visit_code"  # names a visit of the row's participant without its id

# Columns that place a row or serve the machine: the sentence itself says where and who.
TECHNICAL = frozenset(
    {
        "id",
        "uuid",
        "trial_id",
        "site_id",
        "participant_id",
        "sequence",
        "position",
        "protocol_version_id",
        "assessment_id",
        "event_id",
        "opaque_code",
        "stage",
        "sha256",
        "leased_until",
        "attempts",
        "created_at",
        "scorer_version",
        "token_hash",
    }
)
# What a row is called, by the first of these columns that is filled.
_NAMES = (
    *("number", "label", "item", "instrument", "code", "score", "part"),
    *("milestone", "term"),
)
_MORE_NAMES = ("kind", "role", "form_version", "name", "identifier", "version")
# What a row belongs to, by the first of these columns that its table has. A participant
# is not among them: every row of the trail has a column of its own for that.
_PARENTS = ("assessment_id", "event_id", "visit_id", VISIT_CODE)
# Columns whose codes have a title that the trail's reader is given (audit.naming.Names).
_TITLED = frozenset({("assessments_assessment", "instrument"), (FACT, "code")})
_PLURALS = {
    "identity": "identities",
    "item response": "answers",
    "score value": "scores",
    "consent item": "consent decisions",
}
_IRREGULAR = {
    "hold": "held",
    "send": "sent",
    "give": "gave",
    "withhold": "withheld",
    "withdraw": "withdrew",
    "begin": "began",
    "take": "took",
    "make": "made",
    "plan": "planned",
    "replan": "replanned",
    "stop": "stopped",
    "drop": "dropped",
    "submit": "submitted",
    "keep": "kept",
    "find": "found",
    "put": "put",
    "set": "set",
    "draw": "drew",
    "refused": "refused",
}
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_DAY = re.compile(r"^\d{4}-\d\d-\d\d$")
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
# An identifier inside a text, as in "assessment 6350cdaa-…", says nothing to a reader.
_UUID = re.compile(r"\s*\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_TIME = re.compile(r"^\d\d:\d\d:\d\d(\.\d+)?$")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its label, its choices in words, and what its value may tell."""

    label: str
    choices: Mapping[str, str]
    refers_to: str
    is_outcome: bool
    is_identifying: bool
    is_titled: bool
    default: Any


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what a row and several are called, and the columns that name one.

    `parent` is the column that says what a row belongs to, and `parent_table` where that
    lies; both are empty where a row stands for itself. `references` are the columns that
    name other records to a reader, each with its table.
    """

    label: str
    plural: str
    name_columns: tuple[str, ...]
    parent: str
    parent_table: str
    references: tuple[tuple[str, str], ...]
    columns: Mapping[str, Column]
    is_titled: bool  # called by the title of a form


@cache
def tables() -> Mapping[str, Table]:
    """Return the words for every table, from the models themselves."""
    return {
        model._meta.db_table: _described(model)  # noqa: SLF001 - Django's public name
        for model in apps.get_models()
    }


def _described(model: type[models.Model]) -> Table:
    meta = model._meta  # noqa: SLF001 - Django's public name
    disclosure = getattr(model, "Disclosure", None)
    outcome: set[str] = getattr(disclosure, "outcome", set())
    identifying: set[str] = getattr(disclosure, "identifying", set())
    columns = {}
    for field in meta.concrete_fields:
        related = field.remote_field.model if field.remote_field else None
        columns[field.column or field.name] = Column(
            label=_label(str(field.verbose_name)),
            choices={str(key): str(word) for key, word in field.flatchoices},
            refers_to=related._meta.db_table if related else "",  # noqa: SLF001
            is_outcome=field.name in outcome,
            is_identifying=field.name in identifying,
            is_titled=(meta.db_table, field.column) in _TITLED,
            default=None if callable(field.default) else field.default,
        )
    single = str(meta.verbose_name)
    parent = next((name for name in _PARENTS if name in columns), "")
    name_columns = _name_columns(columns)
    return Table(
        label=single,
        plural=_PLURALS.get(single, str(meta.verbose_name_plural)),
        name_columns=name_columns,
        parent=parent,
        parent_table=_parent_table(parent, columns),
        references=tuple(
            (name, column.refers_to)
            for name, column in columns.items()
            if column.refers_to and (name == parent or name not in TECHNICAL)
        ),
        columns=columns,
        is_titled=any(columns[name].is_titled for name in name_columns),
    )


def _parent_table(parent: str, columns: Mapping[str, Column]) -> str:
    if parent == VISIT_CODE:
        return VISIT
    return columns[parent].refers_to if parent else ""


def _name_columns(columns: Mapping[str, Column]) -> tuple[str, ...]:
    """Return the two columns that name a row best; never one that identifies a person."""
    return tuple(
        name
        for name in (*_NAMES, *_MORE_NAMES)
        if name in columns and not columns[name].is_identifying
    )[:2]


def _label(name: str) -> str:
    """Return a field's name as a page writes it: "held on", not "is held"."""
    return words(name).removeprefix("is ").strip().capitalize()


def role_words(codes: str) -> str:
    """Return roles by the names of the delegation log, as every other page has them."""
    labels = tables()[DELEGATION].columns["role"].choices
    named = [labels.get(code, words(code)) for code in codes.split(", ")]
    # In the midst of a sentence: "independent rater", and still "IRB auditor".
    return ", ".join(
        name if name[:2].isupper() else name[:1].lower() + name[1:] for name in named
    )


def words(code: str) -> str:
    return code.replace("_", " ")


def past(verb: str) -> str:
    """Return a verb's phrase in the past: "hold visit" as "held visit"."""
    first, space, rest = verb.partition(" ")
    if first in _IRREGULAR:
        return _IRREGULAR[first] + space + rest
    if first.endswith("e"):
        return f"{first}d{space}{rest}"
    if first.endswith("y") and first[-2:-1] not in set("aeiou"):
        return f"{first[:-1]}ied{space}{rest}"
    return f"{first}ed{space}{rest}"


def counted(count: int) -> str:
    return "1 record" if count == 1 else f"{count} records"


def in_words(value: Any, zone: zoneinfo.ZoneInfo) -> str:
    """Return a value of the trail as people write it; never a structure."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dict | list):
        return f"recorded ({counted(len(value))})"
    text = str(value)
    written = next((each for form, each in _FORMS if form.match(text)), None)
    return written(text, zone) if written else _plain(text)


def _plain(text: str) -> str:
    if re.fullmatch(r"[a-z0-9_]+", text):
        return words(text)
    return _UUID.sub("", text).strip()


def _day_in_words(text: str, _zone: zoneinfo.ZoneInfo) -> str:
    day = date.fromisoformat(text)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _moment_in_words(text: str, zone: zoneinfo.ZoneInfo) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    local = moment.astimezone(zone)
    return f"{_day_in_words(local.date().isoformat(), zone)} {local:%H:%M %Z}"


def _time_in_words(text: str, _zone: zoneinfo.ZoneInfo) -> str:
    return text[:5]


_FORMS: Sequence[tuple[re.Pattern[str], Callable[[str, zoneinfo.ZoneInfo], str]]] = (
    (_DAY, _day_in_words),
    (_MOMENT, _moment_in_words),
    (_TIME, _time_in_words),
)
