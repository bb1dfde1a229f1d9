"""Forms of our own: guess of the treatment, effects, distress, expectancy, ratings."""

from collections.abc import Mapping

from assessments.instruments.base import (
    Instrument,
    Item,
    Option,
    Provenance,
    Responses,
    Scale,
    Score,
    Scores,
)
from assessments.instruments.counting import missing_of, observed_of
from assessments.instruments.lists import codes_of, numbered, worded

OWN = "Our own form; free to use."
TENTHS = Scale("own_0_10", least=0, most=10)
CANNOT_TELL = 2  # of the guess: two answers for the comparator below, two above

GUESS = Scale(
    "guess_treatment",
    (
        Option(0, "Comparator, surely"),
        Option(1, "Comparator, probably"),
        Option(2, "Cannot tell"),
        Option(3, "Study drug, probably"),
        Option(4, "Study drug, surely"),
    ),
)
WHY = worded(
    "guess_why",
    "Only a guess",
    "Effects during the session",
    "No effects during the session",
    "Effects on the body",
    "Change of symptoms",
    "Something said or seen",
)


def _asked(code: str, label: str, scale: Scale) -> Item:
    number = code[-1]
    return Item(
        code,
        label,
        scale,
        number=number,
        cdisc=(code.upper(), f"{code[:-2].upper()}-{label}"),
    )


def _score_guess(responses: Responses) -> Scores:
    guess = responses.get("guess01")
    return {
        "guess": guess,
        "confidence": responses.get("guess02"),
        "is_sure": None if guess is None else abs(guess - CANNOT_TELL) == CANNOT_TELL,
    }


TREATMENT_GUESS = Instrument(
    code="treatment_guess",
    version="1",
    title="Guess of the treatment given",
    short_title="Treatment guess",
    completed_by="participant",
    domain="QS",
    category="TREATMENT GUESS",
    license=OWN,
    items=(
        Item(
            "guess01",
            "Treatment",
            GUESS,
            number="1",
            cdisc=("GUESS01", "GUESS-Treatment"),
        ),
        Item(
            "guess02",
            "Confidence",
            TENTHS,
            number="2",
            cdisc=("GUESS02", "GUESS-Confidence"),
        ),
        Item(
            "guess03",
            "Main reason",
            WHY,
            number="3",
            cdisc=("GUESS03", "GUESS-Main Reason"),
        ),
    ),
    scores=(
        Score("guess", "Treatment guessed", 0, 4),
        Score("confidence", "Confidence", 0, 10),
        Score("is_sure", "Sure of it", kind="yes_no"),
    ),
    scoring=_score_guess,
    notes=("Asked of the participant, of each therapist and of the rater apart.",),
    tells_of_arm=True,
)

_EFFECT = Scale("effects_0_100", least=0, most=100)
_EFFECTS = (
    *("Euphoria", "Good mood", "Closeness to others", "Openness", "Calm", "Trust"),
    *("Wish for it again", "Altered perception", "Altered sense of time", "Energy"),
    *("Anxiety", "Sadness", "Confusion", "Discomfort of the body", "Distress"),
)
_EFFECT_PARTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "mean": ("Mean of all", codes_of("effect", range(1, 16))),
    "pleasant": ("Mean of the pleasant", codes_of("effect", range(1, 8))),
    "altering": ("Mean of the altering", codes_of("effect", range(8, 11))),
    "unpleasant": ("Mean of the unpleasant", codes_of("effect", range(11, 16))),
}


def _means(
    parts: Mapping[str, tuple[str, tuple[str, ...]]], responses: Responses
) -> Scores:
    return {
        name: None
        if missing_of(codes, responses)
        else observed_of(codes, responses) / len(codes)
        for name, (_, codes) in parts.items()
    }


SUBJECTIVE_EFFECTS = Instrument(
    code="subjective_effects",
    version="1",
    title="Effects felt, pleasant ones too",
    short_title="Subjective effects",
    completed_by="participant",
    domain="QS",
    category="SUBJECTIVE EFFECTS",
    license=OWN,
    items=numbered(
        "effect",
        _EFFECT,
        _EFFECTS,
        testcd="EFFECT",
        test="EFFECT",
        sections={
            "Pleasant": range(1, 8),
            "Altering": range(8, 11),
            "Unpleasant": range(11, 16),
        },
    ),
    scores=tuple(
        Score(name, label, 0, 100, provenance=Provenance.DERIVED)
        for name, (label, _) in _EFFECT_PARTS.items()
    ),
    scoring=lambda responses: _means(_EFFECT_PARTS, responses),
    recall=("now", "session"),
    notes=(
        "0 is not at all, 100 the most imaginable.",
        "Asked at the dose, before the supplement and at the end of the session.",
    ),
)


def _score_distress(responses: Responses) -> Scores:
    return {"peak": responses.get("sud01"), "end": responses.get("sud02")}


DISTRESS_RATING = Instrument(
    code="distress_units",
    version="1",
    title="Subjective units of distress",
    short_title="Distress rating",
    completed_by="participant",
    domain="QS",
    category="DISTRESS RATING",
    license="Free.",
    items=(
        _asked("sud01", "At its peak", TENTHS),
        _asked("sud02", "At the end", TENTHS),
    ),
    scores=(Score("peak", "Peak", 0, 10), Score("end", "End", 0, 10)),
    scoring=_score_distress,
    recall=("session",),
)

_EXPECTED = {"benefit": ("Expected benefit", codes_of("expect", (1, 2)))}
EXPECTANCY = Instrument(
    code="expectancy",
    version="1",
    title="What is expected of the treatment",
    short_title="Expectancy",
    completed_by="participant",
    domain="QS",
    category="EXPECTANCY",
    license=OWN,
    items=numbered(
        "expect",
        TENTHS,
        (
            *(
                "Improvement if study drug",
                "Certainty of it",
                "Improvement if comparator",
            ),
            *("Fear of harm", "Wish for the study drug", "Heard of it before"),
        ),
        testcd="EXPECT",
        test="EXPECT",
    ),
    scores=(
        Score("benefit", "Expected benefit", 0, 10, provenance=Provenance.DERIVED),
        Score(
            "difference", "Expected difference", -10, 10, provenance=Provenance.DERIVED
        ),
    ),
    scoring=lambda responses: _means(_EXPECTED, responses) | _difference(responses),
    notes=("0 is none, 10 the most imaginable. Asked before randomization.",),
)


def _difference(responses: Responses) -> Scores:
    drug, comparator = responses.get("expect01"), responses.get("expect03")
    if drug is None or comparator is None:
        return {"difference": None}
    return {"difference": drug - comparator}


_ALLIANCE = {"mean": ("Alliance", codes_of("ally", range(1, 7)))}
ALLIANCE = Instrument(
    code="alliance",
    version="1",
    title="Working alliance with the therapists",
    short_title="Working alliance",
    completed_by="participant",
    domain="QS",
    category="WORKING ALLIANCE",
    license=OWN,
    items=numbered(
        "ally",
        TENTHS,
        (
            *(
                "Agree on the aims",
                "Agree on the way",
                "Felt understood",
                "Felt respected",
            ),
            *("Felt safe", "Could say no"),
        ),
        testcd="ALLY",
        test="ALLY",
    ),
    scores=(Score("mean", "Mean", 0, 10, provenance=Provenance.DERIVED),),
    scoring=lambda responses: _means(_ALLIANCE, responses),
    notes=("0 is not at all, 10 wholly.",),
)

_KEPT = worded("adherence_kept", "Not kept", "Partly", "Mostly", "Kept")
_ADHERENCE = {"mean": ("Manual kept", codes_of("adhere", range(1, 7)))}


def _score_adherence(responses: Responses) -> Scores:
    departed = responses.get("adhere07")
    return _means(_ADHERENCE, responses) | {
        "departure": None if departed is None else departed == 1
    }


ADHERENCE = Instrument(
    code="adherence",
    version="1",
    title="Adherence of the therapists to the manual",
    short_title="Adherence",
    completed_by="adherence_rater",
    domain="QS",
    category="ADHERENCE",
    license=OWN,
    items=(
        *numbered(
            "adhere",
            _KEPT,
            (
                *(
                    "Setting and preparation",
                    "Non-directive stance",
                    "Presence of both",
                ),
                *("Safety of the body", "Touch as agreed", "Closing of the session"),
            ),
            testcd="ADHERE",
            test="ADHERE",
        ),
        Item(
            "adhere07",
            "Departure to be reported",
            worded("yes_no", "No", "Yes"),
            number="7",
            cdisc=("ADHERE07", "ADHERE-Departure to Be Reported"),
        ),
    ),
    scores=(
        Score("mean", "Mean", 0, 3, provenance=Provenance.DERIVED),
        Score("departure", "Departure to be reported", kind="yes_no"),
    ),
    scoring=_score_adherence,
    notes=("Rated from the recording by somebody who is not of the site.",),
)
