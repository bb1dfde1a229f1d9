"""What is not finished in a trial, in numbers: what stands in the way of its lock."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from adverse_events.access import (
    events_without_causality,
    events_without_determination,
    events_without_end,
    events_without_receipt,
    unsent_reports,
)
from assessments.access import outstanding_forms
from assessments.lifecycle import IS_FINISHED
from assessments.models import Assessment
from participants.lifecycle import HAS_LEFT
from participants.models import Participant
from sessions.lifecycle import STILL_TO_COME
from sessions.models import Visit
from trials.models import Site, Trial

_ALL = 1_000_000
# What the planner says of a visit that can still be held.
_CAN_COME = ("firm", "provisional")


@dataclass(frozen=True, slots=True)
class OpenMatter:
    """Something of which `count` are not finished; `one` and `many` say what it is."""

    count: int
    one: str
    many: str

    @property
    def sentence(self) -> str:
        return f"{self.count} {self.one if self.count == 1 else self.many}"


def open_matters(trial: Trial) -> list[OpenMatter]:
    """Return what is not finished in a trial, in one count each however large it is.

    Nothing here can be done after the lock, so none may be left (ICH E6(R3) 4.2.6).
    """
    sites = list(Site.objects.filter(trial=trial).values_list("pk", flat=True))
    visits, forms = _held_back(trial)
    found = [
        OpenMatter(
            Participant.objects.filter(trial=trial).exclude(state__in=HAS_LEFT).count(),
            "participant is still in the trial.",
            "participants are still in the trial.",
        ),
        OpenMatter(
            Visit.objects.filter(
                trial=trial, state__in=STILL_TO_COME, plan__in=_CAN_COME
            ).count()
            + visits,
            "visit is still to come.",
            "visits are still to come.",
        ),
        OpenMatter(
            _forms(trial, sites) + forms,
            "form is not signed.",
            "forms are not signed.",
        ),
        *_events(trial, sites),
    ]
    return [matter for matter in found if matter.count]


def _held_back(trial: Trial) -> tuple[int, int]:
    """Return how many visits are to come and forms were begun that the reader cannot see.

    Whoever locks is not told what a planned unblinding opened. A form that nobody has
    begun at such a visit is on its site's own lists and not in this count.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT visits, forms FROM audit.held_back_left(%s)", [trial.pk])
        return cursor.fetchone() or (0, 0)


def _forms(trial: Trial, sites: Sequence[int]) -> int:
    """Count what held visits lack, and what was begun beside the protocol."""
    waiting = outstanding_forms(sites, limit=_ALL)
    known = {form.assessment_uuid for form in waiting if form.assessment_uuid}
    begun = Assessment.objects.filter(trial=trial).exclude(state__in=IS_FINISHED)
    others = set(begun.values_list("uuid", flat=True)) - known
    return len(waiting) + len(others)


def _events(trial: Trial, sites: Sequence[int]) -> list[OpenMatter]:
    return [
        OpenMatter(
            events_without_causality(sites).count(),
            "event waits for the investigator's judgment.",
            "events wait for the investigator's judgment.",
        ),
        OpenMatter(
            events_without_receipt(sites).count(),
            "serious event waits for the sponsor's receipt.",
            "serious events wait for the sponsor's receipt.",
        ),
        OpenMatter(
            events_without_determination(sites).count(),
            "serious event waits for the sponsor's determination.",
            "serious events wait for the sponsor's determination.",
        ),
        OpenMatter(
            events_without_end(sites).count(),
            "serious event has neither an end nor a final outcome.",
            "serious events have neither an end nor a final outcome.",
        ),
        OpenMatter(
            unsent_reports().filter(trial=trial).count(),
            "safety report is not sent.",
            "safety reports are not sent.",
        ),
    ]
