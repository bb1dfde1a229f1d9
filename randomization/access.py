"""What others may ask of randomization: numbers, kits and unblindings, never an arm."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, Q, QuerySet

from accounts.vocabulary import Permission
from participants.lifecycle import WORDS, State
from participants.models import EligibilityDecision, Participant
from randomization.models import Kit, Randomization, Unblinding
from trials.access import definition_of, sites_for, trials_where
from trials.models import ProtocolVersion, Site, Trial
from trials.protocol import ProtocolDefinition

# The one stratum of a trial that does not stratify.
WHOLE_TRIAL = "all"


@dataclass(frozen=True, slots=True)
class DispensedKit:
    """A kit that was dispensed for one administration at a visit."""

    number: str
    visit_id: int
    part: str
    dispensed_at: datetime


@dataclass(frozen=True, slots=True)
class UnblindingLine:
    """That somebody learned a participant's arm, and why."""

    participant_id: int
    participant_number: str
    site_id: int
    kind: str
    name: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Places:
    """How long the sealed list of a stratum is, and how much of it is used."""

    total: int
    used: int

    @property
    def left(self) -> int:
        return self.total - self.used


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing that must be true, in a sentence."""

    sentence: str
    is_met: bool


@dataclass(frozen=True, slots=True)
class Stock:
    """The kits of a site, counted without a word on what they hold."""

    site: Site
    total: int
    dispensed: int

    @property
    def left(self) -> int:
        return self.total - self.dispensed


def randomization_numbers(participant_ids: Iterable[int]) -> dict[int, str]:
    """Return the randomization number of each participant who has one."""
    return dict(
        Randomization.objects.filter(participant_id__in=set(participant_ids))
        .order_by("participant_id")
        .values_list("participant_id", "number")
    )


def kits_of(visit_ids: Iterable[int]) -> dict[int, list[DispensedKit]]:
    """Return the kits dispensed for each visit, the initial dose's first."""
    found: dict[int, list[DispensedKit]] = {}
    kits = Kit.objects.filter(visit_id__in=set(visit_ids)).order_by("visit_id", "part")
    for kit in kits:
        if kit.visit_id is not None and kit.dispensed_at is not None:
            line = DispensedKit(kit.number, kit.visit_id, kit.part, kit.dispensed_at)
            found.setdefault(kit.visit_id, []).append(line)
    return found


def unblindings_of(participant_ids: Iterable[int]) -> dict[int, list[UnblindingLine]]:
    """Return who learned each participant's arm, latest first."""
    found: dict[int, list[UnblindingLine]] = {}
    chosen = Unblinding.objects.filter(participant_id__in=set(participant_ids))
    for line in _lines(chosen):
        found.setdefault(line.participant_id, []).append(line)
    return found


def unblindings_at(
    site_ids: Iterable[int], *, since: datetime | None = None
) -> list[UnblindingLine]:
    """Return the unblindings at some sites, latest first, for a worklist."""
    chosen = Unblinding.objects.filter(site_id__in=set(site_ids))
    return _lines(chosen.filter(revealed_at__gte=since) if since else chosen)


def _lines(unblindings: QuerySet[Unblinding]) -> list[UnblindingLine]:
    rows = unblindings.select_related("participant", "revealed_to")
    return [
        UnblindingLine(
            participant_id=row.participant_id,
            participant_number=row.participant.number,
            site_id=row.site_id,
            kind=row.get_kind_display(),
            name=row.revealed_to.name,
            at=row.revealed_at,
            why=row.why,
        )
        for row in rows.order_by("-revealed_at", "-id")
    ]


def stocks_of(sites: Iterable[Site]) -> list[Stock]:
    """Return the kits of some sites in numbers, in one query."""
    wanted = list(sites)
    counted = {
        row["site_id"]: row
        for row in Kit.objects.filter(site__in=wanted)
        .order_by()
        .values("site_id")
        .annotate(total=Count("id"), used=Count("id", filter=Q(visit__isnull=False)))
    }
    nothing = {"total": 0, "used": 0}
    return [
        Stock(site, *(counted.get(site.pk, nothing)[key] for key in ("total", "used")))
        for site in wanted
    ]


def places_of(trial_id: int) -> dict[str, Places]:
    """Return the length and use of the trial's sealed list by stratum."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM sealed.places(%s)", [trial_id])
        return {stratum: Places(total, used) for stratum, total, used in cursor}


def stratum_of(site: Site, definition: ProtocolDefinition) -> str:
    """Return the stratum of a site's participants: its number, or the whole trial's."""
    strata = definition.randomization.strata if definition.randomization else ()
    return site.number if "site" in strata else WHOLE_TRIAL


def current_definition(trial: Trial) -> ProtocolDefinition | None:
    """Return the trial's latest protocol, None before one was adopted."""
    version = ProtocolVersion.objects.filter(trial=trial).order_by("-id").first()
    return definition_of(version) if version else None


def eligible_at(participants: Iterable[Participant]) -> dict[int, frozenset[str]]:
    """Return the milestones at which each participant's last decision was "eligible"."""
    latest: dict[tuple[int, str], bool] = {}
    decisions = EligibilityDecision.objects.filter(
        participant_id__in={participant.pk for participant in participants}
    )
    for decision in decisions.order_by("id"):
        key = (decision.participant_id, decision.milestone)
        latest[key] = decision.is_eligible
    found: dict[int, set[str]] = {}
    for (participant_id, milestone), is_eligible in latest.items():
        if is_eligible:
            found.setdefault(participant_id, set()).add(milestone)
    return {key: frozenset(milestones) for key, milestones in found.items()}


def gates_of(participant: Participant) -> list[Gate]:
    """Return what must be true before somebody is randomized, each with a sentence.

    The order is that of the course. That the list has a place says nothing of an arm.
    """
    definition = definition_of(participant.protocol_version)
    planned = definition.randomization
    if planned is None:
        return [Gate("This protocol has no randomization.", is_met=False)]
    state = State(participant.state)
    eligible = eligible_at([participant]).get(participant.pk, frozenset())
    places = places_of(participant.trial_id)
    listed = places.get(stratum_of(participant.site, definition))
    return [
        Gate(
            f"State: {WORDS[state].lower()}."
            if state is State.CONFIRMED
            else f"State: {WORDS[state].lower()}. Enrollment must be confirmed first.",
            is_met=state is State.CONFIRMED,
        ),
        *(
            Gate(
                f"The investigator's signed decision on {milestone.replace('_', ' ')}.",
                is_met=milestone in eligible,
            )
            for milestone in planned.needs
        ),
        Gate(
            "The sealed list has a place."
            if listed and listed.left
            else "The sealed list has no place. Call the trial's statistician.",
            is_met=bool(listed and listed.left),
        ),
    ]


def lists_for(user_id: int) -> QuerySet[Trial]:
    """Return the trials whose sealed list this person keeps."""
    return trials_where(user_id, Permission.LOAD_LIST)


def kit_sites_for(user_id: int) -> QuerySet[Site]:
    """Return the sites whose kits this person keeps."""
    return sites_for(user_id, Permission.LOAD_LIST).select_related("trial")
