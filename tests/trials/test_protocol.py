"""What the protocol language makes of a file."""

from tests.trials.definitions import SMALL, changed, mg, small
from trials.protocol import (
    AllOf,
    FactTest,
    Operator,
    Otherwise,
    Provenance,
    parse,
)
from trials.protocol.ordering import order_of
from trials.protocol.spans import Span


def test_without_a_registry_instruments_are_not_checked() -> None:
    text = changed(('form = "pcl5"', 'form = "pcl_5"'))
    assert parse(text).row("pcl_5").form == "pcl_5"


def test_repetition_is_the_same_as_writing_the_visits_out() -> None:
    start = SMALL.index('[[visits]]\ncode = "integration_{n}"')
    end = SMALL.index('[[visits]]\ncode = "t2"')
    written_out = ""
    for n, number in ((1, "V4"), (2, "V6")):
        written_out += (
            f'[[visits]]\ncode = "integration_{n}"\nlabel = "Integration session {n}"\n'
            f'kind = "integration"\nnumber = "{number}"\notherwise = "skip"\n'
            f'when = {{ after = "dosing_{n}", target = "next morning" }}\n\n'
        )
    plain = parse(SMALL[:start] + written_out + SMALL[end:])
    repeated = small()
    for code in ("integration_1", "integration_2"):
        ours, theirs = repeated.visit(code), plain.visit(code)
        assert (ours.when, ours.otherwise, ours.number, ours.label) == (
            theirs.when,
            theirs.otherwise,
            theirs.number,
            theirs.label,
        )


def test_repeated_visits_stand_beside_the_visit_they_follow() -> None:
    codes = [visit.code for visit in small().visits]
    assert codes.index("integration_1") == codes.index("dosing_1") + 1


def test_calls_are_named_by_repetition_and_day() -> None:
    calls = """
[[visits]]
code = "call_{n}_day_{day}"
label = "Call {n}, day {day}"
kind = "call"
follows_each = ["dosing_1", "dosing_2"]
on_days = [2, 7]
otherwise = "skip"
before_next = true

[[periods]]
"""
    text = changed(
        ("[[periods]]", calls),
        (
            'at = ["baseline", "t2"]\nbefore',
            'at = ["baseline", "call_{n}_day_7"]\nbefore',
        ),
    )
    definition = parse(text)
    assert definition.row("pcl5").at == ("baseline", "call_1_day_7", "call_2_day_7")
    call = definition.visit("call_1_day_7")
    assert call.when is not None
    assert (call.when.earliest, call.when.latest) == (Span(days=7), Span(days=7))
    assert call.label == "Call 1, day 7"
    assert [item.anchor for item in call.constraints] == ["dosing_2"]
    assert definition.visit("call_2_day_7").constraints == ()


def test_visits_that_precede_are_counted_back() -> None:
    labs = """
[[visits]]
code = "labs_{n}_before"
label = "Laboratory {n}"
kind = "safety"
precedes_each = ["dosing_1", "dosing_2"]
when = { earliest = "7 days", target = "4 days", latest = "1 day" }

[[periods]]
"""
    when = parse(changed(("[[periods]]", labs))).visit("labs_2_before").when
    assert when is not None
    assert when.is_ahead
    assert when.anchor == "dosing_2"


def test_a_period_is_a_constraint_on_its_end() -> None:
    (constraint,) = small().visit("dosing_1").constraints
    assert constraint.anchor == "baseline"
    assert constraint.at_most == Span(days=77)
    assert constraint.why == "Preparation period"


def test_the_order_of_planning_computes_what_is_awaited_first() -> None:
    definition = small()
    order, cycle = order_of(definition)
    assert not cycle
    assert order.index("dosing_2") < order.index("t2")
    assert sorted(order) == sorted(visit.code for visit in definition.visits)


def test_the_order_of_the_file_does_not_matter_to_what_is_planned() -> None:
    start = SMALL.index('[[visits]]\ncode = "t2"')
    end = SMALL.index("[[periods]]")
    moved = SMALL[:start] + SMALL[end:]
    at = moved.index('[[visits]]\ncode = "integration_{n}"')
    moved = moved[:at] + SMALL[start:end] + moved[at:]
    first, second = small(), parse(moved)
    assert {x.code: x for x in first.visits} == {x.code: x for x in second.visits}


def test_values_are_typed() -> None:
    definition = small()
    assert definition.arms[0].doses["full"].initial_mg == mg(120)
    assert definition.visit("integration_1").otherwise is Otherwise.SKIP
    assert definition.dosing is not None
    assert definition.dosing.supplement is not None
    assert definition.dosing.supplement.closes_minutes == 150
    assert definition.criteria[0].rule == FactTest("weight_kg", Operator.LESS_THAN, 48)
    assert definition.outcome_classes[0].rule == AllOf(
        (
            FactTest("diagnosis", Operator.IS, value=False),
            FactTest("total", Operator.AT_MOST, 11),
        )
    )


def test_silence_is_unverified() -> None:
    definition = small()
    sourced, silent = definition.arms
    assert definition.provenance_of(sourced).provenance is Provenance.SOURCED
    assert definition.provenance_of(silent).provenance is Provenance.UNVERIFIED


def test_a_mark_can_be_taken_from_a_single_key() -> None:
    text = changed(
        ('source = "paper"', 'source = "paper"\nsource_of = { label = "unverified" }')
    )
    definition = parse(text)
    arm = definition.arms[0]
    assert definition.provenance_of(arm, "doses").provenance is Provenance.SOURCED
    assert definition.provenance_of(arm, "label").provenance is Provenance.UNVERIFIED


def test_forms_and_criteria_come_in_the_order_of_the_protocol() -> None:
    definition = small()
    assert [row.form for row in definition.forms_at("t2")] == ["caps5", "pcl5"]
    assert definition.forms_at("dosing_1") == ()
    codes = [criterion.code for criterion in definition.criteria_at("confirmation")]
    assert codes == ["e2", "i1"]


def test_a_form_allows_paper_only_where_every_row_does() -> None:
    text = changed(('by = ["participant"]', 'by = ["participant"]\nfrom_paper = true'))
    definition = parse(text)
    assert definition.allows_paper("pcl5")
    assert not definition.allows_paper("caps5")
    assert not definition.allows_paper("unknown")


def test_unblinding_reveals_the_group_or_the_arm_itself() -> None:
    grouped = changed(
        (
            'after = "database_lock"',
            'after = "database_lock"\ngroups = { either = ["active", "comparator"] }',
        )
    )
    unblinding = parse(grouped).unblinding
    assert unblinding is not None
    assert unblinding.group_of("active") == "either"
    plain = small().unblinding
    assert plain is not None
    assert plain.group_of("active") == "active"
