"""Choosing raters from the pool: who has not met the participant, and has least to do."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.vocabulary import Permission, roles_with
from assessments.models import Assessment, Draft
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


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody of the pool who could take over; `has_met` the participant before."""

    rater: User
    has_met: bool


def candidates(*, visit: Visit, former_id: int) -> list[Candidate]:
    """Return who could take over a visit's interview, those who have not met first."""
    pool = {visit.site_id: _others(visit, _pool([visit]), former_id)}
    met, _, _ = _past([visit], pool)
    people = User.objects.filter(pk__in=pool[visit.site_id]).order_by("name", "pk")
    found = [Candidate(x, met[visit.participant_id][x.pk] > 0) for x in people]
    return sorted(found, key=lambda each: each.has_met)


def choose_others(
    *, former: Mapping[Visit, int], wanted: Mapping[int, User]
) -> dict[int, Choice]:
    """Return by visit id who takes over from a former rater, in four queries.

    `wanted` names raters by visit id. Somebody who has met the participant takes over
    only where nobody else in the pool could.
    """
    visits = list(former)
    pool = _pool(visits)
    met, _, load = _past(visits, pool)
    found: dict[int, Choice] = {}
    for visit in visits:
        others = _others(visit, pool, former[visit])
        if not others:
            raise Refused(
                "No other rater is on the delegation log for this site. Ask the data "
                "manager to add one."
            )
        known = met[visit.participant_id]
        rater = _least_busy(visit, others, met=met, load=load)
        if visit.pk in wanted:
            named = wanted[visit.pk]
            if named.pk not in others:
                raise Refused(f"{named} is not another rater for this site.")
            if known[named.pk] and not known[rater]:
                raise Refused(
                    f"{named} has rated this participant before, and others in the pool "
                    "have not. Choose one of them."
                )
            rater = named.pk
        found[visit.pk] = Choice(rater, known[rater] > 0)
        known[rater] += 1
        load[rater] += 1
    return found


def _others(
    visit: Visit, pool: Mapping[int, Sequence[int]], former_id: int
) -> list[int]:
    return [rater for rater in pool[visit.site_id] if rater != former_id]


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
    # Who began an interview that was then given to somebody else has met them too.
    for participant, rater in Draft.objects.filter(
        is_set_aside=True, assessment__participant__in=people, user__in=raters
    ).values_list("assessment__participant_id", "user_id"):
        met[participant][rater] += 1
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
    return met, at_visit, _load(raters)


def _load(raters: Iterable[int]) -> Counter[int]:
    """How many interviews each rater has still to give, at sites that nobody here sees too.

    Counted by the database past row-level security: by one site's alone, somebody with
    a full week elsewhere would be the least busy.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rater, interviews FROM walls.interviews_of(%s)", [sorted(raters)]
        )
        return Counter(dict(cursor.fetchall()))
