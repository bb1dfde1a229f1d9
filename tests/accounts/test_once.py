"""A request that is made again changes nothing and gets the first one's answer."""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import AnsweredRequest
from accounts.once import KEPT_FOR
from accounts.tasks import forget_answered
from accounts.vocabulary import Role
from adverse_events.models import AdverseEvent
from assessments.models import Draft
from audit.models import Action
from exports.models import ApiToken
from randomization.models import Kit
from tests.forms import bare, posted
from tests.pages import signed_in_as
from tests.randomization import world as wall
from tests.replaying import WITHOUT_KEY
from tests.routes import acts, arguments_of, views
from tests.world import World, consented, enrolled, held, new_world, started

pytestmark = pytest.mark.requirement("DAT-06")


@pytest.fixture
def world(db: None) -> World:
    return new_world()


def an_event(world: World) -> tuple[str, dict[str, Any]]:
    (person,) = consented(world)
    return reverse("adverse_events:report", args=[person.uuid]), {
        "term": "Warmth in the chest",
        "valence": "pleasant",
        "severity": "mild",
        "onset_on": "2025-04-28",
        "outcome": "recovered",
        "action_taken": "not_changed",
    }


def keyed(typed: dict[str, Any], key: object = None) -> dict[str, Any]:
    return typed | {"request_key": str(key or uuid4())}


def words(response: Any) -> str:
    return str(response.content.decode())


def test_sent_three_times_it_is_done_once_and_answered_alike(world: World) -> None:
    address, typed = an_event(world)
    client = signed_in_as(world, Role.COORDINATOR)
    form = keyed(typed)
    answers = [client.post(address, form) for _ in range(3)]
    assert AdverseEvent.objects.count() == 1
    assert len({answer["Location"] for answer in answers}) == 1
    assert all("Event 1 is recorded." in told(answer) for answer in answers)
    assert Action.objects.filter(verb="report adverse event").count() == 1


def told(response: Any) -> str:
    return " ".join(str(message) for message in response.wsgi_request._messages)


def test_a_refused_form_does_not_use_up_its_key(world: World) -> None:
    address, typed = an_event(world)
    client = signed_in_as(world, Role.COORDINATOR)
    form = keyed(typed)
    assert client.post(address, form | {"term": ""}).status_code == 200
    assert client.post(address, form).status_code == 302
    assert AdverseEvent.objects.count() == 1


def test_changed_after_it_was_sent_it_is_refused_in_so_many_words(world: World) -> None:
    address, typed = an_event(world)
    client = signed_in_as(world, Role.COORDINATOR)
    form = keyed(typed)
    first = client.post(address, form)
    again = client.post(address, form | {"term": "Something else"})
    assert again.status_code == 409
    assert "What was changed in it since is not saved" in words(again)
    assert first["Location"] in words(again)
    assert AdverseEvent.objects.count() == 1


def test_a_key_serves_no_other_person_and_no_other_page(world: World) -> None:
    address, typed = an_event(world)
    form = keyed(typed)
    signed_in_as(world, Role.COORDINATOR).post(address, form)
    stranger = signed_in_as(world, Role.INVESTIGATOR).post(address, form)
    (other,) = consented(world)
    elsewhere = reverse("adverse_events:report", args=[other.uuid])
    other_page = signed_in_as(world, Role.COORDINATOR).post(elsewhere, form)
    assert [stranger.status_code, other_page.status_code] == [409, 409]
    assert "Location" not in words(stranger)
    assert AdverseEvent.objects.count() == 1


@pytest.mark.parametrize("key", ["", "x", "\0", "1" * 500])
def test_what_is_no_key_is_refused(world: World, key: str) -> None:
    address, typed = an_event(world)
    answer = signed_in_as(world, Role.COORDINATOR).post(
        address, typed | {"request_key": key}
    )
    assert answer.status_code == 409
    assert not AdverseEvent.objects.exists()


def test_what_no_form_of_ours_sent_changes_nothing(world: World) -> None:
    address, typed = an_event(world)
    client = signed_in_as(world, Role.COORDINATOR)
    before = Action.objects.count()
    answer = bare(client, address, typed)
    assert answer.status_code == 409
    assert "does not come from a form that was opened here for you" in words(answer)
    assert f'href="{address}"' in words(answer)
    assert not AdverseEvent.objects.exists()
    assert Action.objects.count() == before


@pytest.mark.parametrize(
    "route", [name for name, view in views().items() if acts(view)]
)
def test_every_act_asks_for_a_key_but_those_that_may_be_repeated(
    world: World, route: str
) -> None:
    client = signed_in_as(world, Role.COORDINATOR)
    kinds = {"uuid": str(uuid4()), "visit": str(uuid4()), "pk": 1}
    names = {name: kinds.get(name, "x") for name in arguments_of(route)}
    answer = bare(client, reverse(route, kwargs=names), {})
    assert (answer.status_code == 409) == (route not in WITHOUT_KEY)


def test_what_was_typed_is_kept_as_a_keyed_digest_only(world: World) -> None:
    address, typed = an_event(world)
    signed_in_as(world, Role.COORDINATOR).post(address, keyed(typed))
    with connection.cursor() as cursor:
        cursor.execute("SELECT r::text FROM accounts_answeredrequest r")
        (row,) = cursor.fetchone()
    assert "Warmth" not in row


def test_a_file_with_other_content_is_another_request(world: World) -> None:
    client = signed_in_as(world, Role.PHARMACIST)
    address = reverse("randomization:load_kits", args=[world.site.uuid])
    one, other = (
        "number,arm,step,part,milligrams\n"
        f"{kit.number},{kit.arm},{kit.step},{kit.part},{kit.milligrams}\n"
        for kit in wall.kits_of(world, world.site, times=1)[:2]
    )
    key = str(uuid4())

    def sent(text: str) -> int:
        file = SimpleUploadedFile("kits.csv", text.encode())
        return client.post(address, {"file": file, "request_key": key}).status_code

    assert [sent(one), sent(one), sent(other)] == [302, 302, 409]
    assert Kit.objects.count() == 1


def test_a_token_is_issued_once_and_its_words_are_not_kept(world: World) -> None:
    client = signed_in_as(world, Role.DATA_MANAGER)
    home = client.get(reverse("exports:home"))
    address = reverse("exports:issue", args=[world.trial.uuid])
    form = posted(words(home), action=address)
    statistician = world.user(Role.STATISTICIAN)
    form |= {
        "user": statistician.pk,
        "name": "analysis",
        "last_day": (timezone.now() + timedelta(days=20)).date().isoformat(),
    }
    first = client.post(address, form)
    assert first.status_code == 200
    again = client.post(address, form)
    assert again.status_code == 302
    assert "issued already, and shown once" in told(again)
    assert ApiToken.objects.count() == 1


def test_a_draft_sent_again_stays_as_it_is_by_its_nature(world: World) -> None:
    """Autosaves need no key: the same answer with the same sequence changes nothing."""
    (person,) = enrolled(world)
    held(world, [person], "prep_1")
    form = started(world, person, "prep_1", "cssrs_slc")
    client = signed_in_as(world, Role.THERAPIST)
    item = {"item": "reason", "value": "Late", "missing": "", "sequence": "7"}
    address = reverse("assessments:draft", args=[form.uuid])
    kept = []
    for _ in range(3):
        assert client.post(address, item).status_code == 200
        answers = Draft.objects.get().answers["reason"]
        kept.append({key: answers[key] for key in ("value", "missing", "sequence")})
    assert kept == [kept[0]] * 3


def test_what_nobody_can_send_again_is_removed(world: World) -> None:
    address, typed = an_event(world)
    client = signed_in_as(world, Role.COORDINATOR)
    client.post(address, keyed(typed))
    client.post(address, keyed(typed))
    old = AnsweredRequest.objects.order_by("pk").first()
    assert old is not None
    AnsweredRequest.objects.filter(pk=old.pk).update(
        at=timezone.now() - KEPT_FOR - timedelta(minutes=1)
    )
    assert forget_answered() == 1
    assert AnsweredRequest.objects.count() == 1


@pytest.mark.slow
@pytest.mark.services
def test_twenty_at_once_get_one_act_and_one_answer(own_database: str) -> None:
    world = new_world()
    address, typed = an_event(world)
    form = keyed(typed)
    clients = [signed_in_as(world, Role.COORDINATOR) for _ in range(20)]
    answers = at_once([partial(client.post, address, form) for client in clients])
    assert {answer.status_code for answer in answers} == {302}
    assert len({answer["Location"] for answer in answers}) == 1
    assert AdverseEvent.objects.count() == 1


def at_once(asks: Sequence[Callable[[], Any]]) -> list[Any]:
    """Return the answers of requests that are made at the same moment."""
    answers: list[Any] = []
    together = threading.Barrier(len(asks))

    def ask(each: Callable[[], Any]) -> None:
        together.wait(30)
        try:
            answers.append(each())
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=[each]) for each in asks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers
