"""Reads the text of a definition into typed parts; knows every key of the language."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from trials.protocol import reading_course as course
from trials.protocol import reading_observations as observations
from trials.protocol import reading_rules as rules
from trials.protocol.definition import ProtocolDefinition
from trials.protocol.entries import Entry, Log, entries_of, entry_of
from trials.protocol.expansion import VisitTemplate
from trials.protocol.parts import Source
from trials.protocol.problems import ProtocolError, meant
from trials.protocol.vocabulary import Provenance

T = TypeVar("T")

TOP_KEYS = (
    "identifier",
    "version",
    "title",
    "reconstruction",
    "registry",
    "study_day_1",
    "outcomes_visible_to_site",
    "forbidden_words",
)
# Part of the file → field of the definition, where the two differ in nothing.
LISTS: dict[str, Callable[[Entry], Any]] = {
    "stages": course.read_stage,
    "arms": course.read_arm,
    "milestones": course.read_milestone,
    "periods": course.read_period,
    "assessments": observations.read_row,
    "gates": rules.read_gate,
    "facts": rules.read_fact,
    "criteria": rules.read_criterion,
    "drugs": rules.read_drug,
    "washouts": rules.read_washout,
    "adverse_events": observations.read_adverse_events,
    "outcome_classes": rules.read_outcome_class,
    "endpoints": rules.read_endpoint,
    "estimands": rules.read_estimand,
    "waivers": observations.read_waiver,
    "not_yet": observations.read_not_yet,
}
SINGLES: dict[str, Callable[[Entry], Any]] = {
    "parent": course.read_parent,
    "dosing": course.read_dosing,
    "randomization": course.read_randomization,
    "unblinding": course.read_unblinding,
    "stopping": course.read_stopping,
    "vitals": observations.read_vitals,
    "acute_effects": observations.read_acute_effects,
    "amendment": observations.read_amendment,
}
PARTS = (*LISTS, *SINGLES, "visits", "sources")


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that was read: parts typed, repetition and patterns not yet written out.

    `lines` gives the line on which the table of a part and code begins.
    """

    definition: ProtocolDefinition
    templates: tuple[VisitTemplate, ...]
    lines: Mapping[tuple[str, str], int]


def read(text: str, *, filename: str) -> Reading:
    """Read a definition; raises ProtocolError for anything that is not the language.

    Mistakes of TOML and of keys end the reading here: references checked in a
    half-read file would only report the same mistake again in other words.
    """
    log = Log(filename, text)
    try:
        tables = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        log.add(f"The file is not TOML: {error}.")
        raise ProtocolError(log.problems) from error
    lines: dict[tuple[str, str], int] = {}
    values = _read_head(tables, log)
    for part, reader in LISTS.items():
        entries = entries_of(tables.get(part), log, part=part)
        values[part] = tuple(_read_entry(entry, reader, lines) for entry in entries)
    for part, reader in SINGLES.items():
        entry = entry_of(tables.get(part), log, part=part)
        values[part] = _read_entry(entry, reader, lines) if entry else None
    entries = entries_of(tables.get("visits"), log, part="visits")
    templates = tuple(_read_entry(entry, course.read_visit, lines) for entry in entries)
    if log.problems:
        raise ProtocolError(sorted(log.problems, key=lambda item: item.line or 0))
    return Reading(ProtocolDefinition(visits=(), **values), templates, lines)


def _read_entry(
    entry: Entry, reader: Callable[[Entry], T], lines: dict[tuple[str, str], int]
) -> T:
    read_part = reader(entry)
    entry.close()
    line = entry.log.line_of(entry.part, entry.index)
    code = entry.code or str(entry.index)
    if line is not None:
        lines.setdefault((entry.part, code), line)
    return read_part


def _read_head(tables: dict[str, Any], log: Log) -> dict[str, Any]:
    for key, value in tables.items():
        if key not in TOP_KEYS and key not in PARTS:
            near = meant(key, (*PARTS, *TOP_KEYS))
            what = "part" if isinstance(value, dict | list) else "key"
            sentence = f"The file has a {what} '{key}' that is not known.{near}"
            log.add(sentence, line=log.line_of(key) or log.line_of("", 0, key))
    entry = Entry({key: tables[key] for key in TOP_KEYS if key in tables}, log, part="")
    values = {
        "identifier": entry.text("identifier", needed=True),
        "version": entry.text("version", needed=True),
        "title": entry.text("title", needed=True),
        "reconstruction": entry.flag("reconstruction"),
        "registry": entry.text("registry"),
        "study_day_1": entry.text("study_day_1"),
        "outcomes_visible_to_site": entry.flag(
            "outcomes_visible_to_site", default=False
        ),
        "forbidden_words": entry.texts("forbidden_words"),
        "sources": _read_sources(tables.get("sources"), log),
    }
    for part in ("stages", "visits"):
        if part not in tables:
            log.add(f"The file has no part '{part}'; at least one is needed.")
    return values


def _read_sources(table: object, log: Log) -> dict[str, Source]:
    entry = entry_of(table, log, part="sources")
    if entry is None:
        return {}
    sources: dict[str, Source] = {}
    for code in entry.table:
        inner = entry.inner(code)
        if inner is not None:
            provenance = inner.word("provenance", Provenance)
            cite = inner.text("cite", needed=True)
            sources[code] = Source(code, provenance, cite)
            inner.close()
    return sources
