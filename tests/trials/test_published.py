"""What the shipped definitions of published trials state, beside what was published."""

from decimal import Decimal

import pytest

from tests.trials.published import FOLDER, published
from trials.protocol import (
    Dose,
    FactTest,
    Operator,
    ProtocolDefinition,
    Provenance,
    VisitKind,
)
from trials.protocol.conditions import facts_in, leaves_of
from trials.protocol.parts import Part
from trials.protocol.vocabulary import Assignment, ParentLink

NAMES = sorted(published())

# Initial and supplemental milligrams of each arm and step, as published.
ARMS = {
    "mp1": {"active study": (125, 62.5), "comparator study": (0, 0)},
    "mp2": {"full study": (125, 62.5), "low study": (25, 12.5)},
    "mp8": {
        "high study": (125, 62.5),
        "middle study": (75, 37.5),
        "low study": (30, 15),
    },
    "mp12": {
        "high study": (125, 62.5),
        "middle study": (100, 50),
        "low study": (40, 20),
    },
    "mapp1": {
        "active starting": (80, 40),
        "active full": (120, 60),
        "comparator starting": (0, 0),
        "comparator full": (0, 0),
    },
    "bouso2008": {"cohort_1 study": (50,), "cohort_2 study": (75,)},
}
# The supplement's window in minutes after the initial dose.
SUPPLEMENTS = {
    "mp1": (120, 150),
    "mp8": (90, 150),
    "mp12": (90, 150),
    "mapp1": (90, 120),
    "mp16": (90, 120),
}
BLINDED_SESSIONS = {"mp1": 2, "mp2": 3, "mp8": 2, "mp12": 2, "mapp1": 3}
PREPARATION = {"mp8": 3, "mp12": 3, "mapp1": 3}
# Form of the primary endpoint, the visit it is counted from, and how long after.
PRIMARY = {
    "mp1": ("caps4", "dosing_2", "2 months"),
    "mp2": ("caps4", "dosing_3", "3 weeks"),
    "mp8": ("caps4", "dosing_2", "1 month"),
    "mp12": ("caps4", "dosing_2", "1 month"),
    "mapp1": ("caps5", "dosing_3", "8 weeks"),
    "mplong": ("caps5", "parent.last_dose", "6 months"),
}
ENTRY_SCORES = {"mp1": 50, "mp2": 50, "mp8": 50, "mp12": 50, "mapp1": 35, "mapp2": 28}
# Stages entered after unblinding: what must be revealed, and their dosing sessions.
LATER_STAGES = {
    "mp1": {"stage_2": (("comparator",), 2)},
    "mp2": {"stage_2": (("low",), 3)},
    "mp8": {"third_session": (("high",), 1), "stage_2": (("middle", "low"), 3)},
    "mp12": {"third_session": (("active",), 1), "stage_2": (("low",), 3)},
}


def amounts(dose: Dose) -> tuple[Decimal, ...]:
    return (*dose.initial_mg, *dose.supplement_mg)


def in_stage(definition: ProtocolDefinition, stage: str, kind: VisitKind) -> int:
    return sum(visit.stage == stage for visit in definition.visits_of_kind(kind))


@pytest.mark.parametrize("name", NAMES)
def test_each_says_that_it_is_a_reconstruction(name: str) -> None:
    assert published()[name].reconstruction


def test_all_published_trials_are_there_under_names_of_their_own() -> None:
    identifiers = [definition.identifier for definition in published().values()]
    assert len(identifiers) == len(set(identifiers))
    assert set(NAMES) == {
        *("mp1", "mp2", "mp8", "mp12", "mapp1", "mapp2"),
        *("mp16", "extension", "mplong", "bouso2008"),
    }


@pytest.mark.parametrize("name", ARMS)
def test_arms_give_the_published_amounts(name: str) -> None:
    stated = {
        f"{arm.code} {step}": tuple(float(x) for x in amounts(dose))
        for arm in published()[name].arms
        for step, dose in arm.doses.items()
    }
    assert stated == ARMS[name]


@pytest.mark.parametrize("name", SUPPLEMENTS)
def test_the_supplement_is_due_when_the_source_says(name: str) -> None:
    dosing = published()[name].dosing
    assert dosing is not None
    assert dosing.supplement is not None
    window = (dosing.supplement.opens_minutes, dosing.supplement.closes_minutes)
    assert window == SUPPLEMENTS[name]


@pytest.mark.parametrize("name", BLINDED_SESSIONS)
def test_there_are_as_many_blinded_sessions_as_published(name: str) -> None:
    definition = published()[name]
    first = definition.stages[0].code if len(definition.stages) > 1 else ""
    assert in_stage(definition, first, VisitKind.DOSING) == BLINDED_SESSIONS[name]
    if name in PREPARATION:
        count = in_stage(definition, first, VisitKind.PREPARATORY)
        assert count == PREPARATION[name]


@pytest.mark.parametrize("name", PRIMARY)
def test_the_primary_outcome_is_measured_when_published(name: str) -> None:
    definition = published()[name]
    (endpoint,) = (x for x in definition.endpoints if x.role == "primary")
    when = definition.visit(endpoint.end).when
    assert when is not None
    assert (endpoint.form, when.anchor, str(when.target)) == PRIMARY[name]


@pytest.mark.parametrize("name", ENTRY_SCORES)
def test_the_entry_score_is_the_published_one(name: str) -> None:
    definition = published()[name]
    scores = {fact.code for fact in definition.facts if fact.type == "score"}
    tests = [x for item in definition.criteria for x in leaves_of(item.rule)]
    limits = [
        (test.operator, test.value)
        for test in tests
        if isinstance(test, FactTest) and test.fact in scores
    ]
    assert limits == [(Operator.AT_LEAST, ENTRY_SCORES[name])]


@pytest.mark.parametrize("name", NAMES)
def test_what_follows_unblinding_depends_on_what_is_revealed(name: str) -> None:
    definition = published()[name]
    stated = {
        stage.code: (
            stage.enter.revealed,
            in_stage(definition, stage.code, VisitKind.DOSING),
        )
        for stage in definition.stages
        if stage.enter is not None
    }
    assert stated == LATER_STAGES.get(name, {})


def test_one_trial_reveals_a_group_and_another_the_arm() -> None:
    assert published()["mp12"].revealed_names == ("active", "low")
    assert published()["mp8"].revealed_names == ("high", "middle", "low")


def test_open_label_sessions_offer_a_choice_of_amounts_where_published() -> None:
    dose = published()["mp8"].stage("stage_2").doses["open"]
    assert amounts(dose) == tuple(map(Decimal, ("100", "125", "50", "62.5")))


def test_cohorts_of_the_halted_escalation_are_filled_in_order() -> None:
    definition = published()["bouso2008"]
    assert {arm.assigned_by for arm in definition.arms} == {Assignment.ORDER}
    assert [arm.doses["study"].initial_mg[0] for arm in definition.arms] == [50, 75]
    assert definition.randomization is None


@pytest.mark.parametrize(
    ("name", "link", "parents"),
    [
        ("extension", ParentLink.ROLLOVER, {"MAPP1", "MAPP2"}),
        (
            "mplong",
            ParentLink.OBSERVATIONAL,
            {"MAPP1", "MAPP2", "MP16", "NCT04714359"},
        ),
    ],
)
def test_children_name_parents_that_are_defined(
    name: str, link: ParentLink, parents: set[str]
) -> None:
    parent = published()[name].parent
    assert parent is not None
    assert (parent.link, set(parent.trials)) == (link, parents)
    assert parents <= {definition.identifier for definition in published().values()}


def test_the_long_term_study_leaves_its_window_open_as_published() -> None:
    when = published()["mplong"].visit("follow_up").when
    assert when is not None
    assert when.latest.unlimited


def test_the_extension_measures_from_visit_three_to_visit_sixteen() -> None:
    definition = published()["extension"]
    (endpoint,) = definition.endpoints
    numbers = [definition.visit(x).number for x in (endpoint.start, endpoint.end)]
    assert (endpoint.form, numbers) == ("pcl5", ["V3", "V16"])
    stated = [visit.number for visit in definition.visits if visit.number]
    assert stated == ["SCR", *(f"V{n}" for n in range(17))]


@pytest.mark.parametrize(
    ("name", "source", "says"),
    [
        ("mapp1", "supplement", "1.5 to 2.5 hours"),
        ("mp16", "registry", "0 to 136"),
        ("mp12", "numbers", "not published"),
    ],
)
def test_conflicts_of_the_sources_are_told(name: str, source: str, says: str) -> None:
    assert says in published()[name].sources[source].cite


@pytest.mark.parametrize("name", ["mp1", "mp2", "mp8", "mp12", "mapp1"])
def test_what_was_never_published_claims_no_source(name: str) -> None:
    definition = published()[name]
    assert definition.randomization is not None
    blocks = definition.provenance_of(definition.randomization, "block_sizes")
    assert blocks.provenance is Provenance.DERIVED
    screening = definition.visit("screening").when
    assert screening is not None
    unknown: list[tuple[Part, str]] = [(x, "at_least") for x in definition.washouts]
    unknown += [(screening, "latest"), (definition.randomization, "at")]
    for rule, key in unknown:
        assert definition.provenance_of(rule, key).provenance is Provenance.UNVERIFIED


@pytest.mark.parametrize("name", NAMES)
def test_every_source_is_used_and_says_what_to_look_up(name: str) -> None:
    definition = published()[name]
    content = (FOLDER / f"{name}.toml").read_text("utf-8")
    for code, source in definition.sources.items():
        assert content.count(f'"{code}"') > 0, code
        assert len(source.cite) > 20


@pytest.mark.parametrize("name", NAMES)
def test_gaps_of_the_published_trials_are_kept(name: str) -> None:
    definition = published()[name]
    assert definition.acute_effects is None
    assert definition.gates == ()
    assert not definition.visits_of_kind(VisitKind.SAFETY)


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_is_asked_for_by_a_criterion_or_is_the_day_of_an_event(
    name: str,
) -> None:
    definition = published()[name]
    asked = {
        fact
        for item in definition.criteria
        for rule in (item.rule, item.only_if)
        if rule is not None
        for fact in facts_in(rule)
    }
    assert {fact.code for fact in definition.facts if not fact.event} <= asked
    assert asked <= {fact.code for fact in definition.facts}
