"""Consent, what each person agreed to, and who a participant is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from accounts.models import User
from accounts.vocabulary import Permission, roles_with
from audit.actors import AnyActor
from audit.refusal import ReasonNeeded, Refused
from audit.trail import acting
from participants.actions.batch import (
    SHORTEST_REASON,
    about,
    locked,
    place_of,
    refresh,
    site_ids_of,
    subject_of,
)
from participants.lifecycle import HAS_LEFT, WORDS, State
from participants.models import Consent, ConsentItem, Participant
from participants.vocabulary import AGREEMENTS, PARTICIPATION, SEXES
from trials.access import (
    Approvals,
    DelegationLog,
    approvals_of,
    delegation_log,
    require,
)
from trials.models import Site

OLDEST = 120  # years; beyond it a birth year was mistyped
USUAL_AGES = (18, 95)  # of who signs for themselves; another age needs a reason


@dataclass(frozen=True, slots=True)
class NewConsent:
    """A signed form: `items` says what was agreed to, code by code; age in years.

    `is_able`: the one who obtained it found the person able to consent.
    """

    participant: Participant
    form_version: str
    signed_on: date
    obtained_by: User
    items: Mapping[str, bool]
    sex: str
    age: int
    is_able: bool


@dataclass(frozen=True, slots=True)
class ConsentDecision:
    """One thing agreed to or taken back on a day, apart from any form."""

    participant: Participant
    code: str
    is_given: bool
    on: date


def record_consents(
    *, consents: Sequence[NewConsent], by: AnyActor, reason: str = ""
) -> list[Consent]:
    """Record signed consent forms; 21 CFR 50.27, ICH E6(R3) 2.8.

    Of the version that the IRB had approved at the site on that day, obtained by
    somebody whom the delegation log gave that task then.
    A second form that changes an earlier answer, sex or age needs a reason.
    """
    people = [consent.participant for consent in consents]
    require(
        by=by,
        permission=Permission.RECORD_CONSENT,
        site_ids=site_ids_of(participants=people),
    )
    with acting(
        "record consent",
        by=by,
        reason=reason,
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        rows = locked(participants=people)
        _check_each(consents, rows)
        _check_ages(consents, reason)
        made = Consent.objects.bulk_create(_consent_row(item) for item in consents)
        keep_items(
            decisions=[
                ConsentDecision(item.participant, code, is_given, item.signed_on)
                for item in consents
                for code, is_given in item.items.items()
            ]
        )
        for consent in consents:
            row = rows[consent.participant.pk]
            row.sex, row.age = consent.sex, consent.age
        Participant.objects.bulk_update(rows.values(), ["sex", "age"])
    refresh(participants=people, rows=rows, fields=["sex", "age"])
    return made


def _check_each(
    consents: Sequence[NewConsent], rows: Mapping[int, Participant]
) -> None:
    """Refuse what cannot be a consent, in three queries for all of them."""
    approvals = approvals_of(row.site_id for row in rows.values())
    log = delegation_log(consent.obtained_by for consent in consents)
    sites = Site.objects.in_bulk({row.site_id for row in rows.values()})
    for consent in consents:
        row = rows[consent.participant.pk]
        with about(participant=consent.participant, of=len(consents)):
            _check(consent, row)
            _check_form(consent, row.site_id, approvals)
            _check_delegated(consent, sites[row.site_id], log)


def _check_ages(consents: Sequence[NewConsent], reason: str) -> None:
    for consent in consents:
        is_usual = USUAL_AGES[0] <= consent.age <= USUAL_AGES[1]
        if not is_usual and len(reason.strip()) < SHORTEST_REASON:
            raise ReasonNeeded(
                f"An age of {consent.age} years is unusual for who signs a consent form. "
                "Correct it, or say how you know that it is right."
            )


def decide_consent_items(
    *, decisions: Sequence[ConsentDecision], by: AnyActor, reason: str = ""
) -> None:
    """Record that something was agreed to, or taken back, after the form was signed.

    Each by itself and whatever became of the participant: who has left may still take
    back the use of a recording (ICH E6(R3) 2.8.10).
    """
    people = [decision.participant for decision in decisions]
    require(
        by=by,
        permission=Permission.RECORD_CONSENT,
        site_ids=site_ids_of(participants=people),
    )
    for decision in decisions:
        _check_codes({decision.code})
        if decision.code == PARTICIPATION and not decision.is_given:
            raise Refused(
                "Somebody who no longer takes part is withdrawn; record the withdrawal."
            )
    with acting(
        "change consent",
        by=by,
        reason=reason,
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        locked(participants=people)
        _check_days(decisions)
        keep_items(decisions=decisions)


def _check_days(decisions: Sequence[ConsentDecision]) -> None:
    """Refuse decisions before any consent, or before the decision that they change."""
    people = {decision.participant.pk for decision in decisions}
    items = ConsentItem.objects.filter(participant__in=people)
    decided = {(item.participant_id, item.code): item.decided_on for item in items}
    for decision in decisions:
        person = decision.participant
        if (person.pk, PARTICIPATION) not in decided:
            raise Refused(
                f"Nobody asked {person.number} for consent yet: record the signed form."
            )
        before = decided.get((person.pk, decision.code))
        if before is not None and decision.on < before:
            raise Refused(
                f"“{AGREEMENTS[decision.code]}” was last decided on "
                f"{before.isoformat()}; a change cannot be earlier."
            )


def _consent_row(consent: NewConsent) -> Consent:
    return Consent(
        trial_id=consent.participant.trial_id,
        site_id=consent.participant.site_id,
        participant_id=consent.participant.pk,
        form_version=consent.form_version,
        signed_on=consent.signed_on,
        obtained_by=consent.obtained_by,
        is_able=consent.is_able,
    )


def _check(consent: NewConsent, participant: Participant) -> None:
    state = State(participant.state)
    _check_codes(set(consent.items))
    if state in HAS_LEFT:
        raise Refused(
            f"{WORDS[state]}: no consent can be recorded after the course has ended."
        )
    if not consent.items.get(PARTICIPATION, False):
        raise Refused(
            "The form does not agree to taking part, so there is no consent to record. "
            "If the person declines, record a screen failure."
        )
    if not consent.is_able:
        raise Refused(
            "Whoever is not able to consent has not consented: ask again on another day."
        )
    if consent.signed_on < participant.screened_on:
        raise Refused(
            "Consent cannot be signed before the day of the screening log, which is "
            f"{consent.participant.screened_on:%d %b %Y}."
        )
    if consent.sex not in SEXES:
        raise Refused("Sex at birth is one of: " + ", ".join(SEXES.values()) + ".")
    if not 0 < consent.age <= OLDEST:
        raise Refused(f"An age of {consent.age} years cannot be right.")


def _check_form(consent: NewConsent, site_id: int, approvals: Approvals) -> None:
    """Refuse a form that the IRB had not approved at the site on that day (CON-01)."""
    if obstacle := approvals.obstacle(site_id, consent.signed_on):
        raise Refused(obstacle)
    approval = approvals.on(site_id, consent.signed_on)
    if approval is not None and approval.form_version != consent.form_version:
        raise Refused(
            f"On that day the IRB had approved version {approval.form_version} of the "
            f"consent form for this site, not version {consent.form_version}. Compare "
            "with the signed form; if it is the other version, ask for consent again."
        )


def _check_delegated(consent: NewConsent, site: Site, log: DelegationLog) -> None:
    roles = roles_with(Permission.RECORD_CONSENT)
    person = consent.obtained_by
    if not log.gives(person, roles, site, on=consent.signed_on):
        raise Refused(
            f"The delegation log does not let {person} obtain consent at this site on "
            "that day. Compare the day and the person with the signed form."
        )


def _check_codes(codes: set[str]) -> None:
    if unknown := codes - AGREEMENTS.keys():
        raise Refused(f"“{min(unknown)}” is not an item of a consent form.")


def keep_items(*, decisions: Sequence[ConsentDecision]) -> None:
    """Write what is new and what differs; an answer repeated leaves nothing."""
    ids = {decision.participant.pk for decision in decisions}
    kept = {
        (item.participant_id, item.code): item
        for item in ConsentItem.objects.filter(participant_id__in=ids)
    }
    new: list[ConsentItem] = []
    changed: list[ConsentItem] = []
    for decision in decisions:
        item = kept.get((decision.participant.pk, decision.code))
        if item is None:
            new.append(_item_row(decision))
        elif item.is_given != decision.is_given:
            item.is_given, item.decided_on = decision.is_given, decision.on
            changed.append(item)
    ConsentItem.objects.bulk_create(new)
    ConsentItem.objects.bulk_update(changed, ["is_given", "decided_on"])


def _item_row(decision: ConsentDecision) -> ConsentItem:
    return ConsentItem(
        trial_id=decision.participant.trial_id,
        site_id=decision.participant.site_id,
        participant_id=decision.participant.pk,
        code=decision.code,
        is_given=decision.is_given,
        decided_on=decision.on,
    )
