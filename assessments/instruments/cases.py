"""Scoring of plain cases, for a check of the rules against cases made elsewhere.

A case is an object with `id`, optionally `instrument`, and `items` in the order of
the form, null where missing. The result has `id` and nested scores, null where they
are undetermined.
"""

from collections.abc import Callable, Mapping, Sequence

from assessments.instruments import REGISTRY, caps4
from assessments.instruments.base import Instrument, Responses, Scores
from assessments.instruments.caps5 import (
    DISSOCIATION,
    DISTRESS,
    DURATION,
    EVENT,
    RELATED,
    RELATED_NUMBERS,
    SYMPTOMS,
    trauma_related,
)
from assessments.instruments.counting import NO, YES, missing_of
from assessments.instruments.cssrs_slc import (
    BEHAVIOR,
    CSSRS_SLC,
    IDEATION,
    INTENSITY,
    SELF_INJURY,
)
from assessments.instruments.pcl5 import CODES as PCL5_CODES
from assessments.instruments.sds import DAYS_OFF as SDS_DAYS
from assessments.instruments.sds import NO_WORK
from assessments.instruments.sds_adapted import CODES as SDS_CODES

Case = Mapping[str, object]
Result = dict[str, object]

_LETTERS = "BCDE"
_INSTRUMENTS = tuple(REGISTRY.values())


class CaseError(ValueError):
    """A case that cannot be scored; the sentence says why."""


class OtherInstrumentError(CaseError):
    """A case that belongs to another instrument than the one asked for."""


def _plain(name: str) -> str:
    letters = "".join(each for each in name.lower() if each.isalnum())
    return {"capsiv": "caps4"}.get(letters, letters)


_NAMES = {
    _plain(name): instrument
    for instrument in _INSTRUMENTS
    for name in (instrument.code, instrument.short_title)
} | {"cssrs": CSSRS_SLC}


def instrument_named(name: str) -> Instrument:
    """The instrument called `name` ("caps5", "CAPS-5"); CaseError if there is none."""
    plain = _plain(name)
    if plain not in _NAMES:
        known = ", ".join(each.code for each in _INSTRUMENTS)
        raise CaseError(f"There is no instrument {name}; there are {known}.")
    return _NAMES[plain]


def score_case(instrument: Instrument, case: Case) -> Result:
    """The case's scores, nested as in the published cases.

    Raises OtherInstrumentError for a case of another instrument, and CaseError for one
    with unknown keys, the wrong number of answers or an answer off the scale.
    """
    identifier = case.get("id")
    named = case.get("instrument")
    if named is not None and instrument_named(str(named)) is not instrument:
        raise OtherInstrumentError(
            f"Case {identifier} is of {named}, not of {instrument.short_title}."
        )
    read, shape, keys = _READERS.get(instrument.code) or _plain_list(instrument)
    unknown = set(case) - {"id", "instrument", "items", "expected", *keys}
    if unknown:
        raise CaseError(f"Case {identifier} has the unknown key {min(unknown)}.")
    responses = read(case)
    problems = instrument.problems(responses)
    if problems:
        raise CaseError(f"Case {identifier}: {' '.join(problems)}")
    return {"id": identifier, **shape(responses, instrument.score(responses))}


def _answers(case: Case, key: str, codes: Sequence[str]) -> dict[str, int | None]:
    values = case.get(key)
    if values is None:
        return dict.fromkeys(codes)
    if not isinstance(values, list) or len(values) != len(codes):
        raise CaseError(
            f"Case {case.get('id')}: {key} must be a list of {len(codes)} answers."
        )
    return {
        code: _number(case, key, value)
        for code, value in zip(codes, values, strict=True)
    }


def _number(case: Case, key: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return YES if value else NO
    if not isinstance(value, int):
        raise CaseError(f"Case {case.get('id')}: {value!r} in {key} is not a number.")
    return value


def _caps5_related(case: Case) -> dict[str, int | None]:
    given = case.get("TR")
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise CaseError(f"Case {case.get('id')}: TR must map item numbers to words.")
    words = {option.label.lower(): option.value for option in RELATED.options}
    found: dict[str, int | None] = {}
    for number, word in given.items():
        if str(number) not in map(str, RELATED_NUMBERS) or word not in words:
            raise CaseError(
                f"Case {case.get('id')}: TR says {word!r} of item {number}; use "
                f"{', '.join(words)} of items 9 and 11 to 20."
            )
        found[trauma_related(SYMPTOMS[int(number) - 1])] = words[word]
    return found


def _read_caps5(case: Case) -> Responses:
    return {
        **_answers(case, "items", SYMPTOMS),
        **_answers(case, "G", DISTRESS),
        **_answers(case, "dissociation", DISSOCIATION),
        **_caps5_related(case),
        EVENT: _number(case, "A", case.get("A")),
        DURATION: _number(case, "F", case.get("F")),
    }


def _clusters(scores: Scores, name: str, letters: str) -> Result:
    return {letter: scores[f"{name}_{letter.lower()}"] for letter in letters}


def _missing_numbers(codes: Sequence[str], responses: Responses) -> list[int]:
    missing = missing_of(codes, responses)
    return [place for place, code in enumerate(codes, 1) if code in missing]


def _shape_caps5(responses: Responses, scores: Scores) -> Result:
    return {
        "total": scores["total"],
        "clusters": _clusters(scores, "cluster", _LETTERS),
        "counts": _clusters(scores, "count", _LETTERS),
        "criteria": _clusters(scores, "criterion", "BCDEAFG"),
        "diagnosis": scores["diagnosis"],
        "dissociative": scores["dissociative"],
        "missing": _missing_numbers(SYMPTOMS, responses),
        "observed": scores["observed"],
        "prorated": scores["prorated"],
    }


def _read_caps4(case: Case) -> Responses:
    """Pairs of frequency and intensity; an impairment stands for all of its ratings."""
    pairs = case.get("items")
    if pairs is None:
        pairs = [[None, None] for _ in caps4.SYMPTOMS]
    if not isinstance(pairs, list) or len(pairs) != len(caps4.SYMPTOMS):
        raise CaseError(
            f"Case {case.get('id')}: items must be a list of {len(caps4.SYMPTOMS)} "
            "pairs of frequency and intensity."
        )
    found: dict[str, int | None] = {}
    for number, (code, pair) in enumerate(zip(caps4.SYMPTOMS, pairs, strict=True), 1):
        frequency, intensity = _caps4_pair(case, number, pair)
        found[caps4.frequency_of(code)] = frequency
        found[caps4.intensity_of(code)] = intensity
    impairment = case.get("impairment")
    if not isinstance(impairment, bool | None):
        raise CaseError(
            f"Case {case.get('id')}: impairment must be true, false or null."
        )
    rating = {None: None, False: 0, True: caps4.IMPAIRING}[impairment]
    return {
        **found,
        **dict.fromkeys(caps4.DISTRESS, rating),
        caps4.EVENT: _number(case, "A", case.get("A")),
        caps4.DURATION: _number(case, "duration", case.get("duration")),
    }


def _caps4_pair(case: Case, number: int, pair: object) -> tuple[int | None, int | None]:
    if not isinstance(pair, list) or len(pair) != 2:
        raise CaseError(
            f"Case {case.get('id')}: item {number} is not a pair of frequency and "
            "intensity."
        )
    frequency, intensity = (_number(case, "items", value) for value in pair)
    if (frequency is None and intensity is not None) or (frequency == 0 and intensity):
        raise CaseError(
            f"Case {case.get('id')}: item {number} has an intensity without a frequency."
        )
    return frequency, intensity


def _shape_caps4(_: Responses, scores: Scores) -> Result:
    return {
        "total": scores["total"],
        "clusters": _clusters(scores, "cluster", "BCD"),
        "counts": _clusters(scores, "count", "BCD"),
        "F1I2": scores["f1i2"],
        "F1I2_SEV45": scores["f1i2_sev45"],
        "F1I2_SEV65": scores["f1i2_sev65"],
        "TSEV65": scores["tsev65"],
    }


def _read_pcl5(case: Case) -> Responses:
    return _answers(case, "items", PCL5_CODES)


def _shape_pcl5(responses: Responses, scores: Scores) -> Result:
    return {
        "total": scores["total"],
        "clusters": _clusters(scores, "cluster", _LETTERS),
        "counts": _clusters(scores, "count", _LETTERS),
        "criteria": _clusters(scores, "criterion", _LETTERS),
        "diagnosis": scores["provisional_diagnosis"],
        "missing": _missing_numbers(PCL5_CODES, responses),
        "observed": scores["observed"],
        "prorated": scores["prorated"],
    }


def _read_sds(case: Case) -> Responses:
    return _answers(case, "items", SDS_CODES)


def _read_sds_own(case: Case) -> Responses:
    """The three ratings, and beside them what the participant's own form asks."""
    return {
        **_read_sds(case),
        NO_WORK: _number(case, "no_work", case.get("no_work")),
        **_answers(case, "days", SDS_DAYS),
    }


def _shape_sds(responses: Responses, scores: Scores) -> Result:
    return {**scores, "missing": _missing_numbers(SDS_CODES, responses)}


def _read_cssrs(case: Case) -> Responses:
    return {
        **_answers(case, "items", IDEATION),
        **_answers(case, "intensity", INTENSITY),
        **_answers(case, "behavior", BEHAVIOR),
        SELF_INJURY: _number(case, "self_injury", case.get("self_injury")),
    }


def _shape_cssrs(responses: Responses, scores: Scores) -> Result:
    return {**scores, "missing": _missing_numbers(IDEATION, responses)}


_Reader = Callable[[Case], Responses]
_Shape = Callable[[Responses, Scores], Result]


def _plain_list(instrument: Instrument) -> tuple[_Reader, _Shape, tuple[str, ...]]:
    """Read every item in the order of the form, and give every score by its code."""
    codes = tuple(item.code for item in instrument.items)
    required = {item.code for item in instrument.items if item.required}

    def shape(responses: Responses, scores: Scores) -> Result:
        missing = missing_of(codes, responses)
        places = [place for place, code in enumerate(codes, 1) if code in missing]
        needed = [place for place in places if codes[place - 1] in required]
        return {**scores, "missing": needed}

    return lambda case: _answers(case, "items", codes), shape, ()


_READERS: Mapping[str, tuple[_Reader, _Shape, tuple[str, ...]]] = {
    "caps5": (_read_caps5, _shape_caps5, ("A", "F", "G", "dissociation", "TR")),
    "caps4": (_read_caps4, _shape_caps4, ("A", "duration", "impairment")),
    "pcl5": (_read_pcl5, _shape_pcl5, ()),
    "sds_adapted": (_read_sds, _shape_sds, ()),
    "sds": (_read_sds_own, _shape_sds, ("no_work", "days")),
    "cssrs_slc": (
        _read_cssrs,
        _shape_cssrs,
        ("intensity", "behavior", "self_injury"),
    ),
}
