"""Which participants a person may see, and what is known of them now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import CharField, QuerySet
from django.db.models.expressions import RawSQL

from accounts.vocabulary import Permission
from audit.models import Action, RowChange
from participants.eligibility import (
    VERDICT_WORDS,
    Evidence,
    FactValue,
    MilestoneResult,
    evaluate,
    evaluate_criterion,
)
from participants.facts import drugs_of, typed
from participants.lifecycle import HAS_LEFT, State
from participants.models import (
    ConsentItem,
    EligibilityDecision,
    Fact,
    Participant,
    Waiver,
)
from participants.vocabulary import AFTER_LEAVING, CONFIRMATION, ENROLLMENT
from trials.access import definition_of, protocol_versions, sites_for, today_at
from trials.models import Site
from trials.protocol import ProtocolDefinition
from trials.protocol.records import FREEZING, MEDICATIONS, WAIVERS

# What is decided next about somebody in this state.
NEXT_MILESTONE: Mapping[State, str] = {
    State.SCREENING: ENROLLMENT,
    State.ENROLLED: CONFIRMATION,
}


def participants_for(
    user_id: int, permission: Permission = Permission.VIEW_PARTICIPANTS
) -> QuerySet[Participant]:
    """Return the participants at the sites where this person has the permission."""
    return (
        Participant.objects.filter(site__in=sites_for(user_id, permission))
        .select_related("trial", "site", "protocol_version")
        .defer("protocol_version__text")
    )


# The newest form approved at the participant's site, while it is not signed.
_FORM_TO_SIGN = """
SELECT approved.form_version FROM (
    SELECT a.form_version
    FROM trials_approval a JOIN trials_site s ON s.id = a.site_id
    WHERE a.site_id = participants_participant.site_id
        AND a.approved_on <= (now() AT TIME ZONE s.time_zone)::date
    ORDER BY a.approved_on DESC
    LIMIT 1
) AS approved
WHERE participants_participant.state <> ALL(%s) AND NOT EXISTS (
    SELECT FROM participants_consent c
    WHERE c.participant_id = participants_participant.id
        AND c.form_version = approved.form_version
)
"""


def with_form_to_sign(people: QuerySet[Participant]) -> QuerySet[Participant]:
    """Annotate `form_to_sign`: the consent form approved at the site and not signed yet.

    The version's name; None where the approved one is signed, or nothing is approved
    (CON-02). Whoever has left signs nothing more.
    """
    unsigned = RawSQL(_FORM_TO_SIGN, [sorted(HAS_LEFT)], CharField(null=True))  # noqa: S611
    return people.annotate(form_to_sign=unsigned)


def allowed_after_leaving(
    participant_ids: Iterable[int],
) -> dict[int, frozenset[str]]:
    """Return what people allow after they left the study, in one query (CON-06)."""
    given = ConsentItem.objects.filter(
        participant_id__in=set(participant_ids), code__in=AFTER_LEAVING, is_given=True
    )
    found: dict[int, set[str]] = {}
    for person, code in given.values_list("participant_id", "code"):
        found.setdefault(person, set()).add(code)
    return {person: frozenset(codes) for person, codes in found.items()}


def has_left_before(person: Participant, on: date) -> bool:
    """Tell whether somebody was not in the study any more on a day."""
    has_left = person.state in {State.WITHDRAWN, State.SCREEN_FAILURE}
    return has_left and person.ended_on is not None and on > person.ended_on


def has_identity(participant_id: int) -> bool:
    """Tell whether it is recorded who a participant is; not who."""
    return bool(identified([participant_id]))


def identified(participant_ids: Iterable[int]) -> set[int]:
    """Return those of the participants of whom an identity is recorded."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT identity.known(%s)", [list(participant_ids)])
        return {row[0] for row in cursor}


def facts_of(participant_ids: Iterable[int]) -> dict[int, dict[str, Fact]]:
    """Return the current facts of each participant by code, in one query."""
    found: dict[int, dict[str, Fact]] = {key: {} for key in participant_ids}
    current = Fact.objects.filter(participant_id__in=found, is_current=True)
    for fact in current.order_by("pk"):
        found[fact.participant_id][fact.code] = fact
    return found


def settled_in(definition: ProtocolDefinition) -> State:
    """Return the state in which a protocol treats people: the last step that it has."""
    if definition.randomization is not None:
        return State.RANDOMIZED
    asked = {each.code for each in definition.milestones}
    return State.CONFIRMED if CONFIRMATION in asked else State.ENROLLED


def settled_on(person: Participant, definition: ProtocolDefinition) -> date | None:
    """Return the day on which somebody took that step; None before it."""
    days = {
        State.RANDOMIZED: person.randomized_on,
        State.CONFIRMED: person.confirmed_on,
        State.ENROLLED: person.enrolled_on,
    }
    return days[settled_in(definition)]


def milestones_until(definition: ProtocolDefinition, milestone: str) -> tuple[str, ...]:
    """Return the milestones whose criteria must be met for a step at `milestone`.

    Enrollment asks again what screening asked: the criteria of a milestone at which
    nobody decides anything would otherwise bind nobody. Confirmation asks its own, since
    much that was true at screening (a washout, a test) is asked again there on purpose.
    """
    asking = [item.code for item in definition.milestones if item.asks == "eligibility"]
    if milestone not in asking:
        return ()
    if milestone == ENROLLMENT:
        return tuple(asking[: asking.index(milestone) + 1])
    return (milestone,)


def eligibility_of(
    participants: Sequence[Participant], milestone: str, *, on: date | None = None
) -> dict[int, MilestoneResult]:
    """Return how each participant stands at a milestone, by id, in three queries at most.

    `on` is the day of the question, today at the site when left out; a fact observed
    later was not known on it. A milestone at which the definition asks nothing passes
    with no results.
    """
    definitions = protocol_versions(row.protocol_version_id for row in participants)
    facts = facts_of(row.pk for row in participants)
    days = {} if on else _today_at_sites(participants)
    return {
        row.pk: judged(
            definitions[row.protocol_version_id],
            milestone,
            facts[row.pk],
            on=on or days[row.site_id],
        )
        for row in participants
    }


def judged(
    definition: ProtocolDefinition,
    milestone: str,
    facts: Mapping[str, Fact],
    *,
    on: date,
) -> MilestoneResult:
    """Return how somebody with these current facts stands at a milestone on a day."""
    evidence = evidence_on(definition, facts, on=on)
    # A criterion that two milestones ask is one.
    results = {
        result.criterion.code: result
        for code in milestones_until(definition, milestone)
        for result in evaluate(definition, code, evidence).results
    }
    return MilestoneResult(milestone, tuple(results.values()), _waived(facts, on=on))


def is_ready(
    definition: ProtocolDefinition,
    milestone: str,
    facts: Mapping[str, Fact],
    *,
    on: date,
) -> bool:
    """Tell what `judged` would: whether nothing stands in the way.

    It stops at the first thing that does, for lists of people who mostly wait for one.
    """
    evidence = evidence_on(definition, facts, on=on)
    waived = _waived(facts, on=on)
    return all(
        evaluate_criterion(criterion, definition, evidence).is_settled
        for code in milestones_until(definition, milestone)
        for criterion in definition.criteria_at(code)
        if criterion.code not in waived
    )


def _waived(facts: Mapping[str, Fact], *, on: date) -> frozenset[str]:
    waivers = facts.get(WAIVERS)
    return frozenset(waivers.value if waivers and waivers.observed_on <= on else ())


def evidence_on(
    definition: ProtocolDefinition, facts: Mapping[str, Fact], *, on: date
) -> Evidence:
    """Return what these facts say to a rule on a day; one observed later was not known."""
    known = definition.facts_by_code
    values: dict[str, FactValue] = {
        code: typed(known[code], fact.value)
        for code, fact in facts.items()
        if code in known and fact.observed_on <= on
    }
    taken = facts.get(MEDICATIONS)
    is_taken = taken is not None and taken.observed_on <= on
    drugs = drugs_of(taken.value) if taken and is_taken else None
    return Evidence(facts=values, drugs=drugs, on=on)


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


def obstacles(result: MilestoneResult, definition: ProtocolDefinition) -> list[str]:
    """Return a sentence for each criterion and missing fact that stands in the way.

    Never a value: what is read here may be a score that the site must not see.
    """
    labels = definition.facts_by_code
    sentences = []
    for item in result.in_the_way:
        state = VERDICT_WORDS[item.criterion.kind][item.verdict].lower()
        sentences.append(f"{item.criterion.code} is {state}: {item.criterion.text}.")
    missing = [labels[code].label for code in result.missing_facts if code in labels]
    if missing:
        sentences.append("Still to be recorded: " + "; ".join(missing) + ".")
    return sentences


def signed_content(decision: EligibilityDecision) -> dict[str, Any]:
    """Return what the investigator's signature on a decision covers."""
    return {
        "uuid": str(decision.uuid),
        "participant": decision.participant_id,
        "milestone": decision.milestone,
        "is_eligible": decision.is_eligible,
        "decided_on": decision.decided_on.isoformat(),
        "decided_by": decision.decided_by_id,
        "criteria": decision.criteria,
    }


def waiver_content(waiver: Waiver) -> dict[str, Any]:
    """Return what the investigator's signature on a waiver covers."""
    return {
        "uuid": str(waiver.uuid),
        "participant": waiver.participant_id,
        "criterion": waiver.code,
        "reason": waiver.reason,
        "granted_on": waiver.granted_on.isoformat(),
        "granted_by": waiver.granted_by_id,
    }


def is_frozen(participant: Participant, frozen_by: str) -> bool:
    """Tell whether the event that freezes a fact has come for a participant.

    What somebody believed and had used before is asked before anybody could know the
    arm; an answer given or changed afterwards would be another one.
    """
    column = FREEZING.get(frozen_by)
    return column is not None and getattr(participant, column) is not None


def definition_for(participant: Participant) -> ProtocolDefinition:
    """Return the protocol definition that this participant follows."""
    return definition_of(participant.protocol_version)


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """One decision on one thing consented to, and who recorded it when, and why."""

    code: str
    is_given: bool
    decided_on: date
    who: str
    at: datetime
    reason: str


def consent_history(participant: Participant) -> list[ConsentChange]:
    """Return every decision on what a participant consented to, newest first.

    From the trail, in two queries: the items themselves hold only the last decision.
    """
    rows = RowChange.objects.filter(
        participant_id=participant.pk,
        table_name=ConsentItem._meta.db_table,  # noqa: SLF001 - Django's public name
    ).order_by("id")
    changes = list(rows)
    acts = Action.objects.in_bulk({change.action_id for change in changes})
    known: dict[str, dict[str, Any]] = {}
    found = []
    for change in changes:
        # A change names only the columns that differ.
        item = known.setdefault(change.row_id, {})
        item.update(change.new or {})
        act = acts[change.action_id]
        found.append(
            ConsentChange(
                item["code"],
                item["is_given"],
                date.fromisoformat(item["decided_on"]),
                act.actor_name,
                act.at,
                act.reason,
            )
        )
    return found[::-1]


def _today_at_sites(participants: Sequence[Participant]) -> dict[int, date]:
    ids = {row.site_id for row in participants}
    return {site.pk: today_at(site) for site in Site.objects.filter(pk__in=ids)}
