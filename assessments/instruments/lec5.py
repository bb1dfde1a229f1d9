"""LEC-5: 17 kinds of events, each with six ways of having met it; no score."""

from assessments.instruments.base import Instrument, Item, Responses, Scores
from assessments.instruments.lists import worded

YES_NO = worded("yes_no", "No", "Yes")
# Own label, and the event in TEST of the CDISC codelist (SDTM CT 2024-03-29).
EVENTS = (
    ("Natural disaster", "Natural Disaster"),
    ("Fire or explosion", "Fire or Explosion"),
    ("Traffic accident", "Transportation Accident"),
    ("Other serious accident", "Serious Accident"),
    ("Toxic substance", "Toxic Substance"),
    ("Physical assault", "Physical Assault"),
    ("Assault with a weapon", "Assault With a Weapon"),
    ("Sexual assault", "Sexual Assault"),
    ("Other unwanted sexual contact", "Unwanted Sex Experience"),
    ("Combat or war zone", "Combat/Exp to War-Zone"),
    ("Captivity", "Captivity"),
    ("Life-threatening illness", "Life-threatening Illness"),
    ("Severe suffering", "Severe Human Suffering"),
    ("Sudden violent death", "Sudden Violent Death"),
    ("Sudden accidental death", "Sudden Accidental Death"),
    ("Harm caused to somebody", "Serious Injury Caused"),
    ("Other very stressful event", "Other Stressful Event"),
)
# Letter of the item, own label, and the way in TEST.
WAYS = (
    ("a", "Happened to them", "Happened"),
    ("b", "Witnessed it", "Witnessed"),
    ("c", "Learned of it", "Learned"),
    ("d", "Part of the job", "Job"),
    ("e", "Not sure", "Not Sure"),
    ("f", "Does not apply", "Not Apply"),
)
# Where a TEST would be too long, the codelist shortens the way.
_SHORT = {("12", "b"): "Witness", ("12", "f"): "No Apply"}


def _item(number: int, event: tuple[str, str], way: tuple[str, str, str]) -> Item:
    letter, label, term = way
    term = _SHORT.get((f"{number:02}", letter), term)
    return Item(
        f"lec{number:02}{letter}",
        label,
        YES_NO,
        number=f"{number}{letter}",
        section=f"{number} {event[0]}",
        # What is not ticked on the form is not asked again.
        required=False,
        is_counted=False,
        cdisc=(f"LEC01{number:02}{letter.upper()}", f"LEC01-{event[1]}: {term}"),
    )


def score_lec5(_responses: Responses) -> Scores:
    """Nothing: the checklist has no score."""
    return {}


LEC5 = Instrument(
    code="lec5",
    version="2013",
    title="Life Events Checklist for DSM-5, standard",
    short_title="LEC-5",
    completed_by="participant",
    domain="QS",
    category="LEC-5 STANDARD VERSION",
    license="US government work; may ship. Own short labels are used here.",
    items=tuple(
        _item(number, event, way)
        for number, event in enumerate(EVENTS, 1)
        for way in WAYS
    ),
    scores=(),
    scoring=score_lec5,
    recall=("lifetime",),
)
