"""What an amendment does to visits: kept, moved, added, removed, left for a decision."""

from datetime import date

from hypothesis import given

from sessions.schedule import Fate, Record, State, amend, rehearse
from sessions.schedule.amending import DECISIONS
from tests.sessions.definitions import DEFINITIONS
from tests.sessions.many_lives import EXAMPLES, LIVES, lived
from tests.sessions.planning import D
from tests.trials.definitions import SMALL, changed
from trials.protocol import ProtocolDefinition, parse

OLD = parse(SMALL)
VERSION = ('version = "1.0"', 'version = "2.0"')
RENAMED = (
    '\n[[arms]]\ncode = "active"\n',
    (
        '\n[amendment]\namends = "1.0"\nreason = "For a test"\n'
        'renamed = { prep_1 = "preparation" }\n\n[[arms]]\ncode = "active"\n'
    ),
)
FOLLOW_UP = """
[[visits]]
code = "month_{n}"
label = "Month {n}"
kind = "follow_up"
when = { after = "dosing_1", earliest = "5 weeks", target = "6 weeks", latest = "7 weeks" }

[[periods]]
"""
RECORD = Record(
    events={"consent": D(2026, 1, 5)},
    held={
        "baseline": D(2026, 1, 12),
        "prep_1": D(2026, 1, 19),
        "dosing_1": D(2026, 1, 26),
    },
    doses={"dosing_1": D(2026, 1, 26)},
)
TODAY = D(2026, 2, 20)


def amended(*edits: tuple[str, str], base: str = SMALL) -> ProtocolDefinition:
    return parse(changed(VERSION, *edits, base=base))


def fates(
    new: ProtocolDefinition, record: Record = RECORD, today: date = TODAY
) -> dict[str, Fate]:
    found = amend(OLD, new, record, today=today)
    return {code: item.fate for code, item in found.items()}


def with_month(n: int, *, after: str = "dosing_1") -> ProtocolDefinition:
    text = FOLLOW_UP.replace("{n}", str(n)).replace("dosing_1", after)
    return amended(("\n[[periods]]\n", text))


def test_held_visits_are_kept_and_the_others_planned_afresh() -> None:
    longer = amended(('latest = "49 days"', 'latest = "56 days"'))
    found = fates(longer)
    assert found["dosing_1"] is Fate.KEPT
    assert found["dosing_2"] is Fate.MOVED
    assert found["t2"] is Fate.UNCHANGED


def test_a_held_visit_under_a_new_code_is_kept_and_stays_an_anchor() -> None:
    renamed_text = SMALL.replace('"prep_1"', '"preparation"')
    new = amended(RENAMED, base=renamed_text)
    early = Record(events=RECORD.events, held=dict(list(RECORD.held.items())[:2]))
    found = amend(OLD, new, early, today=D(2026, 1, 20))
    assert found["preparation"].fate is Fate.KEPT
    assert "prep_1" not in found
    assert found["dosing_1"].fate is Fate.UNCHANGED
    assert found["dosing_1"].after is not None
    assert found["dosing_1"].after.firm


def test_a_held_visit_that_the_new_version_lacks_stays_in_the_record() -> None:
    start = SMALL.index('[[visits]]\ncode = "t2"')
    end = SMALL.index("[[periods]]")
    without_t2 = (SMALL[:start] + SMALL[end:]).replace(', "t2"]', "]")
    without_t2 = without_t2[: without_t2.index("[[endpoints]]")]
    new = amended(base=without_t2)
    held = Record(
        events=RECORD.events,
        held={**RECORD.held, "t2": D(2026, 2, 20)},
        doses=RECORD.doses,
    )
    assert fates(new, held)["t2"] is Fate.WITHOUT_PLACE
    assert fates(new)["t2"] is Fate.REMOVED


def test_an_added_visit_is_asked_for_unless_its_window_is_over() -> None:
    new = with_month(1)
    assert fates(new, today=D(2026, 3, 10))["month_1"] is Fate.ADDED
    # Seven weeks after 26 January are over on 17 March.
    assert fates(new, today=D(2026, 3, 16))["month_1"] is Fate.ADDED
    assert fates(new, today=D(2026, 3, 17))["month_1"] is Fate.ADDED_CLOSED


def test_an_open_visit_that_is_suddenly_overdue_is_left_for_a_decision() -> None:
    # Open from 16 February to 16 March, then to 17 February only.
    shorter = amended(('target = "28 days", latest = "49 days"', 'latest = "22 days"'))
    item = amend(OLD, shorter, RECORD, today=TODAY)["dosing_2"]
    assert item.fate is Fate.MOVED
    assert item.after is not None
    assert item.after.state is State.OVERDUE
    assert item.needs_decision


def test_a_booking_newly_outside_its_window_is_left_for_a_decision() -> None:
    shorter = amended(('latest = "49 days"', 'latest = "30 days"'))
    booked = Record(
        events=RECORD.events,
        held=RECORD.held,
        doses=RECORD.doses,
        booked={"dosing_2": D(2026, 3, 10)},
    )
    assert amend(OLD, shorter, booked, today=TODAY)["dosing_2"].needs_decision
    inside = Record(
        events=RECORD.events,
        held=RECORD.held,
        doses=RECORD.doses,
        booked={"dosing_2": D(2026, 2, 24)},
    )
    assert not amend(OLD, shorter, inside, today=TODAY)["dosing_2"].needs_decision


def test_a_rehearsal_counts_what_happens_to_each_participant() -> None:
    new = with_month(1)
    days = [D(2026, 2, 20), D(2026, 3, 20)]
    counts = [rehearse(OLD, new, [RECORD, RECORD], today=day) for day in days]
    assert [x[Fate.ADDED] for x in counts] == [2, 0]
    assert [x[Fate.ADDED_CLOSED] for x in counts] == [0, 2]
    assert counts[0][Fate.KEPT] == 2 * len(RECORD.held)
    assert counts[0][DECISIONS] == 0


@EXAMPLES
@given(**LIVES)
def test_a_version_that_changes_nothing_changes_no_visit(name: str, seed: int) -> None:
    definition = DEFINITIONS[name]
    for snapshot in lived(name, seed)[::4]:
        found = amend(definition, definition, snapshot.record, today=snapshot.today)
        assert {item.fate for item in found.values()} <= {Fate.KEPT, Fate.UNCHANGED}
        assert not any(item.needs_decision for item in found.values())
        assert set(found) == set(snapshot.planned)
