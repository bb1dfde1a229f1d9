"""What was answered: what is settled, what is wrong, and how it is laid out."""

from hypothesis import given
from hypothesis import strategies as st

from assessments.answers import (
    Answer,
    alert_of,
    is_ruled_out,
    left_open,
    problems,
    progress,
    signed_content,
    values_of,
)
from assessments.entry import Entered, ShownItem, runs
from assessments.instruments import REGISTRY
from assessments.instruments.base import Instrument, Item, MissingReason
from assessments.instruments.caps5 import CAPS5
from assessments.instruments.cssrs_slc import CSSRS_SLC, Urgency
from assessments.instruments.sds_adapted import SDS_ADAPTED
from audit.signing import digest

INSTRUMENTS = st.sampled_from(list(REGISTRY.values()))


@st.composite
def forms(draw: st.DrawFn) -> tuple[Instrument, dict[str, Answer]]:
    """Any edition with any part of it answered, possibly off the scale."""
    instrument = draw(INSTRUMENTS)
    answer = st.integers(-2, 12) | st.sampled_from([*MissingReason, "forgot"])
    codes = st.sampled_from([item.code for item in instrument.items])
    return instrument, draw(st.dictionaries(codes, answer, max_size=45))


@given(forms())
def test_a_form_without_problems_is_whole_and_can_be_scored(
    form: tuple[Instrument, dict[str, Answer]],
) -> None:
    instrument, answers = form
    found = problems(instrument, answers)
    if not found:
        assert progress(instrument, answers).is_whole
        instrument.score(values_of(answers))
    assert all(sentence.endswith(".") for sentence in found.values())


@given(forms())
def test_one_more_answer_never_unsettles_what_it_does_not_call_for(
    form: tuple[Instrument, dict[str, Answer]],
) -> None:
    instrument, answers = form
    now = progress(instrument, answers)
    assert 0 <= now.settled <= now.of
    free = [
        item
        for item in instrument.items
        if item.required and item.code not in answers and item.asked_when is None
    ]
    gates = {item.asked_when[0] for item in instrument.items if item.asked_when}
    for item in free:
        if item.code not in gates:
            more = progress(instrument, answers | {item.code: "refused"})
            assert more.settled == now.settled + 1


@given(st.permutations(list(range(1, 6))))
def test_a_signature_does_not_depend_on_the_order_of_answers(order: list[int]) -> None:
    head = {"uuid": "x"}
    answers: dict[str, Answer] = {f"caps{number:02}": number % 5 for number in order}
    sorted_answers = dict(sorted(answers.items()))
    assert digest(signed_content(head, answers)) == digest(
        signed_content(head, sorted_answers)
    )


def test_only_a_suicidality_form_alerts() -> None:
    assert alert_of(CSSRS_SLC, {"cssrs12": 1}) is Urgency.IMMEDIATE
    assert alert_of(CSSRS_SLC, {"cssrs02": 1, "cssrs03": 1}) is Urgency.SAME_DAY_REVIEW
    assert alert_of(CAPS5, {"caps_a": 1}) is Urgency.NONE


def test_an_item_that_applies_to_everybody_cannot_not_apply() -> None:
    answers: dict[str, Answer] = {"sds01": "not_applicable", "sds02": 3, "sds03": 4}
    assert problems(SDS_ADAPTED, answers) == {}
    answers["sds02"] = "not_applicable"
    assert list(problems(SDS_ADAPTED, answers)) == ["sds02"]


def blank(_: Item) -> Entered:
    return Entered("", "")


def laid_out(instrument: Instrument) -> list[ShownItem]:
    return [
        item
        for run in runs(instrument, blank)
        for section in run.sections
        for item in section.items
    ]


@given(INSTRUMENTS)
def test_every_item_is_on_the_page_once_and_every_title_too(
    instrument: Instrument,
) -> None:
    shown = laid_out(instrument)
    codes = [code for item in shown for code in _codes(item)]
    assert codes == [item.code for item in instrument.items]
    titles = [
        section.title
        for run in runs(instrument, blank)
        for section in run.sections
        if section.title
    ]
    assert len(titles) == len(set(titles))


def _codes(item: ShownItem) -> list[str]:
    return [item.code, *([item.aside.code] if item.aside else [])]


def test_thirty_digits_answer_thirty_items_of_the_caps() -> None:
    """Months and trauma-relatedness stand outside the run of digits."""
    in_the_run = [item for item in laid_out(CAPS5) if not item.is_typed]
    assert len(in_the_run) == 30
    assert sum(1 for item in in_the_run if item.aside) == 12


def ruled_out(answers: dict[str, Answer]) -> list[str]:
    return [
        item.number
        for item in CSSRS_SLC.items
        if is_ruled_out(CSSRS_SLC, item, answers)
    ]


def test_an_item_is_ruled_out_only_once_its_condition_is_answered_otherwise() -> None:
    assert ruled_out({}) == []
    assert ruled_out({"cssrs02": 0}) == ["3", "4", "5"]
    assert ruled_out({"cssrs01": 0, "cssrs02": 0}) == [
        "3",
        "4",
        "5",
        *"789",
        "10",
        "11",
    ]
    assert ruled_out({"cssrs01": 1, "cssrs02": "refused"}) == ["3", "4", "5"]
    assert ruled_out({"cssrs12": 0}) == ["13", "22b", "22c"]


def test_an_answer_to_an_item_that_is_not_asked_is_a_contradiction() -> None:
    """Zeros were once kept for items 3 to 5 although item 2 was no."""
    answers: dict[str, Answer] = {
        item.code: 0
        for item in CSSRS_SLC.items
        if item.required and item.code not in {"cssrs03", "cssrs04", "cssrs05"}
    }
    assert problems(CSSRS_SLC, answers) == {}
    assert progress(CSSRS_SLC, answers).is_whole
    found = problems(CSSRS_SLC, answers | {"cssrs04": 1, "cssrs07": 2})
    assert found["cssrs04"].endswith(
        "asked only when 2 is yes. Clear it, or correct that answer."
    )
    # Item 4 says that there was ideation, so intensity is asked again.
    assert list(found) == ["cssrs04"]
    assert problems(CSSRS_SLC, answers | {"cssrs07": 2})["cssrs07"].startswith(
        "7 Frequency is asked only when one of 1 to 5 is yes."
    )
    assert problems(CSSRS_SLC, answers | {"cssrs07": "not_applicable"}) == {}


def test_a_symptom_at_threshold_with_open_trauma_relatedness_is_asked_about() -> None:
    answers: dict[str, Answer] = {"caps01": 3, "caps09": 2, "caps11": 1, "caps12": 4}
    assert "for items 9 and 12," in left_open(CAPS5, answers)
    assert "for item 12," in left_open(CAPS5, answers | {"caps09_tr": 3})
    assert left_open(CAPS5, answers | {"caps09_tr": 1, "caps12_tr": 2}) == ""
    assert left_open(CSSRS_SLC, {"cssrs01": 1}) == ""
