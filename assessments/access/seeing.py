"""Which assessments a person may see, and how much of each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.vocabulary import ROLES, Permission, Role
from assessments.instruments import REGISTRY, instrument
from assessments.instruments.base import Instrument
from assessments.lifecycle import TAKES_DRAFTS
from assessments.models import Assessment
from audit.actors import AnyActor, SystemActor
from sessions.models import Visit
from trials.access import (
    definition_of,
    delegations_of,
    protocol_versions,
    sites_for,
)
from trials.protocol import AssessmentRow, ProtocolDefinition

RATER_ROLE = Role.RATER.value
PARTICIPANT = "participant"


def assessments_for(user_id: int) -> QuerySet[Assessment]:
    """Return the assessments this person may open: a rater's own, a site's all.

    What they may read of one is `standings`; hidden forms are a state to a site.
    """
    rated = sites_for(user_id, Permission.RATE)
    read = sites_for(user_id, Permission.VIEW_PARTICIPANTS)
    shown = Assessment.objects.filter(
        Q(rater_id=user_id, site__in=rated) | Q(site__in=read)
    ).select_related("trial", "site", "participant", "visit__protocol_version", "rater")
    return shown.defer("visit__protocol_version__text")


def rater_queue(user_id: int) -> QuerySet[Assessment]:
    """Return the interviews that wait for this rater, the next one first."""
    return (
        Assessment.objects.filter(
            rater_id=user_id, site__in=sites_for(user_id, Permission.RATE)
        )
        .exclude(state__in=["signed", "not_done"])  # as the index has it
        .exclude(state="locked")
        .select_related("trial", "visit", "site")
        .order_by("due_on", "visit__booked_time", "opaque_code")
    )


def reassignable_by(user_id: int) -> QuerySet[Assessment]:
    """Return the rated assessments that this person may give to another rater.

    Those who request interviews at a site, and those who keep the pool.
    """
    requests = sites_for(user_id, Permission.ENTER_ASSESSMENTS)
    assigns = sites_for(user_id, Permission.ASSIGN_RATERS)
    return Assessment.objects.filter(
        Q(site__in=requests) | Q(site__in=assigns), rater__isnull=False
    ).select_related("trial", "site", "participant", "visit", "rater")


def signable_by(user_id: int) -> QuerySet[Assessment]:
    """Return the complete assessments that wait for this person's signature."""
    site = sites_for(user_id, Permission.ENTER_ASSESSMENTS)
    signs = sites_for(user_id, Permission.SIGN_ASSESSMENTS)
    own = Q(rater_id=user_id, site__in=sites_for(user_id, Permission.RATE))
    ours = Q(site__in=site.filter(pk__in=signs.values("pk")), is_hidden_from_site=False)
    return (
        Assessment.objects.filter(own | ours, state="complete")
        .select_related("participant", "visit", "site")
        .order_by("assessed_on", "opaque_code")
    )


def is_for_rater(row: AssessmentRow) -> bool:
    """Tell whether a form is given by an independent rater alone."""
    return row.by == (RATER_ROLE,)


def edition_of(row: AssessmentRow) -> Instrument:
    """Return the edition that a row schedules; the newest where it names none."""
    if row.version:
        return instrument(row.form, row.version)
    return [each for each in REGISTRY.values() if each.code == row.form][-1]


def roles_at(
    user_id: int, places: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], frozenset[Role]]:
    """Return this person's roles today at each (trial id, site id), in one query."""
    wanted = set(places)
    lines = list(
        delegations_of(user_id)
        .filter(trial_id__in={trial for trial, _ in wanted})
        .values_list("trial_id", "site_id", "role")
    )
    return {
        (trial, site): frozenset(
            Role(role)
            for at_trial, at_site, role in lines
            if at_trial == trial and at_site in {None, site}
        )
        for trial, site in wanted
    }


def permissions_in(roles: Iterable[Role]) -> frozenset[Permission]:
    """Return everything that these roles include."""
    return frozenset[Permission]().union(*(ROLES[role].permissions for role in roles))


@dataclass(frozen=True, slots=True)
class Standing:
    """What one person is to one assessment today.

    `is_rater` is the blinded reader: they are shown code, instrument, period and date.
    """

    is_rater: bool
    sees_answers: bool
    sees_scores: bool
    may_enter: bool
    may_transcribe: bool
    may_sign: bool


def standings(
    user_id: int, pairs: Sequence[tuple[Assessment, AssessmentRow]]
) -> list[Standing]:
    """Return what this person may see of and do with each assessment, in one query."""
    roles = roles_at(user_id, [(each.trial_id, each.site_id) for each, _ in pairs])
    return [
        _standing(
            roles[each.trial_id, each.site_id], row, assessment=each, user_id=user_id
        )
        for each, row in pairs
    ]


def _standing(
    roles: frozenset[Role], row: AssessmentRow, *, assessment: Assessment, user_id: int
) -> Standing:
    given = permissions_in(roles)
    owns = assessment.rater_id == user_id
    is_rater = owns and is_for_rater(row) and Permission.RATE in given
    of_site = Permission.ENTER_ASSESSMENTS in given
    hidden = assessment.is_hidden_from_site
    transcribes = row.from_paper and Permission.TRANSCRIBE_ASSESSMENTS in given
    outcomes = Permission.VIEW_OUTCOMES in given
    signs_site = of_site and Permission.SIGN_ASSESSMENTS in given and not hidden
    return Standing(
        is_rater=is_rater,
        sees_answers=is_rater
        or outcomes
        or (of_site and not hidden)
        or (transcribes and assessment.state in TAKES_DRAFTS),
        sees_scores=outcomes or (of_site and not hidden),
        may_enter=is_rater or (of_site and _gives(roles, row)),
        may_transcribe=transcribes,
        may_sign=is_rater or signs_site,
    )


def _gives(roles: frozenset[Role], row: AssessmentRow) -> bool:
    """A participant's own form is entered with anybody at the site; a clinician's not."""
    return not is_for_rater(row) and (
        PARTICIPANT in row.by or any(role.value in row.by for role in roles)
    )


def may_give(
    by: AnyActor, visits_and_rows: Sequence[tuple[Visit, AssessmentRow]]
) -> list[bool]:
    """Tell for each form of a visit whether the actor may fill it in at that site."""
    if isinstance(by, SystemActor):
        return [True] * len(visits_and_rows)
    places = [(visit.trial_id, visit.site_id) for visit, _ in visits_and_rows]
    roles = roles_at(by.user_id, places)
    found = []
    for place, (_, row) in zip(places, visits_and_rows, strict=True):
        given = permissions_in(roles[place])
        enters = Permission.ENTER_ASSESSMENTS in given and _gives(roles[place], row)
        copies = row.from_paper and Permission.TRANSCRIBE_ASSESSMENTS in given
        found.append(enters or copies)
    return found


def definitions_of(visits: Iterable[Visit]) -> dict[int, ProtocolDefinition]:
    """Return the definitions that these visits are planned by, by version id."""
    return protocol_versions({visit.protocol_version_id for visit in visits})


def row_of(assessment: Assessment) -> AssessmentRow:
    """Return the protocol's line that an assessment stands on."""
    definition = definition_of(assessment.visit.protocol_version)
    return definition.row(assessment.code)
