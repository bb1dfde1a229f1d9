"""The registry: every instrument edition that can be scheduled, by code and version."""

from collections.abc import Mapping

from assessments.instruments.alcohol import AUDIT, DUDIT
from assessments.instruments.base import Instrument, UnknownCodeError
from assessments.instruments.bdi2 import BDI2
from assessments.instruments.caps4 import CAPS4
from assessments.instruments.caps5 import CAPS5
from assessments.instruments.closed import GAF, IESR, PDS
from assessments.instruments.cssrs_baseline import CSSRS_BASELINE
from assessments.instruments.cssrs_slc import CSSRS_SLC
from assessments.instruments.des2 import DES2
from assessments.instruments.eq5d5l import EQ5D5L
from assessments.instruments.itq import ITQ
from assessments.instruments.lec5 import LEC5
from assessments.instruments.meq30 import MEQ30
from assessments.instruments.own import (
    ADHERENCE,
    ALLIANCE,
    DISTRESS_RATING,
    EXPECTANCY,
    SUBJECTIVE_EFFECTS,
    TREATMENT_GUESS,
)
from assessments.instruments.pcl5 import PCL5
from assessments.instruments.psqi import PSQI
from assessments.instruments.ptgi import PTGI
from assessments.instruments.sds import SDS
from assessments.instruments.sds_adapted import SDS_ADAPTED
from trials.protocol.instrument_facts import InstrumentFacts, ScoreFacts

REGISTRY: Mapping[tuple[str, str], Instrument] = {
    (each.code, each.version): each
    for each in (
        *(CAPS5, CAPS4, SDS_ADAPTED, SDS, PCL5, CSSRS_SLC, CSSRS_BASELINE, LEC5),
        *(BDI2, DES2, PSQI, AUDIT, DUDIT, PTGI, ITQ, EQ5D5L, MEQ30, GAF, PDS, IESR),
        *(TREATMENT_GUESS, SUBJECTIVE_EFFECTS, DISTRESS_RATING, EXPECTANCY),
        *(ALLIANCE, ADHERENCE),
    )
}
# What each instrument is called on pages, by code.
TITLES: Mapping[str, str] = {each.code: each.short_title for each in REGISTRY.values()}


def instrument(code: str, version: str) -> Instrument:
    """The edition of this code and version; UnknownCodeError if there is none."""
    try:
        return REGISTRY[code, version]
    except KeyError:
        raise UnknownCodeError(f"There is no instrument {code} {version}.") from None


def facts_for_protocol() -> Mapping[str, InstrumentFacts]:
    """Per code: versions, recall periods, and the scores a definition may name.

    A definition is checked against the union of all editions of a code.
    """
    facts: dict[str, InstrumentFacts] = {}
    for each in REGISTRY.values():
        earlier = facts.get(each.code, InstrumentFacts((), (), {}))
        scores = {
            score.code: ScoreFacts(score.kind, score.least, score.most)
            for score in each.scores
        }
        recall = dict.fromkeys((*earlier.recall, *each.recall))
        facts[each.code] = InstrumentFacts(
            versions=(*earlier.versions, each.version),
            recall=tuple(recall),
            scores={**earlier.scores, **scores},
        )
    return facts
