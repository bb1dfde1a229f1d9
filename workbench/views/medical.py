"""The medical record of one participant: five short tables, each with what to do next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.vocabulary import Permission
from medical.access import is_open_to_review, records_of, taken
from medical.models import DAYS, ECG, Condition, LabResult, Medication, TestResult
from medical.vocabulary import DRUG_CLASSES, FINDINGS, REVIEWED_KINDS, Kind
from participants.access import definition_for, facts_of, participants_for
from participants.eligibility import WashoutStatus, answers_for_washouts, washout_of
from participants.facts import shown
from participants.models import Fact, Participant
from trials.access import today_at
from trials.protocol import ProtocolDefinition
from workbench.rail import desk
from workbench.views.participant import tabs
from workbench.vocabulary import state_chip

_P = Permission


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: text, with a tone where it is to be seen, as a value out of range."""

    text: str
    tone: str = ""
    note: str = ""
    # The column's, for a screen on which the table has no columns.
    head: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One record: what it is called, its cells, and where it can be changed."""

    record: Any
    table: str
    name: str
    on: date
    cells: Sequence[Cell]
    review: Cell
    correct_url: str = ""
    review_url: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One table with its heads, and where a record is added.

    `note` says what else counts beside the table, and `note_url` where that is answered.
    """

    code: str
    heading: str
    heads: Sequence[str]
    lines: Sequence[Line]
    add_url: str = ""
    add_label: str = ""
    note: str = ""
    note_url: str = ""


@dataclass(frozen=True, slots=True)
class _Page:
    """Whose record is read, by whom: what the cells and links of a line depend on."""

    person: Participant
    definition: ProtocolDefinition
    today: date
    # What a person answered where the medication leaves washouts open, by fact.
    answers: Mapping[str, Fact | None]
    may_record: bool
    may_review: bool

    def line(self, kind: Kind, record: Any, cells: Sequence[Cell]) -> Line:
        stands = record.voided_at is None
        waits = kind in REVIEWED_KINDS and is_open_to_review(record)
        args = [kind.value, record.uuid]
        return Line(
            record=record,
            table=record._meta.db_table,  # noqa: SLF001 - Django's public name
            name=str(record),
            on=getattr(record, DAYS[kind]),
            cells=cells,
            review=_review(kind, record),
            correct_url=reverse("medical:correct", args=args)
            if stands and self.may_record
            else "",
            review_url=reverse("medical:review", args=args)
            if stands and self.may_review and waits
            else "",
        )

    def add(self, kind: Kind) -> str:
        if not self.may_record:
            return ""
        return reverse("medical:record", args=[self.person.uuid, kind.value])


@require_safe
def medical(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show history, medication with washouts, tests, laboratory and ECG."""
    here = desk(request)
    person = get_object_or_404(participants_for(here.user_id), uuid=uuid)
    if not here.may(_P.VIEW_MEDICAL, person.site):
        raise Http404
    definition = definition_for(person)
    facts = facts_of([person.pk])[person.pk]
    page = _Page(
        person,
        definition,
        today_at(person.site),
        answers={code: facts.get(code) for code in answers_for_washouts(definition)},
        may_record=here.may(_P.RECORD_MEDICAL, person.site),
        may_review=here.may(_P.REVIEW_MEDICAL, person.site),
    )
    histories = list(records_of([person.pk], Kind.HISTORY))
    asked = [each for each in histories if each.voided_at is None]
    context = {
        "participant": person,
        "chip": state_chip(person.state),
        "state": _state(asked),
        "tabs": tabs(person, here, "medical"),
        "sections": [_section(page, kind) for kind in _SECTIONS],
        "histories": [page.line(Kind.HISTORY, each, []) for each in histories],
        "history_url": page.add(Kind.HISTORY),
        "is_asked": bool(asked),
    }
    with timezone.override(person.site.time_zone):
        return render(request, "workbench/medical.html", context)


def _state(asked: Sequence[Any]) -> str:
    if not asked:
        return "The medication history was not taken yet, so no washout is known to be over."
    latest = asked[0].taken_on
    return f"Medication history taken on {latest.day} {latest:%b %Y}."


def _section(page: _Page, kind: Kind) -> Section:
    heading, add, heads, cells = _SECTIONS[kind]
    records = records_of([page.person.pk], kind)
    return Section(
        code=kind.value,
        heading=heading,
        heads=heads,
        lines=[
            page.line(
                kind,
                each,
                [
                    replace(cell, head=head)
                    for head, cell in zip(heads[1:], cells(page, each), strict=True)
                ],
            )
            for each in records
        ],
        add_url=page.add(kind),
        add_label=add,
        **(_note(page) if kind is Kind.MEDICATION else {}),
    )


def _note(page: _Page) -> dict[str, str]:
    """Say what counts for eligibility where the medication leaves a washout open."""
    if not page.answers:
        return {}
    known = page.definition.facts_by_code
    said = [
        f"“{known[code].label}”: "
        + (shown(known[code], fact.value) if fact else "not answered yet")
        for code, fact in page.answers.items()
    ]
    return {
        "note": "Where this table leaves a washout open, the answer under Eligibility "
        f"counts. {'; '.join(said)}.",
        "note_url": reverse("participants:eligibility", args=[page.person.uuid]),
    }


def _review(kind: Kind, record: Any) -> Cell:
    if record.voided_at is not None:
        return Cell("Voided", note=record.void_reason)
    if kind not in REVIEWED_KINDS:
        return Cell("")
    if record.reviewed_at is None:
        return Cell("Not reviewed", "due")
    tone = "late" if record.significance == "significant" else ""
    note = f"{record.reviewed_by.name}. {record.review_note}".strip()
    return Cell(FINDINGS[record.significance], tone, note)


def _condition(_page: _Page, one: Condition) -> list[Cell]:
    course = "Goes on" if one.is_ongoing else f"Ended {one.ended}".rstrip()
    controlled = {None: "", True: ", well controlled", False: ", not controlled"}
    return [
        Cell(one.get_kind_display()),
        Cell(one.since or "not known"),
        Cell(f"{course}{controlled[one.is_controlled]}"),
    ]


def _medication(page: _Page, one: Medication) -> list[Cell]:
    last = one.last_dose_on
    until = f"Until {last.day} {last:%b %Y}" if last else "Taken now, or not known"
    since = f"Since {one.started}. " if one.started else ""
    return [
        Cell(f"{one.dose}, for {one.indication}"),
        Cell(f"{since}{until}"),
        _washout(page, one),
    ]


def _washout(page: _Page, one: Medication) -> Cell:
    """Say when the washout is over, or why that is not known."""
    drugs = [] if one.voided_at else taken([one])
    status = washout_of(drugs[0], page.definition) if drugs else WashoutStatus(None)
    is_over, ends_on = status.is_over(page.today), status.ends_on
    if is_over is None:
        return _open_washout(page, status.why)
    if ends_on is None:
        return Cell("" if one.voided_at else "None asked")
    day = f"{ends_on.day} {ends_on:%b %Y}"
    if is_over:
        return Cell(f"Over since {day}", "good")
    return Cell(f"Not over before {day}", "late", status.why)


def _open_washout(page: _Page, why: str) -> Cell:
    """Say of a washout that the records leave open what the answer under Eligibility is."""
    answers = [fact.value for fact in page.answers.values() if fact is not None]
    if not answers:
        return Cell("Not known", "due", why)
    if all(answers):
        return Cell("Over, as answered under Eligibility", "good", why)
    return Cell("Not over, as answered under Eligibility", "late", why)


def _test(_page: _Page, one: TestResult) -> list[Cell]:
    found = f", {DRUG_CLASSES[one.drug_class].lower()}" if one.drug_class else ""
    tone = {"negative": "", "positive": "late", "invalid": "due"}[one.result]
    return [Cell(f"{one.get_result_display()}{found}", tone)]


def _lab(_page: _Page, one: LabResult) -> list[Cell]:
    is_out = one.is_out_of_range
    ends = [
        f"{each.normalize():f}" if each is not None else ""
        for each in (one.low, one.high)
    ]
    return [
        Cell(
            f"{one.value.normalize():f} {one.unit}",
            "late" if is_out else "",
            "out of range" if is_out else "",
        ),
        Cell(" to ".join(ends) if any(ends) else "not given"),
    ]


def _ecg(_page: _Page, one: ECG) -> list[Cell]:
    parts = [("PR", one.pr), ("QRS", one.qrs), ("QT", one.qt)]
    intervals = ", ".join(
        f"{name} {value}" for name, value in parts if value is not None
    )
    how = "as read" if one.is_qtcf_given else "Fridericia"
    return [
        Cell(f"{one.rate} beats/min"),
        Cell(f"{intervals} ms"),
        Cell(f"{one.qtcf} ms", note=how),
    ]


_Cells = Callable[[_Page, Any], list[Cell]]
_SECTIONS: Mapping[Kind, tuple[str, str, Sequence[str], _Cells]] = {
    Kind.CONDITION: (
        "History",
        "Add condition",
        ("Condition", "Kind", "Since", "Course"),
        _condition,
    ),
    Kind.MEDICATION: (
        "Medication",
        "Add medication",
        ("Drug", "Dose", "Taken", "Washout"),
        _medication,
    ),
    Kind.TEST: ("Tests", "Add test result", ("Test", "Result"), _test),
    Kind.LAB: (
        "Laboratory",
        "Add laboratory result",
        ("Analyte", "Value", "Reference range"),
        _lab,
    ),
    Kind.ECG: (
        "ECG",
        "Add ECG",
        ("ECG", "Heart rate", "Intervals", "QTcF"),
        _ecg,
    ),
}
