"""On the worklist: what was changed after this person signed it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model

from adverse_events.access import signed_content as judgment_of
from adverse_events.models import AdverseEvent
from assessments.access import broken_forms
from assessments.instruments import TITLES
from audit.models import Action
from audit.signing import Became, ChangedSince, changed_since_signed, digest
from participants.access import signed_content as decision_of
from participants.models import EligibilityDecision, Participant
from sessions.drawing.windows import day_text
from trials.access import local_time
from workbench.vocabulary import Kind, visit_name
from workbench.worklist.lines import Address, Here, Line

_Signed = TypeVar("_Signed", bound=Model)


@dataclass(frozen=True, slots=True)
class _Broken:
    """One signature that no longer covers its record, and where that is signed again."""

    signature: ChangedSince
    became: Became
    what: str
    at: Address
    person: Participant
    visit: str = ""


def signatures(here: Here) -> Iterator[Line]:
    """Return what this person signed and somebody changed, in six queries at most.

    In one where nothing was changed. 21 CFR 11.70, ICH E6(R3) 3.16.1(o).
    """
    found = changed_since_signed()
    broken = [
        each
        for each in (
            *_forms(found, here),
            *_events(found, here),
            *_decisions(found, here),
        )
        if each.person.site_id in here.sites
    ]
    acts = _acts(broken)
    for each in broken:
        act = acts.get(each.signature.action_id)
        yield Line(
            kind=Kind.SIGNATURES,
            what=each.what,
            at=each.at,
            participant=each.person.number,
            person=each.person.uuid,
            visit=each.visit,
            why=_why(each, act, here),
            order=(-each.signature.changed_at.timestamp(),),
        )


def _acts(broken: Iterable[_Broken]) -> Mapping[int, Action]:
    wanted = {each.signature.action_id for each in broken}
    return Action.objects.in_bulk(wanted) if wanted else {}


def _why(broken: _Broken, act: Action | None, here: Here) -> str:
    site = here.sites[broken.person.site_id]
    signed, changed = (
        local_time(site, at).date()
        for at in (broken.signature.signed_at, broken.signature.changed_at)
    )
    by = f" by {act.actor_name}" if act else ""
    reason = f": {act.reason}" if act and act.reason else ""
    return (
        f"You signed it on {day_text(signed)}; it {broken.became} on "
        f"{day_text(changed)}{by}{reason}"
    )


def _forms(found: Iterable[ChangedSince], here: Here) -> Iterator[_Broken]:
    for each in broken_forms(now=here.now, found=found):
        form = each.assessment
        title = TITLES.get(form.instrument, form.instrument)
        anew = each.became is Became.SIGNED_ANEW
        yield _Broken(
            each.signature,
            each.became,
            f"Read {title}" if anew else f"Sign {title} again",
            Address("assessments:enter", form.uuid),
            form.participant,
            visit_name(form.visit.number, form.visit.label),
        )


def _events(found: Iterable[ChangedSince], here: Here) -> Iterator[_Broken]:
    mine = _of_table(found, AdverseEvent)
    if not mine:
        return
    for event in AdverseEvent.objects.filter(pk__in=mine).select_related("participant"):
        signature = mine[event.pk]
        became = signature.became(
            digest(judgment_of(event)), is_open=False, now=here.now
        )
        if became is not None and event.voided_at is None:
            yield _Broken(
                signature,
                became,
                f"Judge causality again: {event.term}",
                Address("adverse_events:event", event.uuid),
                event.participant,
            )


def _decisions(found: Iterable[ChangedSince], here: Here) -> Iterator[_Broken]:
    mine = _of_table(found, EligibilityDecision)
    if not mine:
        return
    decisions = EligibilityDecision.objects.filter(pk__in=mine)
    for decision in decisions.select_related("participant"):
        signature = mine[decision.pk]
        became = signature.became(
            digest(decision_of(decision)), is_open=False, now=here.now
        )
        if became is not None:
            yield _Broken(
                signature,
                became,
                f"Look at the decision on {decision.milestone.replace('_', ' ')}",
                Address("participants:eligibility", decision.participant.uuid),
                decision.participant,
            )


def _of_table(
    found: Iterable[ChangedSince], model: type[_Signed]
) -> dict[int, ChangedSince]:
    table = model._meta.db_table  # noqa: SLF001 - Django's public name
    return {int(each.row): each for each in found if each.table == table}
