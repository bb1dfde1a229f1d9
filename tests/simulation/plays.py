"""A small demonstration to play in tests, and everything a play leaves behind.

Run as a program, it plays the small script on the database that DATABASE_URL names,
one printed line for each act.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

TODAY = date(2026, 3, 9)
PLAIN = 2  # finished participants without a defect


def small_script(today: date = TODAY) -> Any:
    """Return two sites with everybody who carries a defect, two others, and today's."""
    from simulation.defects import planted_defects  # noqa: PLC0415
    from simulation.driver import Member, full_script  # noqa: PLC0415
    from simulation.plan import Cohort  # noqa: PLC0415

    full = full_script(today=today)
    finished = [member for member in full.members if member.state is None]
    cohort = Cohort(full.seed, tuple(member.plan for member in finished))
    flawed = {defect.index for defect in planted_defects(cohort)}
    plain = [
        member.plan.index
        for member in finished
        if member.plan.index not in flawed and member.plan.completed_day is not None
    ][:PLAIN]
    lost = [p.plan.index for p in finished if "Lost" in reason_of(p)]
    chosen = sorted(flawed | set(plain) | set(lost))
    members: list[Member] = []
    for place, index in enumerate(chosen):
        member = finished[index]
        members.append(replace(member, plan=replace(member.plan, site=place % 2)))
    live = [member for member in full.members if member.state is not None]
    sites = full.sites[:2]
    return replace(
        full,
        sites=sites,
        members=(*members, *live),
        lists=tuple(
            entry
            for site, plan in enumerate(sites)
            for entry in list_for(
                plan.code, [m.plan.arm for m in members if m.plan.site == site]
            )
        ),
    )


def reason_of(member: Any) -> str:
    """Return why a member left, empty if they did not."""
    return member.plan.withdrawn.reason if member.plan.withdrawn else ""


def list_for(stratum: str, arms: Sequence[Any]) -> list[Any]:
    """Return a list of whole blocks of four and six that begins with some arms.

    The arms in turn fill blocks as long as they fit; the rest of a block balances it.
    """
    from randomization.blocks import ListEntry  # noqa: PLC0415

    first, second = "active", "comparator"
    codes = [str(arm) for arm in arms]
    size = 6
    blocks = [codes[start : start + size] for start in range(0, len(codes), size)]
    listed: list[str] = []
    for block in blocks:
        assert max(block.count(first), block.count(second)) <= size // 2
        listed += block
        listed += [first] * (size // 2 - block.count(first))
        listed += [second] * (size // 2 - block.count(second))
        # What balances a block would stand between the arms of two.
        assert block is blocks[-1] or len(block) == size
    listed += [first, second, second, first] * 5
    return [ListEntry(stratum, place, arm) for place, arm in enumerate(listed, 1)]


def traces() -> dict[str, list[tuple[Any, ...]]]:
    """Return what a play left, by natural keys: no ids, uuids, moments of the trail."""
    from adverse_events.models import AdverseEvent  # noqa: PLC0415
    from assessments.models import (  # noqa: PLC0415
        Assessment,
        ItemResponse,
        ScoreValue,
    )
    from participants.models import (  # noqa: PLC0415
        ConsentItem,
        Deviation,
        Fact,
        Identity,
        Participant,
    )
    from sessions.models import (  # noqa: PLC0415
        DoseAdministration,
        TherapySession,
        Visit,
    )

    number, visit = "participant__number", "visit__code"
    form = ("assessment__participant__number", "assessment__visit__code")
    wanted: dict[Any, tuple[str, ...]] = {
        Participant: (
            *("number", "state", "screened_on", "enrolled_on", "confirmed_on"),
            *("randomized_on", "ended_on", "end_reason", "treatment", "sex", "age"),
            *("treatment_stopped_on", "treatment_stop_reason"),
        ),
        Identity: (number, "name", "birth_date", "email", "phone"),
        ConsentItem: (number, "code", "is_given", "decided_on"),
        Fact: (number, "code", "value", "observed_on", "is_current"),
        Visit: (
            *(number, "code", "state", "plan", "opens", "target", "closes"),
            *("held_on", "mode", "missed_reason", "booked_on", "booked_time"),
        ),
        TherapySession: (number, visit, "lead_therapist__name", "started_at"),
        DoseAdministration: (
            *(number, visit, "part", "step", "given_at", "capsules"),
            "withheld_reason",
        ),
        Deviation: (number, "kind", "visit_code", "occurred_on", "description"),
        AdverseEvent: (
            *(number, "sequence", "term", "onset_on", "onset_time", "ended_on"),
            *("severity", "valence", "relatedness", "voided_at", "is_hospitalization"),
            *("sponsor_received_at", "sponsor_determined_at"),
        ),
        Assessment: (number, visit, "code", "state", "assessed_on", "rater__name"),
        ItemResponse: (*form, "assessment__code", "item", "value", "missing"),
        ScoreValue: (*form, "assessment__code", "score", "value"),
    }
    return {
        model.__name__: sorted(model.objects.values_list(*fields), key=repr)
        for model, fields in wanted.items()
    }


def _main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django  # noqa: PLC0415

    django.setup()
    from simulation.driver import demonstrate  # noqa: PLC0415

    demonstrate(small_script(), report=lambda act: print(act, flush=True))


if __name__ == "__main__":
    _main()
