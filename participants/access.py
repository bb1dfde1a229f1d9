"""Which participants a person may see, and what is known of them now."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet

from accounts.vocabulary import Permission
from participants.eligibility import Evidence, FactValue, MilestoneResult, evaluate
from participants.facts import typed
from participants.lifecycle import State
from participants.models import EligibilityDecision, Fact, Participant
from participants.vocabulary import CONFIRMATION, ENROLLMENT
from trials.access import definition_of, protocol_versions, sites_for, today_at
from trials.models import Site
from trials.protocol import ProtocolDefinition

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


def facts_of(participant_ids: Iterable[int]) -> dict[int, dict[str, Fact]]:
    """Return the current facts of each participant by code, in one query."""
    found: dict[int, dict[str, Fact]] = {key: {} for key in participant_ids}
    current = Fact.objects.filter(participant_id__in=found, is_current=True)
    for fact in current.order_by("pk"):
        found[fact.participant_id][fact.code] = fact
    return found


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
    known = definition.facts_by_code
    values: dict[str, FactValue] = {
        code: typed(known[code], fact.value)
        for code, fact in facts.items()
        if code in known and fact.observed_on <= on
    }
    evidence = Evidence(facts=values, on=on)
    parts = [
        evaluate(definition, code, evidence)
        for code in milestones_until(definition, milestone)
    ]
    results = {
        result.criterion.code: result for part in parts for result in part.results
    }
    return MilestoneResult(milestone, tuple(results.values()))


def obstacles(result: MilestoneResult, definition: ProtocolDefinition) -> list[str]:
    """Return a sentence for each criterion and missing fact that stands in the way.

    Never a value: what is read here may be a score that the site must not see.
    """
    labels = definition.facts_by_code
    sentences = []
    for item in result.in_the_way:
        state = "not met" if item.verdict == "not_met" else "not known yet"
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


def definition_for(participant: Participant) -> ProtocolDefinition:
    """Return the protocol definition that this participant follows."""
    return definition_of(participant.protocol_version)


def _today_at_sites(participants: Sequence[Participant]) -> dict[int, date]:
    ids = {row.site_id for row in participants}
    return {site.pk: today_at(site) for site in Site.objects.filter(pk__in=ids)}
