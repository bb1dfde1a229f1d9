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

pytestmark = pytest.mark.django_db
SHIPPED = MAPP2.parent
# Those that wait for a planned unblinding, or fill cohorts in order, are not here yet.
WITHOUT_A_DECISION = ("mapp2", "mapp1", "mp16", "extension", "mplong")


@pytest.mark.parametrize("name", WITHOUT_A_DECISION)
def test_a_participant_goes_from_screening_to_the_last_visit(name: str) -> None:
    walk = begun((SHIPPED / f"{name}.toml").read_text("utf-8"))
    walked(walk)
    assert walk.person.state == "completed"
    held = {visit.code for visit in walk.visits() if visit.state == "held"}
    expected = {
        visit.code
        for visit in walk.definition.visits
        if visit.when is not None and visit.kind.value != "early_termination"
    }
    assert expected <= held


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
