"""The demonstration is played through the actions, once, and is what it says it is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from adverse_events.models import AdverseEvent, SafetyReport
from assessments.instruments.base import MissingReason
from assessments.models import Assessment, ItemResponse, ScoreValue
from audit.actors import SystemActor
from audit.models import Action
from audit.seeing import seeing
from exports.models import ApiToken
from notices.models import Notice
from participants.models import Deviation, Participant
from randomization.access import unblindings_of
from reminders import actions as reminders
from reminders.models import Reminder
from sessions.models import DoseAdministration, Visit
from simulation.cohort import MISSING_CODE
from simulation.course import EARLY_MINUTES
from simulation.defects import planted_defects
from simulation.driver import PASSWORD, Member, Script, demonstrate, full_script
from simulation.driver.cast import cast_of
from simulation.driver.scene import scene_of
from simulation.driver.tokens import token_file
from simulation.items import Answers
from simulation.leaving import Defect
from simulation.live import LiveState
from simulation.plan import Cohort, ParticipantPlan
from simulation.report import VISIT_OF, not_reproduced, published_table, readings_of
from tests import databases
from tests.simulation.plays import TODAY, finished_cohort, small_script, traces
from trials.models import Trial

pytestmark = pytest.mark.slow
PLAY = (
    "import django; django.setup(); from django.conf import settings; "
    "settings.PASSWORD_HASHERS = ['django.contrib.auth.hashers.MD5PasswordHasher']; "
    "from tests.simulation.plays import play_small; play_small()"
)


@pytest.fixture(scope="module")
def script() -> Script:
    return small_script()


@pytest.fixture(scope="module")
def played(
    django_db_setup: None, django_db_blocker: Any, script: Script
) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    """The small script played on a database of this module's own, and its traces."""
    with django_db_blocker.unblock(), databases.cloned():
        demonstrate(script)
        yield traces()


def rows_of(script: Script) -> dict[int, Participant]:
    """Return the participant of each plan."""
    return scene_of(script, cast_of(script.identifier)).rows


def member_with(script: Script, defect: Defect) -> tuple[Member, str]:
    """Return who carries a planted defect, and where."""
    planted = planted_defects(finished_cohort(script))
    found = next(each for each in planted if each.kind is defect)
    member = next(m for m in script.members if m.plan.index == found.index)
    return member, found.where


STATE_OF = {
    LiveState.SCREENING: "screening",
    LiveState.CONSENTED: "screening",
    LiveState.ENROLLED: "enrolled",
    LiveState.PREPARED: "enrolled",
    LiveState.AWAITING_CONFIRMATION: "enrolled",
    LiveState.CONFIRMED: "confirmed",
    LiveState.AWAITING_FOLLOW_UP: "completed",
    LiveState.WITHDRAWN: "withdrawn",
}


def test_everybody_stands_where_the_script_says(played: Any, script: Script) -> None:
    rows = rows_of(script)
    assert len(rows) == len(script.members) == Participant.objects.count()
    for member in script.members:
        if member.state is not None:
            expected = STATE_OF.get(member.state, "randomized")
        else:
            expected = "withdrawn" if member.plan.withdrawn else "completed"
        assert rows[member.plan.index].state == expected


def test_visits_are_held_and_missed_on_the_planned_days(
    played: Any, script: Script
) -> None:
    rows = rows_of(script)
    for member in script.members:
        visits = {
            visit.code: visit
            for visit in Visit.objects.filter(participant=rows[member.plan.index])
        }
        held = {code for code, visit in visits.items() if visit.state == "held"}
        assert held == {v.code for v in member.plan.visits if v.is_held}
        for visit in member.plan.visits:
            if visit.is_held:
                assert visits[visit.code].held_on == member.on(visit.day)
        for visit in member.booked:
            assert visits[visit.code].state == "booked"
            assert visits[visit.code].booked_on == member.on(visit.day)


def test_what_is_not_planted_is_in_its_window(played: Any, script: Script) -> None:
    late, where = member_with(script, Defect.LATE_VISIT)
    found = Deviation.objects.filter(kind="out_of_window")
    assert [(each.participant_id, each.visit_code) for each in found] == [
        (rows_of(script)[late.plan.index].pk, where)
    ]
    assert "influenza" in found[0].description


def test_the_kinds_of_deviation_are_those_planted(played: Any, script: Script) -> None:
    kinds = Counter(Deviation.objects.values_list("kind", flat=True))
    planned_missed = Visit.objects.filter(state="missed").count()
    assert kinds == {
        "missed_visit": planned_missed,
        "out_of_window": 1,
        "dosing": 1,
        "rater": 1,
        "procedure": 1,
    }


def test_a_missing_item_has_its_reason_and_no_total(
    played: Any, script: Script
) -> None:
    member, where = member_with(script, Defect.MISSING_ITEM)
    row = rows_of(script)[member.plan.index]
    form = Assessment.objects.get(participant=row, visit__code=where, code="caps5")
    answer = ItemResponse.objects.get(assessment=form, item=MISSING_CODE)
    assert (answer.value, answer.missing) == (None, MissingReason.UNKNOWN)
    total = ScoreValue.objects.get(assessment=form, score="total")
    assert total.value is None


def test_an_event_entered_twice_is_voided_with_a_reason(
    played: Any, script: Script
) -> None:
    member, _ = member_with(script, Defect.DOUBLE_ENTRY)
    row = rows_of(script)[member.plan.index]
    [voided] = AdverseEvent.objects.filter(voided_at__isnull=False)
    assert voided.participant_id == row.pk
    assert voided.void_reason
    twins = AdverseEvent.objects.filter(participant=row, term=voided.term)
    assert twins.filter(onset_on=voided.onset_on, voided_at__isnull=True).exists()


def test_an_early_and_a_withheld_supplement_are_on_record(
    played: Any, script: Script
) -> None:
    rows = rows_of(script)
    early, where = member_with(script, Defect.EARLY_SUPPLEMENT)
    doses = DoseAdministration.objects.filter(
        participant=rows[early.plan.index], visit__code=where
    )
    given = {dose.part: dose.given_at for dose in doses if dose.given_at is not None}
    minutes = (given["supplement"] - given["initial"]).total_seconds() / 60
    assert minutes == EARLY_MINUTES
    assert Deviation.objects.get(kind="dosing").participant_id == (
        rows[early.plan.index].pk
    )
    member, _ = member_with(script, Defect.WITHHELD_SUPPLEMENT)
    [withheld] = DoseAdministration.objects.exclude(withheld_reason="")
    assert withheld.participant_id == rows[member.plan.index].pk


def test_a_rater_who_comes_again_leaves_a_deviation(
    played: Any, script: Script
) -> None:
    member, where = member_with(script, Defect.REPEATED_RATER)
    row = rows_of(script)[member.plan.index]
    noted = Deviation.objects.get(kind="rater")
    assert (noted.participant_id, noted.visit_code) == (row.pk, where)
    raters = Assessment.objects.filter(participant=row, code="caps5")
    by_visit = dict(raters.values_list("visit__code", "rater_id"))
    assert by_visit[where] == by_visit["baseline"]


def test_the_serious_event_has_its_three_moments_and_an_unblinding(
    played: Any, script: Script
) -> None:
    member, _ = member_with(script, Defect.UNBLINDING)
    row = rows_of(script)[member.plan.index]
    [event] = [each for each in AdverseEvent.objects.all() if each.is_serious]
    assert event.participant_id == row.pk
    moments = [
        event.site_aware_at,
        event.sponsor_received_at,
        event.sponsor_determined_at,
    ]
    assert moments == sorted(each for each in moments if each is not None)
    assert event.is_suspected is False
    [report] = SafetyReport.objects.filter(event=event)
    assert report.sent_at is not None
    assert report.sent_at <= report.due_at
    [line] = unblindings_of([row.pk])[row.pk]
    assert line.kind == "Emergency"
    assert row.treatment == "discontinued"
    doses = DoseAdministration.objects.filter(participant=row, given_at__gt=line.at)
    assert not doses.exists()


def test_the_scores_on_record_are_those_of_the_plans(
    played: Any, script: Script
) -> None:
    cohort = recorded(script)
    planned = finished_cohort(script)
    for plan, found in zip(planned.participants, cohort.participants, strict=True):
        assert readings_of(found, de_facto=True) == readings_of(plan, de_facto=True)
        for time, reading in readings_of(plan, de_facto=True).items():
            total = ScoreValue.objects.get(
                assessment__participant=rows_of(script)[plan.index],
                assessment__visit__code=VISIT_OF[time],
                assessment__code="caps5",
                score="total",
            )
            assert total.value == reading.total


def test_every_entry_of_the_trail_names_a_sign_in_or_the_setting_up(
    played: Any,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM audit.audit_action a "
            "LEFT JOIN audit.audit_signin s ON s.id = a.session_id "
            "WHERE s.kind IS DISTINCT FROM 'simulation' AND a.job <> 'setup'"
        )
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "SELECT count(*) FROM audit.audit_signin "
            "WHERE kind = 'simulation' AND ended_at IS NULL"
        )
        assert cursor.fetchone() == (0,)
    assert Action.objects.filter(job="setup").count() <= 6


def test_worklists_have_something_to_do(played: Any, script: Script) -> None:
    unsigned = Assessment.objects.filter(state="complete")
    assert unsigned.exists()
    assert not unsigned.filter(is_hidden_from_site=True).exists()
    assert Assessment.objects.filter(state="assigned", code="caps5").exists()
    assert Visit.objects.filter(state="booked", booked_on=TODAY).exists()
    overdue = Visit.objects.filter(state="planned", plan="firm", closes__lt=TODAY)
    assert overdue.exists()
    assert Trial.objects.get().reminders_from == TODAY


def test_nobody_is_told_of_the_days_before_it_was_made(
    played: Any, script: Script
) -> None:
    by = SystemActor("reminders", triggered_by="test")
    # After every site's morning, before midnight of any.
    late = datetime(TODAY.year, TODAY.month, TODAY.day, 20, tzinfo=UTC)
    with seeing(by):
        assert not Notice.objects.exists()
        assert reminders.plan_notices(now=late, by=by) == 0
        assert reminders.plan_clocks(now=late, by=by) == 0
        reminders.plan_reminders(now=late, by=by)
        assert reminders.plan_digests(now=late, by=by) > 0
        days = set(Reminder.objects.values_list("due_on", flat=True))
        transaction.set_rollback(True)
    assert days == {TODAY}


def test_a_second_play_changes_nothing(played: Any, script: Script) -> None:
    entries = Action.objects.count()
    assert demonstrate(script) == 0
    assert Action.objects.count() == entries
    assert traces() == played


def test_a_play_that_is_killed_is_finished_without_doubling(
    played: Any, script: Script, own_database: str
) -> None:
    address = urlsplit(os.environ["DATABASE_URL"])
    told = {
        **os.environ,
        "DATABASE_URL": urlunsplit(address._replace(path=f"/{own_database}")),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", PLAY],
        env=told,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("dosing_1"):
            process.kill()
            break
    process.wait()
    process.stdout.close()
    assert Participant.objects.filter(state="randomized").exists()
    assert not Participant.objects.filter(state="completed").exists()
    assert demonstrate(script) > 0
    assert traces() == played
    assert demonstrate(script) == 0


def recorded(script: Script) -> Cohort:
    """Return the finished cohort with every interview's answers read from the database."""
    rows = {row.pk: index for index, row in rows_of(script).items()}
    values: dict[tuple[int, str, str], dict[str, int | None]] = {}
    for person, visit, form, item, value in ItemResponse.objects.filter(
        assessment__code__in=["caps5", "sds_adapted"]
    ).values_list(
        "participant_id", "assessment__visit__code", "assessment__code", "item", "value"
    ):
        values.setdefault((rows[person], visit, form), {})[item] = value
    plans = [
        _with_recorded(plan, values) for plan in finished_cohort(script).participants
    ]
    return Cohort(script.seed, tuple(plans))


def _with_recorded(
    plan: ParticipantPlan, values: dict[tuple[int, str, str], dict[str, int | None]]
) -> ParticipantPlan:
    visits = [
        replace(
            visit,
            answers=tuple(
                Answers(form, values[plan.index, visit.code, form])
                for form in ("caps5", "sds_adapted")
            ),
        )
        if (plan.index, visit.code, "caps5") in values
        else visit
        for visit in plan.visits
    ]
    return replace(plan, visits=tuple(visits))


def test_the_commands_make_the_whole_cohort_which_shows_the_published_figures(
    own_database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings.DEMONSTRATION = True
    monkeypatch.setenv("CANDOR_VAR", str(tmp_path))
    call_command("demonstration")
    trial = Trial.objects.get()
    assert trial.is_synthetic
    whole = full_script(today=trial.reminders_from)
    assert Participant.objects.count() == len(whole.members) == 118
    cohort = recorded(whole)
    assert not_reproduced(cohort) == []
    assert published_table(cohort) == published_table(finished_cohort(whole))
    assert token_file() == tmp_path / "sponsor_token"
    assert token_file().stat().st_mode & 0o777 == 0o600
    assert ApiToken.objects.count() == 1

    entries, before = Action.objects.count(), traces()
    call_command("demonstration")
    assert Action.objects.count() == entries
    assert traces() == before
    capsys.readouterr()
    call_command("demonstration_accounts")
    shown = capsys.readouterr().out
    assert token_file().read_text().strip() in shown
    assert "coordinator-01" in shown
    assert PASSWORD in shown


def test_both_plays_of_one_seed_are_alike_but_for_chance_of_the_database(
    played: Any, script: Script, own_database: str
) -> None:
    demonstrate(small_script())
    assert traces() == played
