"""Consent comes first: before it a participant is a number and nothing else."""

import uuid
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.vocabulary import Role
from audit.models import Action, RowChange
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from participants.actions import (
    ConsentDecision,
    NewIdentity,
    Step,
    decide_consent_items,
    fail_screening,
    record_consents,
    record_identities,
    show_identity,
)
from participants.models import Consent, ConsentItem, Participant
from tests.identities import identity_of, known_of
from tests.pages import signed_in_as
from tests.world import (
    SCREENED_ON,
    World,
    approve,
    consent_of,
    new_world,
    screened,
)

BORN = date(1990, 5, 17)


@pytest.fixture
def world(db: None) -> World:
    return new_world()


@pytest.fixture
def participant(world: World) -> Participant:
    return screened(world)[0]


def consent(
    world: World, *people: Participant, reason: str = "", **items: bool
) -> None:
    record_consents(
        consents=[consent_of(world, person, but=items) for person in people],
        by=world.actor(Role.COORDINATOR),
        reason=reason,
    )


def identity(participant: Participant, **other: object) -> NewIdentity:
    known = NewIdentity(participant, "Ada Example", BORN, "ada@example.invalid", "")
    return replace(known, **other)  # type: ignore[arg-type] # fields of one dataclass


def test_consent_is_one_act_with_form_items_sex_and_age(
    world: World, participant: Participant
) -> None:
    before = Action.objects.count()
    consent(world, participant, recording=False)
    assert Action.objects.count() == before + 1
    action = Action.objects.latest("id")
    assert (action.verb, action.subject) == ("record consent", participant.number)
    tables = RowChange.objects.filter(action_id=action.id).values_list("table_name")
    assert sorted(table for (table,) in tables) == [
        "participants_consent",
        *["participants_consentitem"] * 4,
        "participants_participant",
    ]
    assert (participant.sex, participant.age) == ("female", 34)
    given = dict(ConsentItem.objects.values_list("code", "is_given"))
    assert (given["participation"], given["recording"]) == (True, False)


def test_a_form_that_declines_participation_is_no_consent(
    world: World, participant: Participant
) -> None:
    with pytest.raises(Refused, match="no consent to record"):
        consent(world, participant, participation=False)
    assert not Consent.objects.exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"signed_on": SCREENED_ON - timedelta(days=1)}, "before the day"),
        ({"sex": "unknown"}, "Sex at birth"),
        ({"age": 0}, "cannot be right"),
        ({"age": 121}, "cannot be right"),
        ({"items": {"participation": True, "tattoo": True}}, "tattoo"),
    ],
)
def test_what_cannot_be_right_is_refused(
    world: World, participant: Participant, change: dict[str, object], sentence: str
) -> None:
    form = replace(consent_of(world, participant), **change)  # type: ignore[arg-type] # fields of one dataclass
    with pytest.raises(Refused, match=sentence):
        record_consents(consents=[form], by=world.actor(Role.COORDINATOR))


@pytest.mark.parametrize("age", [4, 17, 96])
def test_an_unusual_age_at_consent_needs_a_reason(
    world: World, participant: Participant, age: int
) -> None:
    form = replace(consent_of(world, participant), age=age)
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(ReasonNeeded, match=f"An age of {age} years is unusual"):
        record_consents(consents=[form], by=by)
    record_consents(consents=[form], by=by, reason="Seen on the passport")
    assert participant.age == age


@pytest.mark.parametrize("born_in", [2021, 1896])
def test_a_birth_date_that_contradicts_the_consent_needs_a_reason(
    world: World, participant: Participant, born_in: int
) -> None:
    consent(world, participant)
    by = world.actor(Role.COORDINATOR)
    known = NewIdentity(participant, "Ada Example", date(born_in, 5, 17))
    if born_in < 1900:
        with pytest.raises(Refused, match="nobody can have signed"):
            record_identities(identities=[known], by=by, reason="Seen on the passport")
        return
    with pytest.raises(ReasonNeeded, match=r"was 3 years old at consent.*form says 34"):
        record_identities(identities=[known], by=by)
    record_identities(identities=[known], by=by, reason="The form is wrong")


def test_a_birth_date_that_contradicts_the_consent_is_asked_about_on_its_page(
    world: World, participant: Participant
) -> None:
    consent(world, participant)
    client = signed_in_as(world, Role.COORDINATOR)
    typed = {"act": "save", "name": "Ada Example", "birth_date": "2021-05-17"}
    page = reverse("participants:identity", args=[participant.uuid])
    assert 'name="reason"' not in client.get(page).text
    refused = client.post(page, typed)
    assert "Reason for the change</a>: By this birth date" in refused.text
    assert 'name="reason"' in refused.text
    again = client.post(page, typed | {"reason": "Seen on the passport"})
    assert again["Location"] == page


def test_the_same_form_version_is_recorded_once(
    world: World, participant: Participant
) -> None:
    consent(world, participant)
    with pytest.raises(Refused, match="recorded already"):
        consent(world, participant)


def test_a_second_form_that_changes_an_answer_needs_a_reason(
    world: World, participant: Participant
) -> None:
    consent(world, participant)
    approve(
        trial=world.trial,
        protocol=world.protocol,
        sites=[world.site],
        form_version="2.0",
        on=SCREENED_ON,
    )
    second = replace(
        consent_of(world, participant, but={"recording": False}), form_version="2.0"
    )
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(ReasonNeeded):
        record_consents(consents=[second], by=by)
    record_consents(consents=[second], by=by, reason="Form 2.0 was signed")
    assert not ConsentItem.objects.get(code="recording").is_given
    assert Consent.objects.count() == 2


def test_nobody_consents_after_leaving(world: World, participant: Participant) -> None:
    fail_screening(
        steps=[Step(participant, SCREENED_ON, "Moved away")],
        by=world.actor(Role.COORDINATOR),
    )
    with pytest.raises(Refused, match="Screen failure"):
        consent(world, participant)


def test_a_monitor_records_no_consent(world: World, participant: Participant) -> None:
    with pytest.raises(NotPermitted):
        record_consents(
            consents=[consent_of(world, participant)], by=world.actor(Role.MONITOR)
        )


def test_an_item_is_taken_back_with_a_reason(
    world: World, participant: Participant
) -> None:
    consent(world, participant)
    taken_back = [ConsentDecision(participant, "reminders_email", False, SCREENED_ON)]
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(ReasonNeeded):
        decide_consent_items(decisions=taken_back, by=by)
    decide_consent_items(decisions=taken_back, by=by, reason="Asked by phone")
    assert not ConsentItem.objects.get(code="reminders_email").is_given


def test_participation_is_taken_back_by_withdrawal_only(
    world: World, participant: Participant
) -> None:
    consent(world, participant)
    with pytest.raises(Refused, match="record the withdrawal"):
        decide_consent_items(
            decisions=[
                ConsentDecision(participant, "participation", False, SCREENED_ON)
            ],
            by=world.actor(Role.COORDINATOR),
            reason="Asked by phone",
        )


def test_a_name_before_consent_is_refused(
    world: World, participant: Participant
) -> None:
    with pytest.raises(Refused, match="only after consent"):
        record_identities(
            identities=[identity(participant)], by=world.actor(Role.COORDINATOR)
        )
    assert identity_of(participant) is None


def test_the_trail_holds_who_somebody_is_as_ciphertext(
    world: World, participant: Participant
) -> None:
    consent(world, participant)
    record_identities(
        identities=[identity(participant)], by=world.actor(Role.COORDINATOR)
    )
    change = RowChange.objects.get(table_name="participants_identity")
    assert change.new is not None
    assert change.new["name"].startswith("k1:")
    assert change.new["birth_date"].startswith("k1:")
    assert "Ada" not in str(change.new)
    assert change.participant_id == participant.pk


def test_a_correction_of_the_name_needs_a_reason_and_keeps_the_row(
    world: World, participant: Participant
) -> None:
    consent(world, participant)
    by = world.actor(Role.COORDINATOR)
    record_identities(identities=[identity(participant)], by=by)
    with pytest.raises(ReasonNeeded):
        record_identities(identities=[identity(participant, name="Ada E.")], by=by)
    record_identities(
        identities=[identity(participant, name="Ada E.")], by=by, reason="Misspelled"
    )
    made, corrected = RowChange.objects.filter(
        table_name="participants_identity"
    ).order_by("id")
    assert (made.operation, corrected.operation) == ("I", "U")
    assert uuid.UUID(corrected.row_id) == uuid.UUID(made.row_id)
    assert list(corrected.new or {}) == ["name"]  # what differs, and nothing beside it
    assert known_of(participant).name == "Ada E."


def test_the_same_identity_again_changes_nothing(
    world: World, participant: Participant
) -> None:
    consent(world, participant)
    by = world.actor(Role.COORDINATOR)
    record_identities(identities=[identity(participant)], by=by)
    before = RowChange.objects.count()
    record_identities(identities=[identity(participant)], by=by)
    assert RowChange.objects.count() == before


def test_showing_a_name_leaves_an_entry(world: World, participant: Participant) -> None:
    consent(world, participant)
    by = world.actor(Role.COORDINATOR)
    assert show_identity(participant=participant, by=by) is None
    record_identities(identities=[identity(participant)], by=by)
    before = Action.objects.count()
    shown = show_identity(participant=participant, by=by)
    assert shown is not None
    assert (shown.name, Action.objects.count()) == ("Ada Example", before + 1)
    entry = Action.objects.latest("id")
    assert (entry.verb, entry.participant_id) == ("show identity", participant.pk)


@pytest.mark.parametrize("role", [Role.THERAPIST, Role.MONITOR, Role.DATA_MANAGER])
def test_a_role_without_identity_is_refused_the_name(
    world: World, participant: Participant, role: Role
) -> None:
    with pytest.raises(NotPermitted, match="view identity"):
        show_identity(participant=participant, by=world.actor(role))


def test_fifty_consents_and_identities_take_the_queries_of_one(world: World) -> None:
    people = screened(world, 51)
    by = world.actor(Role.COORDINATOR)
    counts = []
    for some in (people[:1], people[1:]):
        with CaptureQueriesContext(connection) as queries:
            consent(world, *some)
            record_identities(identities=[identity(p) for p in some], by=by)
        counts.append(len(queries))
    assert counts[0] == counts[1]
