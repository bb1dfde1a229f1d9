"""Facts of eligibility: a new one supersedes the current one, and both stay."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accounts.vocabulary import Permission
from audit.actors import AnyActor
from audit.refusal import ReasonNeeded, Refused
from audit.trail import acting
from participants.access import facts_of, is_frozen
from participants.actions.batch import (
    SHORTEST_REASON,
    about,
    locked,
    place_of,
    site_ids_of,
    subject_of,
)
from participants.facts import FROM_FORMS, Stored, shown, stored
from participants.models import Fact, Participant
from trials.access import protocol_versions, require
from trials.protocol import Fact as FactDefinition
from trials.protocol import ProtocolDefinition


@dataclass(frozen=True, slots=True)
class NewFact:
    """Something found out about a participant: value, day and where it comes from.

    The value is a bool, int, Decimal, date or code, by the fact's type; None says that
    what was recorded does not hold and the fact is not known. `is_outcome` hides it
    from the site.
    """

    participant: Participant
    code: str
    value: object
    observed_on: date
    source: str
    is_outcome: bool = False


@dataclass(frozen=True, slots=True)
class FactRetraction:
    """A fact that is not known any more, because its form was reopened or it was wrong."""

    participant: Participant
    code: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    new: NewFact
    known: FactDefinition
    value: Stored | None
    is_outcome: bool

    @property
    def key(self) -> tuple[int, str]:
        return self.new.participant.pk, self.new.code

    def repeats(self, current: Fact) -> bool:
        return (current.value, current.observed_on, current.source) == (
            self.value,
            self.new.observed_on,
            self.new.source,
        )

    def corrects(self, current: Fact) -> bool:
        """Whether this changes what was saved, rather than adding a later observation.

        What comes from a signed form was explained where the form was reopened.
        """
        is_later = self.new.observed_on > current.observed_on and self.value is not None
        return not is_later and self.known.type not in FROM_FORMS


def record_facts(
    *, facts: Sequence[NewFact], by: AnyActor, reason: str = ""
) -> list[Fact]:
    """Record facts; each becomes the current one of its code, and none is overwritten.

    A fact equal to the current one is left out. A correction needs a reason; a later
    observation is new data and needs none. Scores and diagnoses come from signed forms.
    """
    people = [fact.participant for fact in facts]
    candidates = _candidates(facts)
    _require(candidates, by)
    with acting(
        "record facts",
        by=by,
        reason=reason,
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        rows = locked(participants=people)
        _refuse_frozen(
            ((each.known, each.new.participant) for each in candidates), rows
        )
        new, replaced = _compare(candidates, reason)
        _supersede(replaced)
        return Fact.objects.bulk_create(_row(candidate) for candidate in new)


def retract_facts(
    *, retractions: Sequence[FactRetraction], by: AnyActor, reason: str
) -> None:
    """Make facts unknown again; what was recorded stays, no longer current."""
    people = [item.participant for item in retractions]
    definitions = protocol_versions(person.protocol_version_id for person in people)
    forms = [
        item for item in retractions if _known(item, definitions).type in FROM_FORMS
    ]
    if len(forms) < len(retractions):
        _require_by_hand([item.participant for item in retractions], by)
    if forms:
        _require_by_form([item.participant for item in forms], by)
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonNeeded("Say why the fact no longer holds, in a few words.")
    with acting(
        "retract facts",
        by=by,
        reason=reason,
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        rows = locked(participants=people)
        known = ((_known(each, definitions), each.participant) for each in retractions)
        _refuse_frozen(known, rows)
        current = facts_of({person.pk for person in people})
        wanted = (current[item.participant.pk].get(item.code) for item in retractions)
        _supersede([fact for fact in wanted if fact is not None])


def _refuse_frozen(
    facts: Iterable[tuple[FactDefinition, Participant]], rows: Mapping[int, Participant]
) -> None:
    """Refuse what the course has frozen; the database refuses it too."""
    for known, person in facts:
        if is_frozen(rows[person.pk], known.frozen_by):
            raise Refused(
                f"“{known.label}” is frozen since {known.frozen_by}: what was known then "
                "stays. Record what you learned now as a deviation."
            )


def _candidates(facts: Sequence[NewFact]) -> list[_Candidate]:
    definitions = protocol_versions(
        fact.participant.protocol_version_id for fact in facts
    )
    found: dict[tuple[int, str], _Candidate] = {}
    people = len({item.participant.pk for item in facts})
    for fact in facts:
        with about(participant=fact.participant, of=people):
            known = _known(fact, definitions)
            if known.record:
                raise Refused(
                    f"“{known.label}” is read from the medical record: record it there."
                )
            definition = definitions[fact.participant.protocol_version_id]
            hidden = bool(known.form) and definition.is_hidden_from_site(known.form)
            value = None if fact.value is None else stored(known, fact.value)
            candidate = _Candidate(fact, known, value, fact.is_outcome or hidden)
            if candidate.key in found:
                raise Refused(f"“{known.label}” is given twice.")
            found[candidate.key] = candidate
    return list(found.values())


def _known(
    fact: NewFact | FactRetraction, definitions: Mapping[int, ProtocolDefinition]
) -> FactDefinition:
    definition = definitions[fact.participant.protocol_version_id]
    known = definition.facts_by_code.get(fact.code)
    if known is None:
        raise Refused(f"The protocol does not ask for a fact “{fact.code}”.")
    return known


def _require(candidates: Sequence[_Candidate], by: AnyActor) -> None:
    forms = [
        item.new.participant for item in candidates if item.known.type in FROM_FORMS
    ]
    hands = [
        item.new.participant for item in candidates if item.known.type not in FROM_FORMS
    ]
    if forms:
        _require_by_form(forms, by)
    if hands or not candidates:
        _require_by_hand(hands, by)


def _require_by_form(people: Sequence[Participant], by: AnyActor) -> None:
    require(
        by=by,
        permission=Permission.SIGN_ASSESSMENTS,
        site_ids=site_ids_of(participants=people),
    )


def _require_by_hand(people: Sequence[Participant], by: AnyActor) -> None:
    require(
        by=by,
        permission=Permission.RECORD_FACTS,
        site_ids=site_ids_of(participants=people),
    )


def _compare(
    candidates: Sequence[_Candidate], reason: str
) -> tuple[list[_Candidate], list[Fact]]:
    """Return what is new, and the current facts that it takes the place of."""
    current = facts_of({item.new.participant.pk for item in candidates})
    new: list[_Candidate] = []
    replaced: list[Fact] = []
    for item in candidates:
        before = current[item.new.participant.pk].get(item.new.code)
        if before is not None and item.repeats(before):
            continue
        _refuse_out_of_bounds(item, reason)
        if item.value is not None:
            new.append(item)
        if before is None:
            continue
        if item.corrects(before) and len(reason.strip()) < SHORTEST_REASON:
            raise ReasonNeeded(f"“{item.known.label}” was saved: say why it changes.")
        replaced.append(before)
    return new, replaced


def _refuse_out_of_bounds(item: _Candidate, reason: str) -> None:
    """Refuse a number that cannot be, and ask for the reason of one that seldom is."""
    known, value = item.known, item.value
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    if not _lies_in(value, known.possible):
        raise Refused(
            f"“{known.label}”: {shown(known, value)} is not between "
            f"{' and '.join(map(str, known.possible))}. Compare it with the source."
        )
    if not _lies_in(value, known.usual) and len(reason.strip()) < SHORTEST_REASON:
        raise ReasonNeeded(
            f"“{known.label}”: {shown(known, value)} is unusual, outside "
            f"{' to '.join(map(str, known.usual))}. Correct it, or say how you know that it "
            "is right."
        )


def _lies_in(value: float, bounds: Sequence[Decimal]) -> bool:
    return not bounds or bounds[0] <= Decimal(str(value)) <= bounds[-1]


def _supersede(facts: Sequence[Fact]) -> None:
    Fact.objects.filter(pk__in=[fact.pk for fact in facts]).update(is_current=False)


def _row(candidate: _Candidate) -> Fact:
    new = candidate.new
    return Fact(
        trial_id=new.participant.trial_id,
        site_id=new.participant.site_id,
        participant_id=new.participant.pk,
        code=new.code,
        value=candidate.value,
        observed_on=new.observed_on,
        source=new.source,
        is_outcome=candidate.is_outcome,
        frozen_by=candidate.known.frozen_by,
    )
