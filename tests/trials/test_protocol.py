"""What the protocol language refuses, in which words, and what it makes of a file."""

import re

import pytest

from tests.trials.definitions import INSTRUMENTS, SMALL, changed, mg, small
from trials.protocol import (
    AllOf,
    FactTest,
    Operator,
    Otherwise,
    ProtocolError,
    Provenance,
    parse,
)
from trials.protocol.ordering import order_of
from trials.protocol.spans import Span

DOSING_2 = 'when = { after = "dosing_1", earliest = "21 days", target = "28 days", latest = "49 days" }'
PREP_1 = 'when = { after = "baseline", earliest = "1 day", target = "1 week", latest = "2 weeks" }'
BASELINE = 'when = { after = "consent", earliest = "same day", target = "1 week", latest = "4 weeks" }'
STAGE_2 = """
[[stages]]
code = "stage_2"
label = "Stage 2"
blinded = false
doses = { open = { initial_mg = [100, 125], supplement_mg = [50, 62.5] } }
enter = { after = "unblinding", revealed = ["comparator"] }

[[arms]]
code = "active"
"""


def problems_of(text: str) -> list[str]:
    """The sentences, line numbers replaced by # (they have tests of their own)."""
    with pytest.raises(ProtocolError) as caught:
        parse(text, filename="small.toml", instruments=INSTRUMENTS)
    assert all(problem.file == "small.toml" for problem in caught.value.problems)
    sentences = [str(problem) for problem in caught.value.problems]
    return [re.sub(r"\(line \d+\)", "(line #)", sentence) for sentence in sentences]


MISTAKES = {
    "unknown key": (
        [('kind = "dosing"', 'kind = "dosing"\novernigth = true')],
        "visits, dosing_1 (line #): does not know the key 'overnigth'. Did you mean overnight?",
    ),
    "unknown part": (
        [("[[criteria]]", "[[criterion]]")],
        "The file has a part 'criterion' that is not known. Did you mean criteria?",
    ),
    "unknown top key": (
        [("study_day_1", "study_day")],
        "The file has a key 'study_day' that is not known. Did you mean study_day_1?",
    ),
    "missing key": (
        [('label = "Baseline"\n', "")],
        "visits, baseline (line #): lacks the key 'label'.",
    ),
    "wrong type": (
        [("blinded = true", 'blinded = "yes"')],
        "stages, stage_1 (line #): blinded: must be true or false.",
    ),
    "unknown kind": (
        [('kind = "assessment"', 'kind = "assesment"')],
        "kind: 'assesment' is not known. Did you mean assessment?",
    ),
    "duplicate code": (
        [('code = "dosing_2"', 'code = "dosing_1"')],
        "The code 'dosing_1' is used by two visits; codes are used once.",
    ),
    "code not a code": (
        [('code = "t2"', 'code = "T2"')],
        "The code 'T2' (visits) is not written as a code: lower-case letters, digits and _ only.",
    ),
    "length of time": (
        [('target = "28 days"', 'target = "28d"')],
        'when: target: \'28d\' is not a length of time; write for example "3 days", "4 weeks", "12 months" or "next morning".',
    ),
    "bare number": (
        [('target = "28 days"', "target = 28")],
        "when: target: '28' is not a length of time",
    ),
    "no limit as target": (
        [('target = "28 days"', 'target = "no limit"')],
        'when: target: only latest can be "no limit".',
    ),
    "when without a day": (
        [(DOSING_2, 'when = { after = "dosing_1", latest = "49 days" }')],
        "when: says no day; give target, or earliest and latest.",
    ),
    "no timing": (
        [(PREP_1, "")],
        "Visit prep_1 (line #): says nowhere when it is; add when = { after = …, target = … }.",
    ),
    "anchor unknown": (
        [
            (
                '{ after = "dosing_1", earliest = "21',
                '{ after = "dosing_11", earliest = "21',
            )
        ],
        "'dosing_11' is neither a visit nor an event. Did you mean dosing_1?",
    ),
    "anchor is later": (
        [(BASELINE, BASELINE.replace("consent", "dosing_1"))],
        "Visit baseline (line #): is timed after dosing_1, which comes later in the file; move it below, or use ahead_of.",
    ),
    "cycle": (
        [
            (
                'kind = "baseline"',
                'kind = "baseline"\nconstraints = [{ before = "prep_1" }]',
            ),
        ],
        "These visits wait for one another: baseline → prep_1 → baseline. Drop one of the rules.",
    ),
    "window": (
        [
            (
                'target = "28 days", latest = "49 days"',
                'target = "35 days", latest = "28 days"',
            )
        ],
        "Visit dosing_2 (line #): the window is the wrong way round: '35 days' is more than '28 days'.",
    ),
    "days and months": (
        [
            (
                DOSING_2,
                'when = { after = "dosing_1", earliest = "30 days", target = "1 month", latest = "2 months" }',
            )
        ],
        "cannot tell whether '30 days' comes before '1 month', since months differ in length; use one unit.",
    ),
    "empty constraint": (
        [
            (
                '{ before = "dosing_2" }',
                '{ after = "baseline", at_least = "7 weeks", at_most = "3 weeks" }',
            )
        ],
        "Visit t2 (line #): at least 7 weeks and at most 3 weeks after baseline leaves no day.",
    ),
    "constraint against the window": (
        [('{ before = "dosing_2" }', '{ after = "dosing_1", at_most = "2 weeks" }')],
        "Visit t2 (line #): at least 3 weeks and at most 2 weeks after dosing_1 leaves no day.",
    ),
    "constraint without a bound": (
        [('{ before = "dosing_2" }', '{ after = "baseline" }')],
        "constraints: narrows nothing; add at_least or at_most.",
    ),
    "repetition without n": (
        [('code = "integration_{n}"', 'code = "integration_1"')],
        "Visit integration_1 (line #): follows several visits, so its code needs {n} where the number goes.",
    ),
    "repetition follows nothing": (
        [('["dosing_1", "dosing_2"]', '["dosing_1", "dosing_3"]')],
        "Visit integration_2 (line #): 'dosing_3' is neither a visit nor an event. Did you mean dosing_2?",
    ),
    "numbers": (
        [('["V4", "V6"]', '["V4"]')],
        "Visit integration_{n} (line #): has 1 numbers for 2 repetitions.",
    ),
    "no parent": (
        [(BASELINE, BASELINE.replace("consent", "parent.last_dose"))],
        "Visit baseline (line #): 'parent.last_dose' is neither a visit nor an event: this trial has no [parent].",
    ),
    "arm in a label": (
        [('"Experimental session 1"', '"Active session 1"')],
        "Visit dosing_1 (line #): its label names an arm, the drug or an amount (active); in a blinded stage it may not.",
    ),
    "drug in a label": (
        [('"Experimental session 1"', '"MDMA session 1"')],
        "its label names an arm, the drug or an amount (mdma)",
    ),
    "amount in a label": (
        [('"Experimental session 1"', '"Session 1, 80 mg"')],
        "its label names an arm, the drug or an amount (80 mg)",
    ),
    "arm in a visit": (
        [('dose = ["starting"]', 'dose = ["starting"]\narms = ["active"]')],
        "visits, dosing_1 (line #): may not name an arm. Put it in a stage entered after unblinding.",
    ),
    "stage unnamed": (
        [('[[arms]]\ncode = "active"\n', STAGE_2)],
        "Visit baseline (line #): must name its stage, one of stage_1, stage_2.",
    ),
    "stage too early": (
        [
            (
                '[[arms]]\ncode = "active"\n',
                STAGE_2.replace('after = "unblinding"', 'after = "last_dose"'),
            )
        ],
        'Stage stage_2 (line #): depends on what was revealed, so it must be entered after = "unblinding".',
    ),
    "blinded entry": (
        [
            (
                '[[arms]]\ncode = "active"\n',
                STAGE_2.replace("blinded = false", "blinded = true"),
            )
        ],
        "Stage stage_2 (line #): is blinded and may not depend on an arm.",
    ),
    "never revealed": (
        [
            (
                '[[arms]]\ncode = "active"\n',
                STAGE_2.replace('["comparator"]', '["placebo"]'),
            )
        ],
        "Stage stage_2 (line #): 'placebo' is never revealed; unblinding reveals active, comparator.",
    ),
    "doses in a blinded stage": (
        [("blinded = true", "blinded = true\ndoses = { full = { initial_mg = 120 } }")],
        "Stage stage_1 (line #): is blinded and may not give doses; put them in [[arms]].",
    ),
    "group gap": (
        [
            (
                'after = "database_lock"',
                'after = "database_lock"\ngroups = { high = ["active"] }',
            )
        ],
        "Unblinding (line #): every arm must be in a group: missing comparator.",
    ),
    "unblinding unplaced": (
        [('after = "database_lock"', "")],
        'unblinding (line #): needs either at, or after = "database_lock".',
    ),
    "dose step": (
        [("starting = { initial_mg = 0, supplement_mg = 0 }, full", "starting")],
        "Arm comparator (line #): has no dose for the step 'full', which visit dosing_2 uses.",
    ),
    "dose step unknown": (
        [('dose = ["starting"]', 'dose = ["strating"]')],
        "Visit dosing_1 (line #): the dose step 'strating' is not known. Did you mean starting?",
    ),
    "dose at another visit": (
        [('kind = "preparatory"', 'kind = "preparatory"\ndose = ["full"]')],
        "Visit prep_1 (line #): names a dose but is not a dosing visit.",
    ),
    "dosing without dose": (
        [('dose = ["starting"]\n', "")],
        "Visit dosing_1 (line #): is a dosing visit and must name its dose.",
    ),
    "supplement": (
        [
            (
                "initial_mg = 80, supplement_mg = 40",
                "initial_mg = 80, supplement_mg = 60",
            )
        ],
        "active, step starting: the supplement 60 mg is not 0.5 of 80 mg.",
    ),
    "maximum": (
        [("maximum_session_mg = 180", "maximum_session_mg = 150")],
        "active, step full: 180 mg is over the session maximum of 150 mg.",
    ),
    "supplement window": (
        [('opens = "90 min"', 'opens = "3 h"')],
        "the supplement closes before it opens.",
    ),
    "block": (
        [("block_sizes = [2, 4]", "block_sizes = [3, 4]")],
        "Randomization (line #): a block of 3 cannot hold the ratio 1:1; use a multiple of 2.",
    ),
    "block for an uneven ratio": (
        [
            ('label = "Study capsule"', 'label = "Study capsule"\nratio = 2'),
            ("[2, 4]", "[4]"),
        ],
        "a block of 4 cannot hold the ratio 2:1; use a multiple of 3.",
    ),
    "randomization needs": (
        [('needs = ["confirmation"]', 'needs = ["confirmations"]')],
        "Randomization (line #): 'confirmations' is not a milestone. Did you mean confirmation?",
    ),
    "randomization at": (
        [('at = "prep_1"\nstrata', 'at = "prep_2"\nstrata')],
        "Randomization (line #): 'prep_2' is neither a visit nor a milestone. Did you mean prep_1?",
    ),
    "milestone at": (
        [('at = "prep_1"\nasks', 'at = "prep_2"\nasks')],
        "Milestone confirmation (line #): 'prep_2' is not a visit. Did you mean prep_1?",
    ),
    "instrument": (
        [('form = "pcl5"\nversion', 'form = "pcl_5"\nversion')],
        "Assessment pcl_5 (line #): the instrument 'pcl_5' is not known. Did you mean pcl5?",
    ),
    "version": (
        [('version = "2015"', 'version = "2013"')],
        "Assessment caps5 (line #): version '2013' of caps5 is not known; there is 2015.",
    ),
    "no version": (
        [('version = "2015"\n', "")],
        "Assessment caps5 (line #): says no version; of caps5 there is 2015.",
    ),
    "recall": (
        [('recall = "past month"', 'recall = "past year"')],
        "Assessment caps5 (line #): caps5 is not made for 'past year'.",
    ),
    "no recall": (
        [('recall = "past month"\n', "")],
        "Assessment caps5 (line #): says no recall; caps5 has past month, past week.",
    ),
    "rater": (
        [('by = ["participant"]', 'by = ["particpant"]')],
        "Assessment pcl5 (line #): 'particpant' cannot complete a form. Did you mean participant?",
    ),
    "at matches nothing": (
        [('at = ["baseline", "t2"]', 'at = ["baseline", "every call"]')],
        "Assessment caps5 (line #): 'every call' matches no visit.",
    ),
    "second row of a form": (
        [
            (
                'form = "pcl5"\nversion = "2013"',
                'form = "caps5"\nversion = "2015"\nrecall = "past week"',
            )
        ],
        "The code 'caps5' is used by two assessments; codes are used once.",
    ),
    "form order": (
        [
            (
                'by = ["independent_assessor"]',
                'by = ["independent_assessor"]\nbefore = ["pcl5"]',
            )
        ],
        "These forms wait for one another: caps5 before pcl5 before caps5.",
    ),
    "forms never meet": (
        [('at = ["baseline", "t2"]\nbefore', 'at = ["prep_1"]\nbefore')],
        "Assessment pcl5 (line #): must come before caps5, but they never meet at a visit.",
    ),
    "gate": (
        [
            (
                "[[facts]]",
                '[[gates]]\nform = "ecg_12_lead"\nbefore = ["every dosing"]\nwithin = "7 days"\n\n[[facts]]',
            )
        ],
        "Gate ecg_12_lead (line #): is required before a dose but never scheduled, so no dose could ever be given.",
    ),
    "gate before no dose": (
        [
            (
                "[[facts]]",
                '[[gates]]\nform = "pcl5"\nbefore = ["t2"]\nwithin = "7 days"\n\n[[facts]]',
            )
        ],
        "Gate pcl5 (line #): stands before t2, which is not a dosing visit.",
    ),
    "fact": (
        [('fact = "weight_kg"', 'fact = "weight"')],
        "Criterion e1 (line #): the fact 'weight' is not defined. Did you mean weight_kg?",
    ),
    "operator": (
        [('fact = "pregnant"\nis = true', 'fact = "pregnant"\nat_least = 1')],
        "Criterion e2 (line #): 'at_least' cannot be asked of pregnant, which is a yes/no; use is, is_not.",
    ),
    "value": (
        [('fact = "pregnant"\nis = true', 'fact = "pregnant"\nis = "no"')],
        "Criterion e2 (line #): 'no' is no value for pregnant, which is a yes/no.",
    ),
    "operator without fact": (
        [('fact = "pregnant"\n', "")],
        "criteria, e2 (line #): has an operator but no fact.",
    ),
    "fact without operator": (
        [('fact = "pregnant"\nis = true', 'fact = "pregnant"')],
        "asks nothing of pregnant; add an operator such as is or at_least.",
    ),
    "no rule": (
        [('fact = "pregnant"\nis = true', "")],
        "criteria, e2 (line #): says no rule; give a fact and an operator, or all, any, not.",
    ),
    "choice": (
        [('one_of = ["severe"]', 'one_of = ["sever"]')],
        "Criterion e3 (line #): 'sever' is not a choice of use_disorder. Did you mean severe?",
    ),
    "score range": (
        [("at_least = 28", "at_least = 128")],
        "Criterion i1 (line #): caps5 total runs from 0 to 80; 128 can never be reached.",
    ),
    "score unknown": (
        [('score = "total"\nvisit', 'score = "totals"\nvisit')],
        "Fact caps5_baseline (line #): caps5 has no score 'totals'. Did you mean total?",
    ),
    "score not scheduled": (
        [('visit = "baseline"', 'visit = "prep_1"')],
        "Fact caps5_baseline (line #): caps5 is not scheduled at prep_1.",
    ),
    "asked too early": (
        [('visit = "baseline"', 'visit = "t2"')],
        "Criterion i1 (line #): is asked at confirmation (prep_1), but caps5_baseline is only known at t2, which comes later.",
    ),
    "milestone of a criterion": (
        [
            (
                'at = ["screening"]\nfact = "weight_kg"',
                'at = ["screenings"]\nfact = "weight_kg"',
            )
        ],
        "Criterion e1 (line #): 'screenings' is not a milestone. Did you mean screening?",
    ),
    "milestone that asks nothing": (
        [('at = "baseline"\nasks = "eligibility"', 'at = "baseline"')],
        "Criterion e1 (line #): is asked at screening, which does not ask eligibility.",
    ),
    "washout": (
        [
            (
                "[[endpoints]]",
                '[[washouts]]\ncode = "ssri"\ndrug_class = "ssri"\nhalf_lives = 5\nbefore = "baseline"\n\n[[endpoints]]',
            )
        ],
        "Washout ssri (line #): no drug in [[drugs]] is of the class 'ssri'.",
    ),
    "endpoint": (
        [('to = "t2"\nrole', 'to = "prep_1"\nrole')],
        "Endpoint primary (line #): caps5 is not scheduled at prep_1.",
    ),
    "endpoint of a class": (
        [('endpoint = "primary"', 'endpoint = "primery"')],
        "Outcome class remission (line #): 'primery' is not an endpoint. Did you mean primary?",
    ),
    "fact of a class": (
        [('fact = "total", at_most', 'fact = "totals", at_most')],
        "Outcome class remission (line #): 'totals' is not known here; there are total, change, percent_change, diagnosis.",
    ),
    "source": (
        [('source = "paper"', 'source = "papr"')],
        "arms, active (line #): the source 'papr' is not in [sources]. Did you mean paper?",
    ),
    "source of no key": (
        [('source = "paper"', 'source_of = { lable = "paper" }')],
        "source_of: 'lable' is not among its keys. Did you mean label?",
    ),
    "stopping": (
        [('cancels = ["preparatory", "dosing"]', 'cancels = ["preparatory"]')],
        "must cancel dosing: no dose follows when treatment has stopped.",
    ),
    "adverse events": (
        [
            (
                "[[endpoints]]",
                '[[adverse_events]]\ncollect = ["every"]\nfrom = "consent"\nto = "t2"\n\n[[endpoints]]',
            )
        ],
        "collect: 'every' is not known.",
    ),
    "not a list": (
        [("[[endpoints]]", "[endpoints]")],
        "endpoints (line #): write it as [[endpoints]], once for each.",
    ),
    "not TOML": (
        [('version = "1.0"', "version = ")],
        "The file is not TOML: Invalid value (at line 2, column 11).",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_told_in_its_own_sentence(mistake: str) -> None:
    edits, sentence = MISTAKES[mistake]
    problems = problems_of(changed(*edits))
    assert any(sentence in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("mistake", "line_text"),
    [
        ("unknown key", "overnigth = true"),
        ("missing key", "[[visits]]"),
        ("length of time", "when = "),
        ("arm in a visit", "[[visits]]"),
        ("wrong type", "blinded = "),
        ("numbers", "[[visits]]"),
        ("recall", "[[assessments]]"),
        ("block", "[randomization]"),
        ("source", "[[arms]]"),
        ("fact", "[[criteria]]"),
        ("repetition follows nothing", "[[visits]]"),
        ("milestone at", "[[milestones]]"),
    ],
)
def test_a_mistake_is_placed_on_its_line(mistake: str, line_text: str) -> None:
    text = changed(*MISTAKES[mistake][0])
    with pytest.raises(ProtocolError) as caught:
        parse(text, instruments=INSTRUMENTS)
    problem = caught.value.problems[0]
    assert problem.line is not None
    lines = text.splitlines()
    assert lines[problem.line - 1].startswith(line_text)
    if line_text.startswith("[["):
        # A header alone could be any entry's: its code must stand below it.
        code = problem.place.replace(",", "").split(" ")[-1]
        assert code.rsplit("_", 1)[0] in lines[problem.line]


def test_a_single_mistake_gives_a_single_sentence() -> None:
    for mistake in ("duplicate code", "unknown key", "length of time", "fact", "block"):
        edits, _ = MISTAKES[mistake]
        assert len(problems_of(changed(*edits))) == 1, mistake


def test_all_mistakes_of_references_are_told_together() -> None:
    text = changed(
        ("block_sizes = [2, 4]", "block_sizes = [3]"),
        ("at_least = 28", "at_least = 128"),
        ('one_of = ["severe"]', 'one_of = ["sever"]'),
    )
    assert len(problems_of(text)) == 3


def test_mistakes_of_keys_end_the_reading_before_references() -> None:
    text = changed(
        ("block_sizes = [2, 4]", "block_sizes = [3]"),
        ('kind = "baseline"', 'kind = "baseline"\nlenght = "1 h"'),
    )
    (problem,) = problems_of(text)
    assert "lenght" in problem


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
