"""A participant's visits as rows and as a timeline, with the forms expected at each."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.http import link_to
from assessments.access import ExpectedForm
from participants.lifecycle import TREATMENT_WORDS, WORDS, State, Treatment
from participants.models import Participant
from sessions.drawing.timeline import PlannedMark, Stage, Timeline, timeline
from sessions.drawing.windows import WindowBar, day_text, window_bar
from sessions.models import Visit
from trials.protocol import ProtocolDefinition
from workbench.vocabulary import (
    LANE_ORDER,
    LANES,
    Chip,
    form_chip,
    visit_chip,
    visit_name,
)
from workbench.worklist import window_of

# A visit in one of these plans has no place on the calendar yet, or has none any more.
WITHOUT_A_DAY = frozenset({"waiting", "if_needed", "not_for", "cancelled"})
DONE = frozenset({"signed", "not_done", "locked"})
_ISO_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")


@dataclass(frozen=True, slots=True)
class FormCell:
    """A form at a visit: its name, its state, and where it is."""

    title: str
    chip: Chip
    url: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One visit as the participant's page lists it."""

    visit: Visit
    url: str
    chip: Chip
    bar: WindowBar | None
    when: str
    forms: Sequence[ExpectedForm]

    @property
    def name(self) -> str:
        return visit_name(self.visit.number, self.visit.label)

    @property
    def is_quiet(self) -> bool:
        """Whether the visit has neither a record nor a place on the calendar."""
        open_states = {"planned", "cancelled"}
        return self.visit.state in open_states and self.visit.plan in WITHOUT_A_DAY

    @property
    def done(self) -> int:
        return sum(form.state in DONE for form in self.forms)

    @property
    def lacks(self) -> bool:
        """Whether a form of a held visit is not finished."""
        needed = sum(not form.row.optional for form in self.forms)
        return self.visit.state == "held" and self.done < needed


def visit_rows(
    visits: Sequence[Visit], forms: Mapping[int, Sequence[ExpectedForm]], *, today: date
) -> list[VisitRow]:
    """Return the visits as rows, in protocol order."""
    rows = []
    for visit in visits:
        window = window_of(visit)
        bar = None
        if window and visit.plan not in WITHOUT_A_DAY:
            bar = window_bar(
                window, today=today, booked_on=visit.booked_on, held_on=visit.held_on
            )
        rows.append(
            VisitRow(
                visit,
                link_to("workbench:visit", visit.uuid),
                visit_chip(visit.state, visit.plan, closes=visit.closes, today=today),
                bar,
                when_text(visit),
                forms.get(visit.pk, ()),
            )
        )
    return rows


def when_text(visit: Visit) -> str:
    """Return the day that matters about a visit: held, booked, or its window."""
    if visit.held_on:
        text = f"Held {day_text(visit.held_on)}"
    elif visit.state == "missed":
        text = visit.missed_reason
    elif visit.state == "booked" and visit.booked_on:
        at = f" {visit.booked_time:%H:%M}" if visit.booked_time else ""
        text = f"{visit.booked_on:%a} {day_text(visit.booked_on)}{at}"
    else:
        text = _planned_text(visit)
    return text


def _planned_text(visit: Visit) -> str:
    if visit.plan == "no_day" and visit.opens and visit.closes:
        # Why is on the visit's own page: a list has no room for two rules.
        return f"Not before {day_text(visit.opens)}, not after {day_text(visit.closes)}"
    window = window_of(visit)
    if visit.plan in WITHOUT_A_DAY or window is None:
        return in_words(visit.why)
    return span_text(window.opens_on, window.closes_on)


def span_text(first: date, last: date) -> str:
    """Return two days without a year or month that both share; a single day once."""
    if first == last:
        return f"On {day_text(first)}"
    if first.year != last.year:
        return f"{day_text(first)} to {day_text(last)}"
    month = "" if first.month == last.month else f" {first:%b}"
    return f"{first.day}{month} to {day_text(last)}"


def in_words(why: str) -> str:
    """Return the planner's sentence with its days as people write them."""
    return _ISO_DAY.sub(lambda found: day_text(date.fromisoformat(found[0])), why)


def form_cells(forms: Sequence[ExpectedForm], visit_url: str) -> list[FormCell]:
    """Return a visit's forms as cells, each linked to the form or to where it begins."""
    return [
        FormCell(
            form.title,
            form_chip(form.state),
            link_to("assessments:enter", form.assessment.uuid)
            if form.assessment is not None and not form.is_hidden
            else f"{visit_url}#forms",
        )
        for form in forms
    ]


_LAST_NUMBER = re.compile(r"\d+(?:\.\d+)?$")
_SHORT = {
    "screening": "Scr.",
    "baseline": "Base",
    "assessment": "Ass.",
    "follow_up": "F-up",
    "termination": "End",
    "early_termination": "End",
}


def mark_code(visit: Visit, definition: ProtocolDefinition) -> str:
    """Return the short name that a mark of the timeline has room for.

    The row says what kind of visit it is; a session's own number is enough beside it.
    """
    if visit.number:
        return visit.number
    known = definition.visits_by_code.get(visit.code)
    if known is not None and known.day is not None:
        return f"d{known.day}"
    number = _LAST_NUMBER.search(visit.label)
    if number and visit.kind in {"preparatory", "dosing", "integration"}:
        return number[0]
    return _SHORT.get(visit.kind, visit.label[:4])


def drawn(
    person: Participant,
    rows: Sequence[VisitRow],
    definition: ProtocolDefinition,
    *,
    today: date,
) -> Timeline | None:
    """Return the timeline, None before there is a visit with a day.

    Follow-up that is only a forecast is left out: a year ahead would shrink the weeks
    in which everything happens.
    """
    marks = [
        _mark(row, definition)
        for row in rows
        if not row.is_quiet
        and not (row.visit.kind == "follow_up" and row.visit.plan == "provisional")
    ]
    marks = [mark for mark in marks if mark.days()]
    if not marks:
        return None
    days = [day for mark in marks for day in mark.days()]
    return timeline(
        LANE_ORDER,
        marks,
        today=today,
        first_on=min(person.screened_on, *days),
        last_on=max(days) + timedelta(days=7),
        stages=stages_of(person, rows, last_on=max(days) + timedelta(days=7)),
    )


def _mark(row: VisitRow, definition: ProtocolDefinition) -> PlannedMark:
    visit = row.visit
    return PlannedMark(
        lane=LANES.get(visit.kind, "Assessments"),
        code=mark_code(visit, definition),
        title=visit_name(visit.number, visit.label),
        href=row.url,
        window=window_of(visit),
        booked_on=visit.booked_on if visit.state == "booked" else None,
        held_on=visit.held_on,
        is_missed=visit.state == "missed",
    )


def stages_of(
    person: Participant, rows: Sequence[VisitRow], *, last_on: date
) -> list[Stage]:
    """Return the stretches of the course behind the marks: each ends where one begins.

    The boundaries are those of EPOCH in an export (exports.datasets.columns), where
    preparation belongs to screening; what has not happened yet is where it is planned.
    """
    visits = [row.visit for row in rows if not row.is_quiet]
    until = _treated_until(visits)
    begins: list[tuple[str, date | None]] = [
        ("Screening", person.screened_on),
        ("Preparation", person.enrolled_on),
        ("Treatment", _treated_from(person, visits)),
        ("Follow-up", until and until + timedelta(days=1)),
    ]
    known = [(label, on) for label, on in begins if on is not None and on <= last_on]
    stages = []
    for number, (label, on) in enumerate(known):
        is_last = number == len(known) - 1
        ends = last_on if is_last else known[number + 1][1] - timedelta(days=1)
        if ends >= on:
            stages.append(Stage(label, on, ends))
    return stages


def _treated_from(person: Participant, visits: Sequence[Visit]) -> date | None:
    """Return the day of the first dose; before there is one, where it is planned."""
    is_treated = Treatment(person.treatment) is not Treatment.NOT_STARTED
    days = [
        visit.held_on if is_treated else visit.booked_on or visit.target
        for visit in visits
        if visit.kind == "dosing" and (visit.state == "held") is is_treated
    ]
    return min((day for day in days if day is not None), default=None)


def _treated_until(visits: Sequence[Visit]) -> date | None:
    """Return the day of the protocol's last assessment, or of what ended it before."""
    ended_on = _ended_on(visits)
    if ended_on is not None:
        return ended_on
    last = _last_assessment(visits)
    is_open = last is not None and last.state in {"planned", "booked"}
    return last.closes if last is not None and is_open else None


def _ended_on(visits: Sequence[Visit]) -> date | None:
    """Return the day on which the stretch of treatment ended; None while it has not."""
    last = _last_assessment(visits)
    if last is not None and last.held_on is not None:
        return last.held_on
    ended = [
        visit.held_on
        for visit in visits
        if visit.kind in {"termination", "early_termination"} and visit.held_on
    ]
    return max(ended, default=None)


def _last_assessment(visits: Sequence[Visit]) -> Visit | None:
    return max(
        (visit for visit in visits if visit.kind == "assessment"),
        key=lambda visit: visit.position,
        default=None,
    )


def state_sentence(
    person: Participant,
    following: Visit | None,
    visits: Sequence[Visit],
    *,
    today: date,
) -> str:
    """Return the participant's state in one sentence, with what comes next."""
    state = State(person.state)
    since = {
        State.SCREENING: person.screened_on,
        State.ENROLLED: person.enrolled_on,
        State.CONFIRMED: person.confirmed_on,
        State.RANDOMIZED: person.randomized_on,
    }.get(state, person.ended_on)
    parts = [WORDS[state] + (f" since {day_text(since)}" if since else "")]
    treatment = Treatment(person.treatment)
    if treatment is not Treatment.NOT_STARTED:
        ended_on = _ended_on(visits) if treatment is Treatment.ON else None
        # The record says "finished" only at completion; the chart has gone on before.
        since_end = f", follow-up since {day_text(ended_on)}" if ended_on else ""
        parts.append(f"{TREATMENT_WORDS[treatment].lower()}{since_end}")
    if following is not None:
        name = visit_name(following.number, following.label)
        parts.append(f"next is {name}, {_next_when(following, today)}")
    return "; ".join(parts) + "."


def _next_when(visit: Visit, today: date) -> str:
    if visit.booked_on and visit.state == "booked":
        return f"booked for {visit.booked_on:%a} {day_text(visit.booked_on)}"
    if visit.closes is None:
        return "not booked"
    if visit.plan == "provisional":
        return f"expected about {day_text(visit.target or visit.closes)}"
    closes = "closed" if visit.closes < today else "closes"
    return f"not booked, window {closes} {day_text(visit.closes)}"


def following_visit(visits: Sequence[Visit]) -> Visit | None:
    """Return the visit that comes next: booked or due the soonest, calls included."""
    waiting = [
        visit
        for visit in visits
        if visit.state in {"planned", "booked"}
        and visit.plan in {"firm", "provisional", "no_day"}
    ]
    last = date.max
    return min(
        waiting,
        key=lambda each: (each.booked_on or each.target or last, each.position),
        default=None,
    )
