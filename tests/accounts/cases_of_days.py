"""Two people at one day or time that is corrected: cases for the conflicts of every form."""

from accounts.vocabulary import Role
from tests.accounts.meetings import REASON, Meeting, Stage, case, two
from tests.world import visit_of


@case("participants:screening_day")
def _screening_day(stage: Stage) -> Meeting:
    one, other = {"on": "2025-02-26"}, {"on": "2025-02-27"}
    return two("participants:screening_day", stage.screened, one, other, common=REASON)


@case("randomization:correct_time")
def _correct_time(stage: Stage) -> Meeting:
    one, other = ({"on": "2025-04-28", "at": at} for at in ("08:10", "08:20"))
    return two(
        *(
            "randomization:correct_time",
            visit_of(stage.treated, "dosing_1"),
            one,
            other,
        ),
        parts=("initial",),
        role=Role.PHARMACIST,
        common=REASON,
    )
