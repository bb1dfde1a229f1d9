"""Every questionnaire from the page to the sponsor: entered, signed, shown, exported."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.vocabulary import Role
from assessments.actions import Completion, Start, complete, sign, start
from assessments.instruments import REGISTRY
from assessments.instruments.base import Instrument
from assessments.instruments.own import TREATMENT_GUESS
from assessments.models import Assessment
from participants.models import Participant
from tests import databases
from tests.exports.rows import rows_of
from tests.exports.study import Study, body_of, new_token
from tests.locking import locked
from tests.pages import signed_in_as
from tests.world import MAPP2, PASSWORD, World, consented, held, new_world, visit_of

SCHEDULED = {"caps5", "caps4", "sds_adapted", "pcl5", "cssrs_slc"}
# Nobody at a site gives it: who rates recordings has no page of their own yet.
ELSEWHERE = {"adherence"}
OTHERS = [each for each in REGISTRY.values() if each.code not in SCHEDULED | ELSEWHERE]
EXPORTED = [each for each in OTHERS if not each.tells_of_arm]
NOT_YET = re.compile(r"\[\[not_yet\]\]\n(?:[^\[\n].*\n)+")
GIVERS = {
    "participant": '["participant"]',
    "site_clinician": '["therapist", "investigator"]',
}


def scheduled(each: Instrument) -> str:
    recall = f'recall = "{each.recall[0]}"\n' if each.recall else ""
    return (
        f'\n[[assessments]]\nform = "{each.code}"\nversion = "{each.version}"\n'
        f'{recall}by = {GIVERS[each.completed_by]}\nat = ["screening"]\n'
        'source = "unverified"\n'
    )


def answers_to(each: Instrument) -> dict[str, int | str]:
    """The highest answer to whatever the answers before it call for."""
    given: dict[str, Any] = {}
    for item in each.items:
        if not each.is_asked(item, given):
            continue
        values = [option.value for option in item.scale.options]
        given[item.code] = max(values) if values else item.scale.most
    return given


def signed(world: World, person: Participant, each: Instrument) -> Assessment:
    visit = visit_of(person, "screening")
    role = Role.COORDINATOR if each.completed_by == "participant" else Role.THERAPIST
    (form,) = start(starts=[Start(visit, each.code)], by=world.actor(role))
    assert visit.held_on is not None
    whole = Completion(
        form, visit.held_on, "direct", answers_to(each), "Called at once"
    )
    complete(completions=[whole], by=world.actor(role))
    sign(assessments=[form], password=PASSWORD, by=world.actor(Role.INVESTIGATOR))
    form.refresh_from_db()
    return form


@contextmanager
def answering(instruments: list[Instrument]) -> Iterator[Study]:
    """A committed study in which somebody has signed forms of these instruments."""
    with databases.cloned():
        extra = "".join(map(scheduled, instruments))
        text = NOT_YET.sub("", MAPP2.read_text("utf-8"))
        cut = text.index("[[assessments]]")
        world = new_world(text=text[:cut] + extra.lstrip() + "\n" + text[cut:])
        (person,) = consented(world)
        held(world, [person], "screening")
        for each in instruments:
            signed(world, person, each)
        token, plain = new_token(world, lasting=timedelta(days=1))
        yield Study(world, person, person, person, person, token, plain)


@pytest.fixture(scope="module")
def study(django_db_setup: None, django_db_blocker: Any) -> Iterator[Study]:
    with django_db_blocker.unblock(), answering(OTHERS) as made:
        yield made


@pytest.fixture
def guessed(django_db_setup: None, django_db_blocker: Any) -> Iterator[Study]:
    with django_db_blocker.unblock(), answering([TREATMENT_GUESS]) as made:
        yield made


@pytest.fixture(scope="module")
def reader(study: Study) -> Client:
    return signed_in_as(study.world, Role.COORDINATOR)


@pytest.mark.parametrize("each", OTHERS, ids=lambda each: each.code)
def test_a_questionnaire_is_signed_and_shown(
    study: Study, reader: Client, each: Instrument
) -> None:
    form = Assessment.objects.get(participant=study.treated, code=each.code)
    assert form.state == "signed"
    page = reader.get(reverse("assessments:enter", args=[form.uuid]))
    assert each.short_title in page.content.decode()


@pytest.mark.parametrize("each", EXPORTED, ids=lambda each: each.code)
def test_a_questionnaire_is_exported_with_its_scores(
    study: Study, each: Instrument
) -> None:
    rows = rows_of(study, "QS", study.treated)
    found = {row["QSTESTCD"]: row for row in rows if row["QSCAT"] == each.category}
    given = answers_to(each)
    for item in each.items:
        assert item.cdisc is not None
        if item.code in given:
            assert found[item.cdisc[0]]["QSSTRESN"] == given[item.code], item.code
    assert found.keys() >= {score.cdisc[0] for score in each.scores if score.cdisc}


@pytest.mark.requirement("BLD-08")
def test_a_guess_of_the_treatment_is_kept_from_the_sponsor_until_the_lock(
    guessed: Study,
) -> None:
    content = json.loads(body_of(guessed.get("manifest")))
    (listed,) = [each for each in content["datasets"] if each["name"] == "QS"]
    assert {each["name"] for each in listed["restricted"]} == {"QSCAT=TREATMENT GUESS"}
    assert (listed["rows"], rows_of(guessed, "QS")) == (0, [])
    locked(guessed.world)
    found = {row["QSTESTCD"]: row["QSSTRESN"] for row in rows_of(guessed, "QS")}
    assert found == {"GUESS01": 4, "GUESS02": 10, "GUESS03": 5}
