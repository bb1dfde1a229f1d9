"""What others may ask of randomization: numbers, kits and unblindings, never an arm."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet

from accounts.vocabulary import Permission
from participants.access import eligible_at, settled_on
from participants.lifecycle import WORDS, State
from participants.models import Participant
from randomization.models import Kit, Randomization, Unblinding
from sessions.access import held_codes_of
from sessions.models import Visit
from trials.access import definition_of, sites_for, trials_where
from trials.models import ProtocolVersion, Site, Trial
from trials.protocol import Event, ProtocolDefinition
from trials.protocol.ordering import ties_of

# The one stratum of a trial that does not stratify.
WHOLE_TRIAL = "all"


@dataclass(frozen=True, slots=True)
class DispensedKit:
    """A kit that was dispensed for one administration at a visit."""

    number: str
    visit_id: int
    part: str
    dispensed_at: datetime
    pk: int


@dataclass(frozen=True, slots=True)
class UnblindingLine:
    """Who learned a participant's arm, when, how, and what it means; never which arm.

    `learned` is in words what kind of thing it was; `impact` is empty until judged.
    """

    uuid: UUID
    participant_id: int
    participant_number: str
    site_id: int
    kind: str
    name: str
    at: datetime
    why: str
    learned: str = ""
    impact: str = ""
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class PlannedUnblinding:
    """Where the definition unblinds a participant, and whether they came so far.

    `groups` gives by arm what is told; `at` names the visit.
    """

    at: str
    is_reached: bool
    waits_for: str
    groups: Mapping[str, str]
    has_groups: bool


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


def has_arm(person: Participant) -> bool:
    """Tell whether somebody came so far that an arm may be known of them.

    In a cohort they have it with their first dose, of which nothing is asked here.
    """
    definition = definition_of(person.protocol_version)
    return bool(definition.arms) and settled_on(person, definition) is not None


def randomization_numbers(participant_ids: Iterable[int]) -> dict[int, str]:
    """Return the randomization number of each participant who has one."""
    return dict(
        Randomization.objects.filter(participant_id__in=set(participant_ids))
        .order_by("participant_id")
        .values_list("participant_id", "number")
    )


def kits_of(visit_ids: Iterable[int]) -> dict[int, list[DispensedKit]]:
    """Return the kits dispensed for each visit, the initial dose's first.

    A kit that was exchanged is no more among them.
    """
    found: dict[int, list[DispensedKit]] = {}
    kits = Kit.objects.filter(visit_id__in=set(visit_ids), condition="usable")
    for kit in kits.order_by("visit_id", "part"):
        if kit.visit_id is not None and kit.dispensed_at is not None:
            line = DispensedKit(
                kit.number, kit.visit_id, kit.part, kit.dispensed_at, kit.pk
            )
            found.setdefault(kit.visit_id, []).append(line)
    return found


def exchanged_at(visit: Visit) -> list[Kit]:
    """Return the kits of a visit that were damaged or lost, in the order dispensed."""
    kits = Kit.objects.filter(visit=visit).exclude(condition="usable")
    return list(kits.order_by("dispensed_at", "pk"))


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
    rows = unblindings.select_related("participant", "revealed_to", "site")
    return [
        UnblindingLine(
            uuid=row.uuid,
            participant_id=row.participant_id,
            participant_number=row.participant.number,
            site_id=row.site_id,
            kind=row.get_kind_display(),
            name=_who(row),
            at=row.revealed_at,
            why=row.why,
            learned=row.get_learned_display(),
            impact=row.impact,
            time_zone=row.site.time_zone,
        )
        for row in rows.order_by("-revealed_at", "-id")
    ]


def _who(row: Unblinding) -> str:
    names = [row.revealed_to.name] if row.revealed_to else []
    return "; ".join([*names, *filter(None, [row.others])])


def unblinding_report(user_id: int) -> list[UnblindingLine]:
    """Return every unblinding, of whatever kind, at the sites whose report is theirs."""
    sites = sites_for(user_id, Permission.READ_UNBLINDINGS)
    return _lines(Unblinding.objects.filter(site__in=sites))


def judgeable_by(user_id: int) -> QuerySet[Unblinding]:
    """Return the unblindings whose impact this person may judge."""
    return Unblinding.objects.filter(
        site__in=sites_for(user_id, Permission.RECORD_UNBLINDING)
    ).select_related("participant__protocol_version", "site")


def planned_unblinding_of(participant: Participant) -> PlannedUnblinding | None:
    """Return the planned unblinding of a participant; None where it comes with the lock.

    Reached is what was held: a visit that was missed unblinds nobody.
    """
    definition = definition_of(participant.protocol_version)
    unblinding = definition.unblinding
    if unblinding is None or not unblinding.at:
        return None
    code = ties_of(definition)[Event.UNBLINDING.value]
    known = definition.visits_by_code.get(code)
    at = known.label if known else code.replace("_", " ")
    return PlannedUnblinding(
        at=at,
        is_reached=code in held_codes_of(participant),
        waits_for=f"{participant.number} is unblinded as planned once this visit was "
        f"held: {at}.",
        groups={arm.code: unblinding.group_of(arm.code) for arm in definition.arms},
        has_groups=bool(unblinding.groups),
    )


def told_of(participant: Participant) -> str:
    """Return in words what was revealed as planned, to the staff of the site alone.

    Whoever else asks, a job too, is told nothing: the database looks who it is.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT told FROM sealed.told_at_site(%s)", [[participant.pk]])
        row = cursor.fetchone()
    return in_protocol_words(row[0], participant) if row else ""


def in_protocol_words(told: str, participant: Participant) -> str:
    """Return an arm in the protocol's words; a group of arms by its own name.

    A group of one arm may be called like it: its amount is not what was told.
    """
    definition = definition_of(participant.protocol_version)
    has_groups = bool(definition.unblinding and definition.unblinding.groups)
    arms = () if has_groups else definition.arms
    labels = {arm.code: arm.label for arm in arms}
    return labels.get(told, told.replace("_", " "))


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
