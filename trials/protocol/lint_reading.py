"""What every check of the lint looks up in a definition."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from trials.protocol.definition import ProtocolDefinition
from trials.protocol.expectations import Expectation
from trials.protocol.observations import AssessmentRow
from trials.protocol.parts import VisitDefinition


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One way in which a definition falls short; `visits` are codes."""

    sentence: str
    visits: tuple[str, ...] = ()


Check = Callable[[ProtocolDefinition, Expectation], Iterator[Shortfall]]


def codes_of(visits: Iterable[VisitDefinition]) -> tuple[str, ...]:
    return tuple(visit.code for visit in visits)


SHOWN = 4


def listed(codes: Sequence[str]) -> str:
    """ "dosing_1, dosing_2 and dosing_3"; a long list is cut, its length told."""
    *first, last = codes
    if len(codes) > SHOWN:
        first, last = list(codes[: SHOWN - 1]), f"{len(codes) - SHOWN + 1} others"
    return f"{', '.join(first)} and {last}" if first else last


_ACRONYMS = {"ecg": "ECG", "cssrs_slc": "C-SSRS"}


def words_of(code: str) -> str:
    """The code of a form or role as words."""
    return _ACRONYMS.get(code) or code.replace("_", " ")


def lacking(
    visits: Iterable[VisitDefinition], rows: Iterable[AssessmentRow]
) -> tuple[str, ...]:
    """Codes of the visits at which none of the rows is scheduled."""
    scheduled = {code for row in rows for code in row.at}
    return tuple(visit.code for visit in visits if visit.code not in scheduled)


def blinded_visits(
    definition: ProtocolDefinition, visits: Iterable[VisitDefinition]
) -> tuple[VisitDefinition, ...]:
    """Those of the visits that belong to a blinded stage."""
    only = definition.stages[0].code
    blinded = {stage.code for stage in definition.stages if stage.blinded}
    return tuple(visit for visit in visits if (visit.stage or only) in blinded)


def primary_rows(definition: ProtocolDefinition) -> tuple[AssessmentRow, ...]:
    """The rows of the forms of the primary endpoints."""
    forms = {x.form for x in definition.endpoints if x.role == "primary"}
    return tuple(row for row in definition.assessments if row.form in forms)
