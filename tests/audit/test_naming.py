"""What records are called on the trail: one query, whatever they belong to."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.vocabulary import Role
from assessments.instruments import TITLES
from assessments.models import Assessment, ItemResponse
from audit.history import entries
from audit.models import Action
from audit.naming import Named, names_in
from audit.sentences import sentences
from participants.actions import NewDeviation, record_deviations
from tests.workbench.life import lives
from tests.world import new_world, signed_caps
from trials.access import today_at

pytestmark = pytest.mark.django_db


def test_everything_is_named_in_two_queries() -> None:
    world = new_world()
    today = today_at(world.site)
    (person,) = lives(world, 1, today=today, days=60)
    signed_caps(world, person, total=71)
    acts = entries(Action.objects.filter(trial_id=world.trial.pk), limit=500)
    with CaptureQueriesContext(connection) as queries:
        names = names_in(acts, titles=TITLES)
    # One for the names, and one for what replaced facts said.
    assert len(queries) == 2
    form = Assessment.objects.select_related("visit").get(code="caps5")
    assert names.rows["assessments_assessment", str(form.pk)] == Named(
        "CAPS-5", (form.visit.number,)
    )
    answers = ItemResponse.objects.filter(assessment=form)
    assert answers.exists()


def test_a_deviation_tells_the_number_of_its_visit() -> None:
    world = new_world()
    today = today_at(world.site)
    people = lives(world, 2, today=today, days=60)
    deviations = [
        NewDeviation(person, "procedure", today, "Had eaten breakfast", "prep_1")
        for person in people
    ]
    by = world.actor(Role.COORDINATOR)
    record_deviations(deviations=deviations[:1], by=by)
    record_deviations(deviations=deviations, by=by)
    many, one = entries(Action.objects.filter(verb="record deviation"), limit=2)
    told_many, told_one = sentences(
        [many, one], names=names_in([many, one], titles=TITLES)
    )
    assert ("Visit code", "V1") in [(x.label, x.after) for x in told_one.changes]
    labels = {line.label for line in told_many.changes}
    for person in people:
        assert f"{person.number}, V1 · description" in labels
