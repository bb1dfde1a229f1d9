"""The end of a course: what is missing is seen, and explained."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from accounts.vocabulary import Role
from assessments.access import ExpectedForm, expected_forms, lacks_of
from assessments.actions import complete_trial, mark_not_done
from assessments.actions.assigning import NotDone
from audit.models import Action
from audit.refusal import ReasonNeeded
from audit.trail import acting
from participants.actions import Step
from participants.models import Participant
from sessions.models import Visit
from tests.pages import signed_in_as
from tests.world import SETUP, World, held, randomized, started, visit_of

pytestmark = pytest.mark.django_db
ENDED = date(2025, 9, 1)


@pytest.fixture
def person(world: World) -> Participant:
    return randomized(world)[0]


def page(person: Participant) -> str:
    return reverse("assessments:complete_trial", args=[person.uuid])


def coordinator(world: World) -> Client:
    return signed_in_as(world, Role.COORDINATOR)


def whole(world: World, person: Participant) -> None:
    """Leave nothing open: every form not done for a reason, every visit recorded."""
    by = world.actor(Role.COORDINATOR)
    planned = Visit.objects.filter(participant=person, state="planned")
    with acting("settle", by=SETUP, reason="A test leaves no visit open"):
        planned.update(state="cancelled", plan="cancelled")
    for lack in lacks_of([person])[person.pk]:
        code = next(
            form.row.code
            for form in _forms(lack.visit)
            if form.title == lack.title and form.state == "not_started"
        )
        mark_not_done(forms=[NotDone(lack.visit, code, "Declined")], by=by)


def _forms(visit: Visit) -> list[ExpectedForm]:
    return expected_forms([visit])[visit.pk]


def test_what_is_missing_is_listed_by_visit(world: World, person: Participant) -> None:
    started(world, person, "prep_1", "cssrs_slc")
    shown = coordinator(world).get(page(person))
    by_visit = {line["visit"].pk: line["what"] for line in shown.context["missing"]}
    prep, dosing = visit_of(person, "prep_1"), visit_of(person, "dosing_1")
    assert any(
        "in progress" in what or "assigned" in what for what in by_visit[prep.pk]
    )
    assert by_visit[dosing.pk] == ["not recorded"]
    assert shown.context["counted"] in shown.content.decode()
    assert not any(
        lack.visit.kind == "follow_up" for lack in lacks_of([person])[person.pk]
    )


def test_completion_with_something_missing_is_refused_until_it_is_explained(
    world: World, person: Participant
) -> None:
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(ReasonNeeded, match="forms are not finished"):
        complete_trial(steps=[Step(person, ENDED)], by=by)
    client = coordinator(world)
    refused = client.post(page(person), {"on": "2025-09-01", "why": ""})
    assert refused.status_code == 200
    person.refresh_from_db()
    assert person.state == "randomized"
    why = "Moved abroad after V4; the monitor knows."
    answer = client.post(page(person), {"on": "2025-09-01", "why": why})
    assert answer["Location"] == reverse("workbench:participant", args=[person.uuid])
    person.refresh_from_db()
    assert (person.state, person.end_reason) == ("completed", "Completed the trial")
    assert Action.objects.filter(verb="complete").latest("id").reason == why


def test_a_course_without_gaps_is_completed_without_a_word(
    world: World, person: Participant
) -> None:
    whole(world, person)
    shown = coordinator(world).get(page(person))
    assert shown.context["missing"] == []
    assert "why" not in shown.context["form"].fields
    complete_trial(
        steps=[Step(person, ENDED)], by=world.actor(Role.COORDINATOR), today=ENDED
    )
    person.refresh_from_db()
    assert person.state == "completed"


def test_completion_is_offered_for_the_day_of_the_last_visit(
    world: World, person: Participant
) -> None:
    held(world, [person], "dosing_1")
    last = Visit.objects.filter(participant=person, kind="termination")
    with acting("hold", by=SETUP, reason="A test goes straight to the end"):
        last.update(state="held", held_on=ENDED, plan="recorded", mode="in_person")
    form = coordinator(world).get(page(person)).context["form"]
    assert form["on"].value() == ENDED


def test_only_those_who_record_visits_complete_a_course(
    world: World, person: Participant
) -> None:
    assert signed_in_as(world, Role.MONITOR).get(page(person)).status_code == 404
    elsewhere = signed_in_as(world, Role.COORDINATOR, elsewhere=True)
    assert elsewhere.get(page(person)).status_code == 404
    assert signed_in_as(world, Role.RATER).get(page(person)).status_code == 404
    assert Client().get(page(person)).status_code == 302
