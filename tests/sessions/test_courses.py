"""Each protocol takes a participant from screening to its last visit."""

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from audit.refusal import Refused
from randomization.actions import NewKit, load_kits
from randomization.blocks import kit_numbers
from tests.pages import signed_in_as
from tests.sessions.courses import SEED, begun, seen, walked
from tests.world import MAPP2
from trials.protocol import parse
from trials.protocol.parts import Stage

pytestmark = pytest.mark.django_db
SHIPPED = MAPP2.parent
# With each group that a planned unblinding tells somebody of; "" where there is none.
COURSES = [
    *(
        (name, "")
        for name in ("mapp2", "mapp1", "mp16", "extension", "mplong", "bouso2008")
    ),
    *(("mp1", told) for told in ("active", "comparator")),
    *(("mp2", told) for told in ("full", "low")),
    *(("mp8", told) for told in ("high", "middle", "low")),
    *(("mp12", told) for told in ("active", "low")),
]


@pytest.mark.parametrize(("name", "told"), COURSES)
def test_a_participant_goes_from_screening_to_the_last_visit(
    name: str, told: str
) -> None:
    walk = begun((SHIPPED / f"{name}.toml").read_text("utf-8"), told=told)
    walked(walk)
    assert walk.person.state == "completed"
    held = {visit.code for visit in walk.visits() if visit.state == "held"}
    stages = {stage.code: stage for stage in walk.definition.stages}
    expected = {
        visit.code
        for visit in walk.definition.visits
        if visit.when is not None
        and visit.kind.value != "early_termination"
        and is_for(stages.get(visit.stage), told)
    }
    assert expected <= held
    assert held <= expected


def is_for(stage: Stage | None, told: str) -> bool:
    entry = stage.enter if stage else None
    return entry is None or not entry.revealed or told in entry.revealed


def test_the_shipped_groups_are_all_walked() -> None:
    for name in dict(COURSES):
        text = (SHIPPED / f"{name}.toml").read_text("utf-8")
        definition = parse(text, filename=name)
        names = definition.revealed_names if definition.held_back.visits else ("",)
        assert {told for each, told in COURSES if each == name} == {*names}
    assert {name for name, _ in COURSES} == {
        path.stem for path in SHIPPED.glob("*.toml")
    }


@pytest.mark.parametrize("name", ["mp16", "mplong"])
def test_the_page_of_somebody_whom_nobody_randomizes_asks_for_no_further_step(
    name: str,
) -> None:
    walk = begun((SHIPPED / f"{name}.toml").read_text("utf-8"))
    seen(walk)
    url = reverse("workbench:participant", args=[walk.person.uuid])
    page = signed_in_as(walk.world, Role.INVESTIGATOR).get(url).content.decode()
    assert "Withdraw" in page
    for step in ("Confirm eligibility", "Randomize", "Screen failure", "Unblind"):
        assert step not in page, step


def test_a_kit_without_an_arm_is_refused_where_every_step_is_blinded() -> None:
    walk = begun(MAPP2.read_text("utf-8"))
    (number,) = kit_numbers(SEED[::-1], 1)
    dose = walk.definition.arms[0].doses["starting"].initial_mg[0]
    kit = NewKit(walk.world.site, number, "", "starting", "initial", dose)
    with pytest.raises(Refused, match="does not hold what the protocol plans"):
        load_kits(
            trial=walk.world.trial,
            kits=[kit],
            by=walk.world.actor(Role.PHARMACIST),
        )
