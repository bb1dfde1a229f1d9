"""The planner's rules of stages, in small examples."""

from dataclasses import replace

import pytest

from sessions.schedule import Record, State
from tests.sessions.planning import CONSENT, D, planned, window


def stage_record() -> Record:
    return Record(
        events=CONSENT,
        held={
            "baseline": D(2026, 1, 12),
            "prep_1": D(2026, 1, 19),
            "dosing_1": D(2026, 1, 26),
            "dosing_2": D(2026, 2, 23),
            "endpoint": D(2026, 3, 23),
        },
        doses={"dosing_1": D(2026, 1, 26), "dosing_2": D(2026, 2, 23)},
    )


def test_a_stage_waits_for_unblinding_then_for_consent() -> None:
    record, today = replace(stage_record(), revealed="low"), D(2026, 3, 24)
    found = planned(record, today, name="STAGED", code="open_1")
    assert found.state is State.WAITING
    assert found.opens is None
    record = replace(record, events={**CONSENT, "unblinding": D(2026, 4, 2)})
    today = D(2026, 4, 3)
    assert "consent" in planned(record, today, name="STAGED", code="open_1").why
    record = replace(record, consents={"stage_2": D(2026, 4, 3)})
    found = planned(record, today, name="STAGED", code="open_1")
    assert window(found) == (D(2026, 4, 3), D(2026, 4, 13), D(2026, 5, 25))


@pytest.mark.parametrize("change", [{"revealed": "active"}, {"declined": {"open"}}])
def test_a_stage_is_not_for_others_nor_for_who_declined(
    change: dict[str, object],
) -> None:
    record = replace(
        stage_record(),
        events={**CONSENT, "unblinding": D(2026, 3, 23)},
        consents={"stage_2": D(2026, 3, 23)},
        revealed="low",
    )
    record = replace(record, **change)  # type: ignore[arg-type]  # either of two fields
    today = D(2026, 3, 24)
    assert planned(record, today, name="STAGED", code="open_1").state is State.NOT_FOR
    year = planned(record, today, name="STAGED", code="year")
    assert year.firm
    assert year.target == D(2027, 2, 23)


def test_the_last_dose_waits_for_a_stage_that_may_bring_another() -> None:
    found = planned(stage_record(), D(2026, 3, 24), name="STAGED", code="year")
    assert found.state is State.PROVISIONAL
