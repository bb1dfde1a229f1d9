"""One participant's page: state, next act, visits, forms, events, and who sees what."""

from datetime import date, timedelta

import pytest
from django.db import connection

from accounts.vocabulary import Role
from participants.actions import NewIdentity, record_identities
from participants.models import Participant
from sessions import actions
from sessions.drawing.windows import day_text
from sessions.models import Visit
from tests.trials.published import published
from tests.workbench.conftest import Browser, only_reading, queries_of, text_of
from tests.workbench.life import lives
from tests.workbench.test_home import dead_links
from tests.world import World, consented, screened, signed_caps, visit_of
from trials.access import definition_of, today_at
from workbench.views.course import mark_code, stages_of, visit_rows

MOST_QUERIES = 15


def page_of(person: Participant, tab: str = "") -> str:
    return f"/participants/{person.uuid}/" + (f"?show={tab}" if tab else "")


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.MONITOR, Role.MEDICAL_MONITOR])
def test_a_page_with_every_visit_costs_what_it_costs_among_thirty(
    world: World, browser: Browser, role: Role
) -> None:
    today = today_at(world.site)
    (person,) = lives(world, 1, today=today, days=60)
    client = browser(world.user(role))
    few = queries_of(client, page_of(person))
    (finished,) = lives(world, 1, today=today, days=176)
    lives(world, 28, today=today, days=60)
    assert queries_of(client, page_of(finished)) == few
    assert few <= MOST_QUERIES


def test_somebody_of_another_site_is_not_there(world: World, browser: Browser) -> None:
    (person,) = consented(world)
    for role in (Role.COORDINATOR, Role.MONITOR):
        elsewhere = browser(world.user(role, elsewhere=True))
        assert elsewhere.get(page_of(person)).status_code == 404
        assert elsewhere.get(f"{page_of(person)}trail/").status_code == 404
    assert browser(world.user(Role.RATER)).get(page_of(person)).status_code == 404


def test_before_consent_the_page_offers_consent_and_no_visits(
    world: World, browser: Browser
) -> None:
    (person,) = screened(world)
    page = text_of(browser(world.user(Role.COORDINATOR)).get(page_of(person)))
    assert "Record consent" in page
    assert "No visit is planned yet." in page
    assert "Show name" not in page


def test_what_cannot_be_done_yet_says_why_and_where(
    world: World, browser: Browser
) -> None:
    (person,) = consented(world, on=today_at(world.site) - timedelta(days=3))
    page = text_of(browser(world.user(Role.COORDINATOR)).get(page_of(person)))
    assert 'aria-disabled="true"' in page
    assert "facts are not recorded" in page
    assert f"/participants/{person.uuid}/eligibility/" in page


def test_the_state_line_says_what_comes_next(world: World, browser: Browser) -> None:
    today = today_at(world.site)
    (person,) = lives(world, 1, today=today, days=54)
    on = today + timedelta(days=2)
    actions.book(
        bookings=[actions.Booking(visit_of(person, "dosing_1"), on, None, "in_person")],
        by=world.actor(Role.COORDINATOR),
    )
    answer = browser(world.user(Role.COORDINATOR)).get(page_of(person))
    assert "next is V5 Experimental session 1, booked for" in answer.context["state"]


def test_a_window_that_has_passed_is_said_to_have_closed(
    world: World, browser: Browser
) -> None:
    today = today_at(world.site)
    (idle,) = lives(world, 1, today=today - timedelta(days=60), days=54)
    page = browser(world.user(Role.COORDINATOR)).get(page_of(idle))
    closed = visit_of(idle, "dosing_1").closes
    assert closed is not None
    assert closed < today
    assert (
        f"next is V5 Experimental session 1, not booked, window closed "
        f"{day_text(closed)}." in page.context["state"]
    )


def test_an_unscheduled_visit_is_drawn_in_a_lane_of_its_own(
    world: World, browser: Browser
) -> None:
    today = today_at(world.site)
    (person,) = lives(world, 1, today=today, days=100)
    client = browser(world.user(Role.COORDINATOR))
    before = client.get(page_of(person)).context["timeline"]
    assert "Unscheduled" not in {lane.label for lane in before.lanes}
    actions.add_unscheduled(
        additions=[actions.Unscheduled(person, today, "phone", "Asked for a talk")],
        by=world.actor(Role.COORDINATOR),
        today=today,
    )
    after = client.get(page_of(person)).context["timeline"]
    lane = next(lane for lane in after.lanes if lane.label == "Unscheduled")
    (mark,) = (mark for mark in after.marks if mark.code == "U1")
    assert lane.y <= mark.y < lane.y + lane.height


@pytest.mark.parametrize("days", [55, 130, 167, 176])
def test_the_timeline_names_the_stages_that_an_export_calls_epochs(
    world: World, days: int
) -> None:
    today = today_at(world.site)
    (person,) = lives(world, 1, today=today, days=days)
    visits = list(Visit.objects.filter(participant=person).in_order())
    rows = visit_rows(visits, {}, today=today)
    stages = stages_of(person, rows, last_on=today + timedelta(days=400))
    epochs = {
        "Screening": "SCREENING",
        "Preparation": "SCREENING",
        "Treatment": "TREATMENT",
        "Follow-up": "FOLLOW-UP",
    }
    drawn = [
        (visit.held_on.isoformat(), epochs[stage.label])
        for visit in visits
        if visit.held_on is not None
        for stage in stages
        if stage.starts_on <= visit.held_on <= stage.ends_on
    ]
    assert drawn == _exported(person)
    assert len(drawn) >= 6


def _exported(person: Participant) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT "SVSTDTC", "EPOCH" FROM export.sv WHERE participant_id = %s '
            'AND "SVOCCUR" = %s ORDER BY "VISITNUM"',
            [person.pk, "Y"],
        )
        return [(str(on), str(epoch)) for on, epoch in cursor.fetchall()]


def test_treatment_ends_with_the_assessment_of_the_primary_endpoint(
    world: World,
) -> None:
    today = today_at(world.site)
    (person,) = lives(world, 1, today=today, days=176)
    (primary,) = (
        endpoint
        for endpoint in definition_of(person.protocol_version).endpoints
        if endpoint.role == "primary"
    )
    stages = {
        stage.label: stage
        for stage in stages_of(
            person,
            visit_rows(
                list(Visit.objects.filter(participant=person).in_order()),
                {},
                today=today,
            ),
            last_on=today,
        )
    }
    assert stages["Treatment"].ends_on == visit_of(person, primary.end).held_on
    assert stages["Treatment"].starts_on == visit_of(person, "dosing_1").held_on


def test_the_course_is_drawn_only_for_those_who_may_see_outcomes(
    world: World, browser: Browser
) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    signed_caps(world, person, total=47)
    site = text_of(browser(world.user(Role.INVESTIGATOR)).get(page_of(person)))
    monitor = text_of(browser(world.user(Role.MEDICAL_MONITOR)).get(page_of(person)))
    assert "over the visits" not in site
    assert ">47<" not in site
    assert ">47<" in monitor
    assert "over the visits" in monitor


def test_only_who_may_see_a_name_is_offered_it(world: World, browser: Browser) -> None:
    (person,) = consented(world)
    coordinator = text_of(browser(world.user(Role.COORDINATOR)).get(page_of(person)))
    therapist = text_of(browser(world.user(Role.THERAPIST)).get(page_of(person)))
    assert "Record identity" in coordinator
    assert "Record identity" not in therapist
    known = NewIdentity(person, "Ada Longname-Example", date(1990, 5, 17))
    record_identities(identities=[known], by=world.actor(Role.COORDINATOR))
    coordinator = text_of(browser(world.user(Role.COORDINATOR)).get(page_of(person)))
    therapist = text_of(browser(world.user(Role.THERAPIST)).get(page_of(person)))
    assert "Show name" in coordinator
    assert "Show name" not in therapist
    assert "Record identity" not in coordinator


def test_no_role_that_only_reads_is_offered_an_act(
    world: World, browser: Browser
) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    acts = browser(world.user(Role.MONITOR)).get(page_of(person)).context["acts"]
    assert (acts.primary, acts.beside, acts.rare) == (None, (), ())


@pytest.mark.parametrize("tab", ["", "forms", "events"])
def test_every_link_of_every_tab_answers_and_nothing_is_written(
    world: World, browser: Browser, tab: str
) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    client = browser(world.user(Role.COORDINATOR))
    assert dead_links(client, page_of(person, tab)) == []
    with only_reading():
        client.get(page_of(person, tab))


def test_before_consent_an_event_says_why_it_waits(
    world: World, browser: Browser
) -> None:
    (person,) = screened(world, 1)
    client = browser(world.user(Role.COORDINATOR))
    (act,) = client.get(page_of(person)).context["acts"].beside
    assert (act.label, act.url) == ("Report event", "")
    assert act.why in text_of(client.get(page_of(person)))
    form = text_of(client.get(f"/participants/{person.uuid}/events/new/"))
    assert "has not consented" in form
    assert 'name="term"' not in form


def test_treatment_is_over_where_the_chart_has_gone_on_to_follow_up(
    world: World, browser: Browser
) -> None:
    today = today_at(world.site)
    before, after = (lives(world, 1, today=today, days=days)[0] for days in (160, 169))
    client = browser(world.user(Role.COORDINATOR))
    begun, over = (
        client.get(page_of(each)).context["state"] for each in (before, after)
    )
    assert "treatment started;" in begun
    assert "treatment started, follow-up since" in over


@pytest.mark.parametrize(
    ("code", "short"),
    [
        ("screening", "Scr."),
        ("prep_2", "2"),
        ("integration_1_3", "1.3"),
        ("call_1_day_5", "d5"),
        ("endpoint", "Ass."),
    ],
)
def test_a_visit_without_a_number_is_told_from_its_neighbors_on_the_timeline(
    code: str, short: str
) -> None:
    definition = published()["mp12"]
    planned = definition.visit(code)
    visit = Visit(code=code, label=planned.label, kind=planned.kind.value)
    assert mark_code(visit, definition) == short
