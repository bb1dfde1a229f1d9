"""What can be done from a page now: the primary act, the others, and what is in the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from accounts.vocabulary import Permission
from assessments.access import ExpectedForm
from participants.access import NEXT_MILESTONE, judged, settled_in
from participants.lifecycle import BEFORE_RANDOMIZATION, HAS_LEFT, State, Treatment
from participants.models import Fact, Participant
from participants.vocabulary import CONFIRMATION
from randomization.access import has_arm
from sessions.lifecycle import is_late
from sessions.models import DoseAdministration, TherapySession, Visit
from trials.access import definition_of
from workbench.access import Desk
from workbench.views.course import in_words
from workbench.vocabulary import Act
from workbench.worklist import next_step

_P = Permission
WITH_SESSION = frozenset({"preparatory", "dosing", "integration"})


@dataclass(frozen=True, slots=True)
class Acts:
    """The next legal act, others beside it, one not open yet, and those rarely needed."""

    primary: Act | None = None
    beside: tuple[Act, ...] = ()
    blocked: Act | None = None
    rare: tuple[Act, ...] = ()


def participant_acts(
    desk: Desk,
    person: Participant,
    facts: Mapping[str, Fact],
    *,
    following: Visit | None,
    visits: Sequence[Visit],
    today: date,
) -> Acts:
    """Return what this person may do for a participant, and what stands in the way."""
    primary, blocked = _step_acts(desk, person, facts, today=today)
    if primary is None and _is_finished(person, visits):
        primary = _completion(desk, person)
    if primary is None and following is not None:
        primary = _next_visit_act(desk, following, today=today)
    beside: tuple[Act, ...] = ()
    if desk.may(_P.REPORT_EVENTS, person.site):
        beside = (_reporting(person),)
    return Acts(primary, beside, blocked, tuple(_rare_acts(desk, person)))


def _reporting(person: Participant) -> Act:
    """Return the act of reporting an event; age and sex come with the consent."""
    if person.age is None:
        return Act("Report event", why="Events are reported from consent on.")
    return Act("Report event", reverse("adverse_events:report", args=[person.uuid]))


def _completion(desk: Desk, person: Participant) -> Act | None:
    if not desk.may(_P.RECORD_VISITS, person.site):
        return None
    return Act(
        "Record completion", reverse("assessments:complete_trial", args=[person.uuid])
    )


def _step_acts(
    desk: Desk, person: Participant, facts: Mapping[str, Fact], *, today: date
) -> tuple[Act | None, Act | None]:
    """Return the step that is open, and the one that waits for something or somebody."""
    form_to_sign: str | None = person.form_to_sign  # type: ignore[attr-defined] # annotated by the page
    step = next_step(person, facts, today=today, form_to_sign=form_to_sign)
    if step is not None:
        if desk.may(step.permission, person.site):
            return Act(step.what, reverse(step.route, args=[person.uuid])), None
        why = "The investigator confirms and signs."
        is_theirs = step.permission is _P.CONFIRM_ELIGIBILITY
        return None, Act(step.what, why=why) if is_theirs else None
    milestone = NEXT_MILESTONE.get(State(person.state))
    if milestone is None or _is_settled(person):
        return None, None
    return _what_is_missing(desk, person, facts, milestone=milestone, today=today)


def _what_is_missing(
    desk: Desk,
    person: Participant,
    facts: Mapping[str, Fact],
    *,
    milestone: str,
    today: date,
) -> tuple[Act | None, Act | None]:
    definition = definition_of(person.protocol_version)
    result = judged(definition, milestone, facts, on=today)
    not_met = sum(each.verdict == "not_met" for each in result.results)
    missing = len(result.missing_facts)
    parts = [
        _count(not_met, "criterion is not satisfied", "criteria are not satisfied"),
        _count(missing, "fact is not recorded", "facts are not recorded"),
    ]
    is_confirmation = milestone == CONFIRMATION
    label = "Confirm eligibility" if is_confirmation else "Enroll participant"
    url = reverse("participants:eligibility", args=[person.uuid])
    said = [part for part in parts if part]
    why = (
        " and ".join(said) + "."
        if said
        else "Not every criterion is known to be satisfied."
    )
    blocked = Act(label, why=why, unlock_url=url)
    may_record = desk.may(_P.RECORD_FACTS, person.site)
    is_first = not is_confirmation and missing > 0
    primary = Act("Record eligibility", url) if may_record and is_first else None
    return primary, blocked


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""


def _is_finished(person: Participant, visits: Sequence[Visit]) -> bool:
    return _is_settled(person) and any(
        visit.kind == "termination" and visit.state == "held" for visit in visits
    )


def _is_settled(person: Participant) -> bool:
    """Whether somebody is where the protocol treats people: mostly randomized."""
    return person.state == settled_in(definition_of(person.protocol_version))


def _next_visit_act(desk: Desk, visit: Visit, *, today: date) -> Act | None:
    if not desk.may(_P.RECORD_VISITS, visit.site):
        return None
    name = visit.number or ("call" if visit.kind == "call" else "visit")
    is_day = visit.booked_on is not None and visit.booked_on <= today
    # A call is made within its window, and seldom booked.
    is_call = (
        visit.kind == "call"
        and visit.state == "planned"
        and visit.opens is not None
        and visit.opens <= today
    )
    if (visit.state == "booked" and is_day) or _is_late(visit, today) or is_call:
        return Act(f"Record {name}", reverse("sessions:hold", args=[visit.uuid]))
    if visit.state == "planned" and visit.plan in {"firm", "no_day"}:
        return Act(f"Book {name}", reverse("sessions:book", args=[visit.uuid]))
    return None


def _is_late(visit: Visit, today: date) -> bool:
    return is_late(visit.state, visit.plan, closes=visit.closes, today=today)


def _rare_acts(desk: Desk, person: Participant) -> list[Act]:
    state = State(person.state)
    wanted = []
    if state not in HAS_LEFT:
        wanted.append(
            (_P.RECORD_VISITS, "Record deviation", "participants:new_deviation")
        )
        wanted.append(
            (_P.SCREEN, "Correct day of screening", "participants:screening_day")
        )
    if definition_of(person.protocol_version).parent is not None:
        link = "Unlink from" if person.parent_id else "Link to"
        wanted.append((_P.SCREEN, f"{link} parent study", "sessions:parent"))
    if state in BEFORE_RANDOMIZATION and not _is_settled(person):
        wanted.append((_P.SCREEN, "Screen failure", "sessions:fail_screening"))
    if _is_settled(person):
        treated = Treatment(person.treatment)
        if treated in {Treatment.NOT_STARTED, Treatment.ON}:
            wanted.append(
                (_P.STOP_TREATMENT, "Stop treatment", "sessions:stop_treatment")
            )
        wanted.append((_P.STOP_TREATMENT, "Withdraw", "sessions:withdraw"))
    if _is_settled(person) and has_arm(person):
        wanted.append((_P.UNBLIND, "Unblind", "randomization:unblind"))
    wanted += _unblindings(person)
    return [
        Act(label, reverse(route, args=[person.uuid]))
        for permission, label, route in wanted
        if desk.may(permission, person.site)
    ]


def _unblindings(person: Participant) -> list[tuple[Permission, str, str]]:
    """Return the unblinding that the protocol plans, and the record of an accident."""
    if not has_arm(person):
        return []
    found = [
        (
            _P.RECORD_UNBLINDING,
            "Record accidental unblinding",
            "randomization:accident",
        )
    ]
    unblinding = definition_of(person.protocol_version).unblinding
    if unblinding is not None and unblinding.at:
        planned = (_P.SEE_REVEALED, "Planned unblinding", "randomization:planned")
        found.insert(0, planned)
    return found


@dataclass(frozen=True, slots=True)
class AtVisit:
    """What is on record of a visit, as its acts depend on it."""

    visit: Visit
    forms: Sequence[ExpectedForm]
    session: TherapySession | None
    doses: Sequence[DoseAdministration]


def visit_acts(desk: Desk, known: AtVisit, *, today: date) -> Acts:
    """Return what this person may do at a visit; the first that is open is primary."""
    visit = known.visit
    if not desk.may(_P.RECORD_VISITS, visit.site):
        return Acts(_dispensing(desk, known))
    if visit.state in {"planned", "booked"}:
        return _before(visit, today=today)
    if visit.state != "held":
        return Acts(beside=(_act("Plan visit again", "sessions:reinstate", visit),))
    acts = _after(desk, known)
    beside: tuple[Act, ...] = ()
    if desk.may(_P.REPORT_EVENTS, visit.site):
        url = reverse("adverse_events:report", args=[visit.participant.uuid])
        beside = (Act("Report event", url),)
    return Acts(
        acts[0] if acts else None, (*acts[1:], *beside), rare=_corrections(known)
    )


def _corrections(known: AtVisit) -> tuple[Act, ...]:
    """Return what is done about a mistaken record of a visit: never an everyday act."""
    visit = known.visit
    correct = _act("Correct the day, or how it was held", "sessions:hold", visit)
    is_proven = known.session is not None or any(x.given_at for x in known.doses)
    if is_proven:  # what is on record of it shows that it took place
        return (correct,)
    undo = _act("It was not held: undo this record", "sessions:reinstate", visit)
    return (correct, undo)


def _act(label: str, route: str, visit: Visit) -> Act:
    return Act(label, reverse(route, args=[visit.uuid]))


def _before(visit: Visit, *, today: date) -> Acts:
    """Return the acts on a visit not held yet; the window decides which comes first."""
    if visit.plan in {"waiting", "if_needed", "not_for", "cancelled"}:
        return Acts(
            blocked=Act(
                "Book visit", why=in_words(visit.why) or "It has no window yet."
            )
        )
    record = _act("Record visit", "sessions:hold", visit)
    # What no plan asked for is not missed but cancelled.
    missed = (
        _act("Cancel visit", "sessions:cancel", visit)
        if visit.turn
        else _act("Record as missed", "sessions:miss", visit)
    )
    if visit.state == "booked":
        return _booked(visit, record, missed, today=today)
    book = _act("Book visit", "sessions:book", visit)
    if _is_late(visit, today):
        return Acts(record, (book, missed))
    is_early = visit.opens is not None and visit.opens > today
    return Acts(book, () if is_early else (record, missed))


def _booked(visit: Visit, record: Act, missed: Act, *, today: date) -> Acts:
    change = _act("Change booking", "sessions:book", visit)
    if visit.booked_on is None or visit.booked_on <= today:
        return Acts(record, (change, missed))
    # People come sooner than they said: the visit is recorded from here all the same.
    return Acts(None, (change, record, missed))


def _after(desk: Desk, known: AtVisit) -> list[Act]:
    """Return what a held visit still lacks, first what the day itself produced."""
    visit = known.visit
    acts = [act for act in (_dispensing(desk, known),) if act is not None]
    if visit.kind == "dosing" and not _is_dosed(known):
        acts.append(_act("Record dosing", "sessions:dosing", visit))
    if visit.kind in WITH_SESSION and known.session is None:
        acts.append(_act("Record session", "sessions:session", visit))
    return acts


def _dispensing(desk: Desk, known: AtVisit) -> Act | None:
    """Return the act of dispensing where a dosing visit has no kit yet."""
    visit = known.visit
    is_open = visit.kind == "dosing" and visit.state in {"booked", "held"}
    if not is_open or known.doses or not desk.may(_P.DISPENSE, visit.site):
        return None
    return _act("Dispense kit", "randomization:dispense", visit)


def _is_dosed(known: AtVisit) -> bool:
    """Tell whether the initial dose is settled: given, or withheld with a reason."""
    return any(
        dose.part == "initial" and (dose.given_at is not None or dose.withheld_reason)
        for dose in known.doses
    )
