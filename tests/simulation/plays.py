"""A small demonstration to play in tests, and everything that a play leaves behind."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from adverse_events.models import AdverseEvent
from assessments.models import Assessment, ItemResponse, ScoreValue
from participants.models import (
    ConsentItem,
    Deviation,
    Fact,
    Participant,
)
from randomization.blocks import ListEntry
from sessions.models import DoseAdministration, TherapySession, Visit
from simulation.defects import planted_defects
from simulation.driver import Member, Script, demonstrate, full_script
from simulation.leaving import LOST
from simulation.plan import Cohort
from tests.identities import identity_of

TODAY = date(2026, 3, 9)
OTHERS = 2  # finished participants without a defect
OF_AN_ARM = 3  # at one site, so that they fit into a block of six in any order


def finished_cohort(script: Script) -> Cohort:
    """Return the plans of those in a script who have finished."""
    plans = [member.plan for member in script.members if member.state is None]
    return Cohort(script.seed, tuple(plans))


def small_script(today: date = TODAY) -> Script:
    """Return a few sites with everybody who carries a defect, some others, and today's."""
    full = full_script(today=today)
    flawed = {defect.index for defect in planted_defects(finished_cohort(full))}
    finished = [member for member in full.members if member.state is None]
    plain = [
        member.plan.index
        for member in finished
        if member.plan.index not in flawed and member.plan.completed_day is not None
    ]
    lost = {each.plan.index for each in finished if _is_lost(each)}
    chosen = flawed | lost | set(plain[:OTHERS])
    members = _seated([each for each in finished if each.plan.index in chosen])
    sites = full.sites[: max(member.plan.site for member in members) + 1]
    assert len(sites) >= 2
    live = [member for member in full.members if member.state is not None]
    lists = [
        entry
        for site, plan in enumerate(sites)
        for entry in _list_for(
            plan.code, [str(m.plan.arm) for m in members if m.plan.site == site]
        )
    ]
    return replace(full, sites=sites, members=(*members, *live), lists=tuple(lists))


def _is_lost(member: Member) -> bool:
    return member.plan.withdrawn is not None and member.plan.withdrawn.reason == LOST


def _seated(members: Sequence[Member]) -> list[Member]:
    """Put each at the first site that has fewer than three of their arm."""
    seats: Counter[tuple[int, object]] = Counter()
    found = []
    for member in members:
        arm = member.plan.arm
        site = next(site for site in range(13) if seats[site, arm] < OF_AN_ARM)
        seats[site, arm] += 1
        found.append(replace(member, plan=replace(member.plan, site=site)))
    return found


def _list_for(stratum: str, arms: Sequence[str]) -> list[ListEntry]:
    """Return a list whose first block of six begins with some arms."""
    rest = [
        arm
        for arm in ("active", "comparator")
        for _ in range(OF_AN_ARM - list(arms).count(arm))
    ]
    listed = [*arms, *rest, *["active", "comparator", "comparator", "active"] * 5]
    return [ListEntry(stratum, place, arm) for place, arm in enumerate(listed, 1)]


def play_small() -> None:
    """Play the small script, one printed line for each act."""
    demonstrate(small_script(), report=_say)


def _say(act: str) -> None:
    sys.stdout.write(f"{act}\n")
    sys.stdout.flush()


_NUMBER, _VISIT = "participant__number", "visit__code"
_FORM = (
    "assessment__participant__number",
    "assessment__visit__code",
    "assessment__code",
)
TRACES: dict[Any, tuple[str, ...]] = {
    Participant: (
        *("number", "state", "screened_on", "enrolled_on", "confirmed_on"),
        *("randomized_on", "ended_on", "end_reason", "treatment", "sex", "age"),
        *("treatment_stopped_on", "treatment_stop_reason"),
    ),
    ConsentItem: (_NUMBER, "code", "is_given", "decided_on"),
    Fact: (_NUMBER, "code", "value", "observed_on", "is_current"),
    Visit: (
        *(_NUMBER, "code", "state", "plan", "opens", "target", "closes"),
        *("held_on", "mode", "missed_reason", "booked_on", "booked_time"),
    ),
    TherapySession: (_NUMBER, _VISIT, "lead_therapist__name", "started_at"),
    DoseAdministration: (
        *(_NUMBER, _VISIT, "part", "step", "given_at", "capsules"),
        "withheld_reason",
    ),
    Deviation: (_NUMBER, "kind", "visit_code", "occurred_on", "description"),
    AdverseEvent: (
        *(_NUMBER, "sequence", "term", "onset_on", "onset_time", "ended_on"),
        *("severity", "valence", "relatedness", "voided_at", "is_hospitalization"),
        *("sponsor_received_at", "sponsor_determined_at"),
    ),
    Assessment: (_NUMBER, _VISIT, "code", "state", "assessed_on", "rater__name"),
    ItemResponse: (*_FORM, "item", "value", "missing"),
    ScoreValue: (*_FORM, "score", "value"),
}


def traces() -> dict[str, list[tuple[Any, ...]]]:
    """Return what a play left, by natural keys: no ids, uuids, kits, moments of the trail."""
    found = {
        model.__name__: sorted(model.objects.values_list(*fields), key=repr)
        for model, fields in TRACES.items()
    }
    people = Participant.objects.order_by("number")
    return found | {"Identity": [(row.number, *_identity(row)) for row in people]}


def _identity(participant: Participant) -> tuple[Any, ...]:
    known = identity_of(participant)
    return (
        ()
        if known is None
        else (known.name, known.birth_date, known.email, known.phone)
    )
