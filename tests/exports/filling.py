"""Many signed CAPS-5 forms at once, set by set, to see how an export behaves with many rows."""

from datetime import date, timedelta

from django.db import connection

from assessments.models import Assessment
from audit.actors import Place
from audit.trail import acting
from participants.models import Consent, Participant
from sessions.models import Visit
from tests.world import SETUP, World

VISITS = 20
# Every symptom, the event and the duration of each form, and its total.
ITEMS = [*(f"caps{number:02}" for number in range(1, 21)), "caps_a", "caps22"]
ROWS_PER_FORM = len(ITEMS) + 1
STARTED_ON = date(2024, 1, 1)

_ANSWERS = """
    INSERT INTO assessments_itemresponse (trial_id, site_id, participant_id, assessment_id,
        item, value, missing)
    SELECT a.trial_id, a.site_id, a.participant_id, a.id, i.item, 1, ''
    FROM assessments_assessment a, unnest(%s::text[]) AS i (item)
    WHERE a.trial_id = %s AND a.opaque_code LIKE 'F%%'
"""
_TOTALS = """
    INSERT INTO assessments_scorevalue (trial_id, site_id, participant_id, assessment_id,
        score, value, scorer_version)
    SELECT a.trial_id, a.site_id, a.participant_id, a.id, 'total', 20, '1'
    FROM assessments_assessment a WHERE a.trial_id = %s AND a.opaque_code LIKE 'F%%'
"""


def fill(world: World, people: int) -> int:
    """Add people with a signed CAPS-5 at each of twenty visits; the number of RS rows."""
    place = Place(trial_id=world.trial.pk)
    with acting("fill", by=SETUP, place=place), connection.cursor() as cursor:
        _add_forms(world, _add_visits(world, _add_people(world, people)))
        cursor.execute(_ANSWERS, [ITEMS, world.trial.pk])
        cursor.execute(_TOTALS, [world.trial.pk])
    return people * VISITS * ROWS_PER_FORM


def _add_people(world: World, people: int) -> list[Participant]:
    made = Participant.objects.bulk_create(
        Participant(
            trial=world.trial,
            site=world.site,
            protocol_version=world.protocol,
            number=f"99-{number:06}",
            sequence=10_000 + number,
            state="randomized",
            sex="female",
            age=40,
            screened_on=STARTED_ON,
        )
        for number in range(people)
    )
    obtained_by = next(iter(world.people.values()))
    Consent.objects.bulk_create(
        Consent(
            trial=world.trial,
            site=world.site,
            participant=person,
            form_version="1.0",
            signed_on=STARTED_ON,
            obtained_by=obtained_by,
            is_able=True,
        )
        for person in made
    )
    return made


def _add_visits(world: World, people: list[Participant]) -> list[Visit]:
    return Visit.objects.bulk_create(
        Visit(
            trial=world.trial,
            site=world.site,
            participant=person,
            protocol_version=world.protocol,
            code=f"v{number}",
            number=f"V{number}",
            label="Visit",
            kind="assessment",
            position=number,
            state="held",
            plan="recorded",
            held_on=STARTED_ON + timedelta(days=7 * number),
            mode="video",
        )
        for person in people
        for number in range(VISITS)
    )


def _add_forms(world: World, visits: list[Visit]) -> None:
    rater = next(iter(world.people.values()))
    Assessment.objects.bulk_create(
        Assessment(
            trial=world.trial,
            site=world.site,
            participant_id=visit.participant_id,
            visit=visit,
            code="caps5",
            instrument="caps5",
            version="2015",
            recall="past month",
            position=1,
            is_hidden_from_site=True,
            state="signed",
            rater=rater,
            opaque_code=f"F{visit.pk}",
            assessed_on=visit.held_on,
            source="direct",
        )
        for visit in visits
    )
