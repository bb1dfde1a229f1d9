"""Choosing raters from the pool: who has not met the participant, and has least to do."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.vocabulary import Permission, roles_with
from assessments.models import Assessment
from audit.refusal import Refused
from sessions.models import Visit
from trials.models import Delegation

RATER_DEVIATION_WORDS = (
    "Every rater in the pool had rated this participant before; one was chosen again."
)
NAMED_RATER_WORDS = "The rater named for this visit had rated this participant before."


@dataclass(frozen=True, slots=True)
class Choice:
    """The rater of a visit; `is_repeat` where they have met the participant before."""

    rater_id: int
    is_repeat: bool


def choose(*, visits: Sequence[Visit], wanted: Mapping[int, User]) -> dict[int, Choice]:
    """Return a rater for each visit id, in three queries.

    `wanted` names raters by visit id. A visit that has a rater keeps them, so that one
    interview is one person's.
    """
    pool = _pool(visits)
    met, at_visit, load = _past(visits, pool)
    found: dict[int, Choice] = {}
    for visit in visits:
        if visit.pk in found:
            continue
        rater = at_visit.get(visit.pk)
        at_site = pool[visit.site_id]
        if visit.pk in wanted:
            rater = wanted[visit.pk].pk
            if rater not in at_site:
                raise Refused(f"{wanted[visit.pk]} is not a rater for this site.")
        elif rater is None:
            rater = _least_busy(visit, at_site, met=met, load=load)
        found[visit.pk] = Choice(rater, met[visit.participant_id][rater] > 0)
        met[visit.participant_id][rater] += 1
        load[rater] += 1
    return found


def _least_busy(
    visit: Visit,
    pool: Sequence[int],
    *,
    met: Mapping[int, Counter[int]],
    load: Mapping[int, int],
) -> int:
    if not pool:
        raise Refused(
            "No independent rater is on the delegation log for this site. Ask the data "
            "manager to add one."
        )
    # Equally busy raters are taken in an order of the visit's own, or the first name on
    # the log would rate everybody.
    return min(
        pool,
        key=lambda rater: (
            met[visit.participant_id][rater],
            load[rater],
            sha256(f"{visit.uuid}{rater}".encode()).digest(),
        ),
    )


def _pool(visits: Sequence[Visit]) -> dict[int, list[int]]:
    """The raters on the delegation log today for each site."""
    today = timezone.now().date()
    lines = list(
        Delegation.objects.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=today),
            trial_id__in={visit.trial_id for visit in visits},
            role__in=roles_with(Permission.RATE),
            starts_on__lte=today,
            user__is_active=True,
        ).values_list("trial_id", "site_id", "user_id")
    )
    return {
        visit.site_id: list(
            dict.fromkeys(
                user
                for trial, site, user in lines
                if trial == visit.trial_id and site in {None, visit.site_id}
            )
        )
        for visit in visits
    }


def _past(
    visits: Sequence[Visit], pool: Mapping[int, Sequence[int]]
) -> tuple[dict[int, Counter[int]], dict[int, int], Counter[int]]:
    """Who met whom at other visits, who rates at these, and what each has to do."""
    people = {visit.participant_id for visit in visits}
    chosen = {visit.pk for visit in visits}
    raters = {rater for at_site in pool.values() for rater in at_site}
    met: dict[int, Counter[int]] = {key: Counter() for key in people}
    at_visit: dict[int, int] = {}
    past = (
        Assessment.objects.filter(participant__in=people, rater__in=raters)
        .exclude(state="not_done")
        .values_list("participant_id", "visit_id", "rater_id")
        .order_by()
        .distinct()
    )
    for participant, visit, rater in past:
        if rater is None:
            continue
        if visit in chosen:
            at_visit[visit] = rater
        else:
            met[participant][rater] += 1
    busy = (
        Assessment.objects.filter(rater__in=raters)
        .exclude(state__in=["signed", "not_done"])
        .values_list("rater_id", flat=True)
        .order_by()
    )
    return met, at_visit, Counter(rater for rater in busy if rater is not None)
