"""A trial's protocol: the schedule as a picture and a table, lint, and its versions."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import pluralize
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from assessments.access import edition_of
from sessions.drawing.timeline import PlannedMark, Timeline, timeline
from sessions.drawing.windows import PlannedWindow
from sessions.schedule import WINDOWED, PlannedVisit, Record, plan
from trials.access import definition_of, trials_for, trials_where
from trials.models import ProtocolVersion
from trials.protocol import ProtocolDefinition, Timing
from trials.protocol.comparing import Change, compare
from trials.protocol.lint import Finding, lint
from trials.protocol.parts import VisitDefinition
from trials.protocol.vocabulary import Event
from workbench.vocabulary import LANE_ORDER, LANES, visit_name

# The picture's first day: a Monday, and never shown.
_DAY_0 = date(2001, 1, 1)
# Which sizes blocks have would help somebody to foresee the next arm.
_SEALED = frozenset({("randomization", "block_sizes")})


@require_safe
def protocol(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show the protocol in force: what is done when, how well known, what is missing."""
    person = cast(SignedInRequest, request).user
    trial = get_object_or_404(trials_for(person.pk), uuid=uuid)
    versions = list(trial.protocols.order_by("-id"))
    if not versions:
        return render(request, "workbench/protocol.html", {"trial": trial})
    definition = definition_of(versions[0])
    forecast = _forecast(definition)
    findings = lint(definition)
    context = {
        "trial": trial,
        "version": versions[0],
        "definition": definition,
        "timeline": _drawn(definition, forecast),
        "schedule": list(_schedule(definition, forecast)),
        "unmet": _by_failure(x for x in findings if x.waiver is None),
        "waived": [x for x in findings if x.waiver is not None],
        "amendments": list(_amendments(versions)),
        "may_manage": trials_where(person.pk, Permission.MANAGE_TRIAL)
        .filter(pk=trial.pk)
        .exists(),
    }
    return render(request, "workbench/protocol.html", context)


def _forecast(definition: ProtocolDefinition) -> dict[str, PlannedVisit]:
    """Return the course of somebody who consents on day 0, as far as it can be foreseen."""
    record = Record(events={Event.CONSENT: _DAY_0})
    return plan(definition, record, _DAY_0)


def _drawn(
    definition: ProtocolDefinition, forecast: dict[str, PlannedVisit]
) -> Timeline | None:
    """Return the picture of the course by study week; None where nothing has a day.

    Follow-up is left out: months of it would shrink the weeks in which all happens.
    """
    marks = [
        PlannedMark(
            lane=LANES.get(visit.kind, "Assessments"),
            code=visit.number or (f"d{visit.day}" if visit.day else visit.label[:4]),
            title=f"{visit_name(visit.number, visit.label)}. {_span(planned)}",
            href=f"#visit-{visit.code}",
            window=window,
        )
        for visit in definition.visits
        if visit.kind != "follow_up"
        and (planned := forecast[visit.code])
        and (window := _window(planned))
    ]
    if not marks:
        return None
    last = max(day for mark in marks for day in mark.days())
    drawn = timeline(
        LANE_ORDER,
        marks,
        today=_DAY_0,
        first_on=_DAY_0,
        last_on=last + timedelta(days=7),
    )
    titles = {mark.href: mark.title for mark in marks}
    return replace(
        drawn,
        today_x=None,
        # The days of the picture are nobody's: only the weeks mean something.
        marks=[replace(mark, sentence=titles[mark.href]) for mark in drawn.marks],
        sentence=f"{len(marks)} visit{pluralize(len(marks))} by week from consent, each with "
        "its window.",
    )


def _window(planned: PlannedVisit) -> PlannedWindow | None:
    if planned.state not in WINDOWED or not (
        planned.opens and planned.target and planned.closes
    ):
        return None
    return PlannedWindow(planned.opens, planned.target, planned.closes)


def _span(planned: PlannedVisit) -> str:
    """Return the window in weeks from consent, counted as the picture counts them."""
    window = _window(planned)
    if window is None:
        return ""
    first, best, last = (
        (day - _DAY_0).days // 7
        for day in (window.opens_on, window.target_on, window.closes_on)
    )
    if first == last:
        return f"Week {first}"
    return f"Weeks {first} to {last}, best {best}"


def _schedule(
    definition: ProtocolDefinition, forecast: dict[str, PlannedVisit]
) -> Iterator[dict[str, Any]]:
    """Yield the visits as a table's rows: when, what is asked there, how well known."""
    for visit in definition.visits:
        source = definition.provenance_of(visit, "when")
        yield {
            "code": visit.code,
            "number": visit.number,
            "label": visit.label,
            "kind": visit.kind.value.replace("_", " "),
            "timing": _timing(definition, visit.when) if visit.when else "If needed",
            "weeks": _span(forecast[visit.code]),
            "forms": ", ".join(
                edition_of(row).short_title for row in definition.forms_at(visit.code)
            ),
            "provenance": source.provenance.value,
            "cite": source.cite,
        }


def _timing(definition: ProtocolDefinition, when: Timing) -> str:
    anchor = definition.visits_by_code.get(when.anchor)
    of = _called(anchor) if anchor else when.anchor.replace("_", " ")
    where = "before" if when.is_ahead else "after"
    if when.earliest == when.latest:
        return f"{when.target} {where} {of}"
    return f"{when.earliest} to {when.latest} {where} {of}, best {when.target}"


def _called(visit: VisitDefinition) -> str:
    return visit.number or visit.label


def _by_failure(findings: Iterator[Finding]) -> list[dict[str, Any]]:
    """Return the unmet expectations under the failure that each of them answers."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.expectation.group, []).append(finding)
    return [{"code": code, "findings": found} for code, found in groups.items()]


def _amendments(versions: Sequence[ProtocolVersion]) -> Iterator[dict[str, Any]]:
    """Yield each version with what it changes of the one before, the newest first."""
    for newer, older in pairwise(versions):
        definition = definition_of(newer)
        yield {
            "version": newer,
            "reason": definition.amendment.reason if definition.amendment else "",
            "changes": [
                _told(change)
                for change in compare(definition_of(older), definition)
                if (change.part, change.key) not in _SEALED
            ],
        }


def _told(change: Change) -> dict[str, str]:
    return {
        "kind": change.kind.value,
        "part": change.part.replace("_", " "),
        "code": change.code,
        "key": change.key.replace("_", " "),
        "old": change.old,
        "new": change.new,
    }
