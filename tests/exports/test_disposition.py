"""How somebody's treatment and taking part ended early, as an analysis reads it."""

from datetime import date

from accounts.vocabulary import Role
from participants.actions import Withdrawal
from participants.vocabulary import EndCause
from sessions.actions import withdraw
from tests.exports.rows import cells, rows_of
from tests.exports.study import Study

LEFT_ON = date(2025, 5, 10)


def test_ds_says_why_treatment_and_taking_part_ended_early(study: Study) -> None:
    step = Withdrawal(study.treated, LEFT_ON, "Three calls", EndCause.LOST)
    withdraw(steps=[step], by=study.world.actor(Role.COORDINATOR))
    ends = rows_of(study, "DS", study.treated)[-2:]
    assert [cells(row, "DSTERM", "DSDECOD", "DSSCAT") for row in ends] == [
        ("Three calls", "LOST TO FOLLOW-UP", "STUDY TREATMENT"),
        ("Three calls", "LOST TO FOLLOW-UP", "STUDY PARTICIPATION"),
    ]
