"""The planner rule by rule: every state, anchor and constraint in small examples."""

from dataclasses import replace
from datetime import date

import pytest

from sessions.schedule import Record, State, plan
from tests.sessions.definitions import DEFINITIONS, HEAD, OPEN
from tests.sessions.planning import CONSENT, D, planned, window
from trials.protocol import ProtocolDefinition, parse


def tiny(visits: str, more: str = "") -> ProtocolDefinition:
    stage = '[[stages]]\ncode = "only"\nlabel = "Only"\nblinded = false\n'
    return parse(HEAD.replace("{name}", "TINY") + stage + visits + more)


def visit(code: str, when: str, more: str = "", kind: str = "assessment") -> str:
    return (
        f'[[visits]]\ncode = "{code}"\nlabel = "{code.capitalize()}"\n'
        f'kind = "{kind}"\nwhen = {{ {when} }}\n{more}\n'
    )


def test_nothing_is_dated_before_consent() -> None:
    found = planned(Record(), D(2026, 1, 5), code="screening")
    assert found.state is State.WAITING
    assert window(found) == (None, None, None)
    assert "consent" in found.why


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (D(2026, 1, 25), State.UPCOMING),
        (D(2026, 1, 26), State.OPEN),
        (D(2026, 3, 2), State.OPEN),
        (D(2026, 3, 3), State.OVERDUE),
    ],
)
def test_a_firm_window_is_upcoming_open_or_overdue(today: date, state: State) -> None:
    record = Record(
        held={"screening": D(2026, 1, 19)},
        events={**CONSENT, "enrollment": D(2026, 1, 19)},
    )
    found = planned(record, today, code="dosing_1")
    assert found.state is state
    assert window(found) == (D(2026, 1, 26), D(2026, 2, 2), D(2026, 3, 2))
    assert found.firm


def test_a_dependant_of_a_visit_not_yet_held_is_a_forecast_from_its_target() -> None:
    record = Record(
        held={"screening": D(2026, 1, 19)},
        events={**CONSENT, "enrollment": D(2026, 1, 19)},
    )
    found = planned(record, D(2026, 1, 20), code="booster")
    assert found.state is State.PROVISIONAL
    assert window(found) == (D(2026, 3, 2), D(2026, 4, 2), D(2026, 5, 2))


def test_the_forecast_from_an_overdue_visit_slides_with_today() -> None:
    record = Record(events=CONSENT)
    today = D(2026, 3, 10)
    assert planned(record, today, code="screening").state is State.OVERDUE
    found = planned(record, today, code="dosing_1")
    assert window(found) == (D(2026, 3, 17), D(2026, 3, 24), D(2026, 4, 21))


def test_a_booking_moves_the_forecast_until_it_has_passed() -> None:
    record = Record(events=CONSENT, booked={"screening": D(2026, 1, 30)})
    booked = planned(record, D(2026, 1, 30), code="dosing_1")
    assert booked.target == D(2026, 2, 13)
    assert booked.state is State.PROVISIONAL
    passed = planned(record, D(2026, 1, 31), code="dosing_1")
    assert passed.target == D(2026, 2, 14)


def test_a_visit_ahead_of_another_is_firm_once_that_is_booked() -> None:
    held = {"screening": D(2026, 1, 12)}
    record = Record(held=held, events={**CONSENT, "enrollment": D(2026, 1, 12)})
    today = D(2026, 1, 13)
    assert planned(record, today, code="laboratory").state is State.PROVISIONAL
    record = replace(record, booked={"dosing_1": D(2026, 1, 26)})
    found = planned(record, today, code="laboratory")
    # 14 days before would be the 12th; the constraint says a day after screening.
    assert window(found) == (D(2026, 1, 13), D(2026, 1, 22), D(2026, 1, 25))
    assert found.firm


def test_a_visit_ahead_of_a_booking_that_lapsed_is_a_forecast_again() -> None:
    record = Record(
        held={"screening": D(2026, 1, 12)},
        events={**CONSENT, "enrollment": D(2026, 1, 12)},
        booked={"dosing_1": D(2026, 1, 26)},
    )
    found = planned(record, D(2026, 5, 4), code="laboratory")
    assert found.state is State.PROVISIONAL
    assert found.target == D(2026, 5, 4)


def test_a_visit_that_had_to_come_before_what_happened_is_too_late() -> None:
    record = Record(
        held={"screening": D(2026, 1, 12), "dosing_1": D(2026, 1, 26)},
        events=CONSENT,
    )
    found = planned(record, D(2026, 1, 26), code="laboratory")
    assert found.state is State.TOO_LATE
    assert "Session 1" in found.why


def test_a_missed_visit_is_counted_from_the_day_it_should_have_been() -> None:
    record = Record(events=CONSENT, missed={"screening": D(2026, 1, 12)})
    record = replace(record, events={**CONSENT, "enrollment": D(2026, 1, 14)})
    found = planned(record, D(2026, 2, 1), code="review")
    assert found.state is State.PROVISIONAL  # narrowed by a forecast, see below
    definition = tiny(
        visit("first", 'after = "consent", target = "1 week"')
        + visit("second", 'after = "first", target = "2 weeks", latest = "3 weeks"')
    )
    missed = Record(events=CONSENT, missed={"first": D(2026, 1, 12)})
    second = plan(definition, missed, D(2026, 1, 20))["second"]
    assert second.state is State.UPCOMING
    assert window(second) == (D(2026, 1, 26), D(2026, 1, 26), D(2026, 2, 2))


def test_otherwise_skip_cancels_and_comes_back_with_its_anchor() -> None:
    record = Record(
        held={"screening": D(2026, 1, 12)},
        events={**CONSENT, "enrollment": D(2026, 1, 12)},
        missed={"dosing_1": D(2026, 1, 26)},
    )
    assert planned(record, D(2026, 2, 1), code="booster").state is State.CANCELLED


def test_otherwise_may_count_from_another_visit() -> None:
    record = Record(
        held={"baseline": D(2026, 1, 12)},
        missed={"prep_1": D(2026, 1, 19), "dosing_1": D(2026, 1, 26)},
        events={**CONSENT, "randomization": D(2026, 1, 19)},
    )
    before = planned(record, D(2026, 2, 1), name="STAGED", code="endpoint")
    assert before.state is State.PROVISIONAL
    record = replace(record, missed={**record.missed, "dosing_2": D(2026, 2, 23)})
    found = planned(record, D(2026, 2, 1), name="STAGED", code="endpoint")
    assert window(found) == (D(2026, 3, 23), D(2026, 4, 6), D(2026, 5, 4))
    assert found.firm


def test_an_event_on_a_visit_is_expected_that_day_until_it_is_recorded() -> None:
    record = Record(events=CONSENT, held={"baseline": D(2026, 1, 12)})
    record = replace(record, held={**record.held, "prep_1": D(2026, 1, 19)})
    waiting = planned(record, D(2026, 1, 21), name="STAGED", code="dosing_1")
    assert waiting.state is State.PROVISIONAL
    assert waiting.target == D(2026, 1, 28)
    record = replace(record, events={**CONSENT, "randomization": D(2026, 1, 20)})
    found = planned(record, D(2026, 1, 21), name="STAGED", code="dosing_1")
    assert window(found) == (D(2026, 1, 21), D(2026, 1, 27), D(2026, 2, 10))
    assert found.firm


def test_the_first_dose_is_when_a_dose_was_given_not_when_the_visit_was_held() -> None:
    record = Record(
        held={"screening": D(2026, 1, 12), "dosing_1": D(2026, 1, 26)}, events=CONSENT
    )
    assert planned(record, D(2026, 1, 27), code="call").state is State.PROVISIONAL
    record = replace(record, doses={"dosing_1": D(2026, 1, 26)})
    found = planned(record, D(2026, 1, 27), code="call")
    assert window(found) == (D(2026, 1, 27), D(2026, 1, 27), None)
    assert planned(record, D(2046, 1, 27), code="call").state is State.OPEN


def dosed_once() -> Record:
    return Record(
        held={"screening": D(2026, 1, 12), "dosing_1": D(2026, 1, 26)},
        doses={"dosing_1": D(2026, 1, 26)},
        events=CONSENT,
    )


def test_the_last_dose_is_not_known_while_another_may_follow() -> None:
    found = planned(dosed_once(), D(2026, 2, 1), code="year")
    assert found.state is State.PROVISIONAL
    assert found.target == D(2027, 3, 26)


def test_the_last_dose_is_settled_when_no_dose_can_follow() -> None:
    missed = replace(dosed_once(), missed={"booster": D(2026, 3, 26)})
    stopped = replace(
        dosed_once(), events={**CONSENT, "treatment_stopped": D(2026, 2, 1)}
    )
    for record in (missed, stopped):
        found = planned(record, D(2026, 4, 1), code="year")
        assert window(found) == (D(2026, 12, 26), D(2027, 1, 26), D(2027, 3, 26))
        assert found.firm


def test_without_any_dose_the_last_dose_counts_as_missed() -> None:
    record = replace(dosed_once(), doses={}, missed={"booster": D(2026, 3, 26)})
    found = planned(record, D(2026, 4, 1), code="year")
    assert found.target == D(2027, 3, 26)
    assert "should have been" in found.why


def test_stopping_treatment_cancels_its_kinds_and_makes_termination_due() -> None:
    today = D(2026, 2, 1)
    record = dosed_once()
    assert planned(record, today, code="closing").state is State.IF_NEEDED
    record = replace(record, events={**CONSENT, "treatment_stopped": today})
    assert planned(record, today, code="booster").state is State.CANCELLED
    found = planned(record, today, code="closing")
    assert window(found) == (today, D(2026, 2, 4), D(2026, 2, 15))
    assert planned(record, today, code="review").state is State.UPCOMING


def test_leaving_the_study_cancels_all_but_what_is_kept_or_hangs_on_it() -> None:
    today = D(2026, 2, 1)
    record = replace(dosed_once(), events={**CONSENT, "study_left": today})
    result = plan(DEFINITIONS["OPEN"], record, today)
    states = {code: visit.state for code, visit in result.items()}
    assert states["closing"] is State.OPEN
    assert states["exit_call"] is State.UPCOMING
    assert states["year"] is states["review"] is states["call"] is State.CANCELLED


def test_after_the_database_lock_waits_without_dates() -> None:
    assert (
        planned(dosed_once(), D(2026, 2, 1), code="after_lock").state is State.WAITING
    )


def test_before_a_firm_visit_closes_the_day_before_it_closes() -> None:
    found = planned(dosed_once(), D(2026, 2, 1), code="review")
    # 1 month to 3 months after the 26th of January; at most 4 months after screening.
    assert found.closes == D(2026, 4, 25)
    assert found.opens == D(2026, 2, 16)


def test_before_a_booked_visit_closes_the_day_before_the_booking() -> None:
    record = replace(dosed_once(), booked={"booster": D(2026, 3, 3)})
    found = planned(record, D(2026, 2, 1), code="review")
    assert found.closes == D(2026, 3, 2)
    assert found.target == D(2026, 3, 2)


def test_a_constraint_whose_visit_was_missed_is_dropped() -> None:
    record = replace(dosed_once(), missed={"booster": D(2026, 3, 26)})
    assert planned(record, D(2026, 2, 1), code="review").closes == D(2026, 8, 10)


CONTRADICTION = visit(
    "first",
    'after = "consent", earliest = "same day", target = "1 week", latest = "9 weeks"',
) + visit(
    "second",
    'after = "first", target = "1 week", latest = "2 weeks"',
    'constraints = [{ after = "consent", at_most = "5 weeks", why = "Screening period" }]',
)


def test_no_day_left_names_the_two_rules() -> None:
    record = Record(events=CONSENT, held={"first": D(2026, 2, 23)})
    found = plan(tiny(CONTRADICTION), record, D(2026, 2, 24))["second"]
    assert found.state is State.NO_DAY
    assert (found.opens, found.closes) == (D(2026, 3, 2), D(2026, 2, 9))
    assert (
        "Not before 2026-03-02 because of First, yet not after 2026-02-09 because of the "
        "screening period counted from consent. Hold it out of window" in found.why
    )


def test_a_forecast_has_no_day_only_when_that_is_certain() -> None:
    definition = tiny(CONTRADICTION)
    record = Record(events=CONSENT, booked={"first": D(2026, 2, 20)})
    # Booked too late, but the booking can still be moved: no verdict yet.
    found = plan(definition, record, D(2026, 1, 20))["second"]
    assert found.state is State.PROVISIONAL
    assert found.closes == D(2026, 2, 9)
    certain = plan(definition, record, D(2026, 2, 10))["second"]
    assert certain.state is State.NO_DAY
    # It may have been held and not entered yet: then this has a day after all.
    assert "If First took place already, record it first" in certain.why
    assert "declare it missed" not in certain.why


# The two kills of the design: faults that went unnoticed before these tests existed.


def test_kill_an_overdue_visit_does_not_forecast_from_its_target() -> None:
    definition = tiny(
        visit("first", 'after = "consent", target = "1 week"')
        + visit("second", 'after = "first", target = "1 week"')
    )
    today = D(2026, 6, 1)
    found = plan(definition, Record(events=CONSENT), today)["second"]
    assert found.state is State.PROVISIONAL
    assert found.target == D(2026, 6, 8)


def test_kill_a_constraint_on_a_forecast_uses_its_most_lenient_end() -> None:
    definition = tiny(
        visit(
            "baseline",
            'after = "consent", earliest = "same day", target = "8 weeks", latest = "20 weeks"',
        )
        + visit(
            "other",
            'after = "baseline", earliest = "same day", target = "4 weeks", latest = "8 weeks"',
        )
        + visit(
            "narrow",
            'after = "consent", target = "1 week", latest = "6 weeks"',
            'constraints = [{ after = "other", at_least = "1 day" }]',
        )
        + visit(
            "late",
            'after = "consent", earliest = "13 weeks", target = "14 weeks", latest = "15 weeks"',
            'constraints = [{ before = "other" }]',
        )
    )
    result = plan(definition, Record(events=CONSENT), D(2026, 1, 6))
    # By its target "other" is in week 12: after it would leave "narrow" no day, and
    # before it "late" none. Yet it may be held in week 0, or as late as week 28.
    assert result["other"].state is State.PROVISIONAL
    assert result["narrow"].state is State.UPCOMING
    assert window(result["narrow"]) == (D(2026, 1, 12), D(2026, 1, 12), D(2026, 2, 16))
    assert result["late"].state is State.UPCOMING
    assert window(result["late"]) == (D(2026, 4, 6), D(2026, 4, 13), D(2026, 4, 20))


def test_a_window_narrowed_by_a_forecast_is_itself_a_forecast() -> None:
    record = Record(
        held={"screening": D(2026, 1, 12)},
        events={**CONSENT, "enrollment": D(2026, 1, 12)},
    )
    found = planned(record, D(2026, 1, 13), code="review")
    assert found.state is State.PROVISIONAL
    assert "which is a forecast" in found.why


def test_a_repeatable_visit_is_never_planned() -> None:
    definition = DEFINITIONS["mapp2"]
    found = plan(definition, Record(events=CONSENT), D(2026, 1, 6))["unscheduled"]
    assert found.state is State.IF_NEEDED


def test_codes_of_an_earlier_version_are_ignored() -> None:
    record = Record(
        events=CONSENT, held={"gone": D(2026, 1, 6)}, doses={"gone": D(2026, 1, 6)}
    )
    result = plan(DEFINITIONS["OPEN"], record, D(2026, 1, 7))
    assert "gone" not in result
    assert result["call"].state is State.PROVISIONAL


def test_a_child_study_counts_from_its_parent() -> None:
    definition = tiny(
        visit(
            "contact",
            'after = "parent.last_dose", earliest = "6 months", latest = "no limit"',
        ),
        '[parent]\ntrials = ["MAPP2"]\nlink = "observational"\n',
    )
    waiting = plan(definition, Record(), D(2026, 1, 5))["contact"]
    assert waiting.state is State.WAITING
    record = Record(events={"parent.last_dose": D(2025, 8, 31)})
    found = plan(definition, record, D(2026, 3, 1))["contact"]
    assert window(found) == (D(2026, 2, 28), D(2026, 2, 28), None)
    assert found.state is State.OPEN


def test_the_plan_is_in_the_order_of_the_course() -> None:
    definition = parse(OPEN)
    result = plan(definition, Record(), D(2026, 1, 5))
    assert list(result) == [item.code for item in definition.visits]
