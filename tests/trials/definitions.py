"""Small definitions for tests of the protocol language, and how to change one line."""

from decimal import Decimal

from trials.protocol import InstrumentFacts, ProtocolDefinition, ScoreFacts, parse

# Edits of the small definition, and the sentence that tells the mistake.
Mistake = tuple[list[tuple[str, str]], str]

INSTRUMENTS = {
    "caps5": InstrumentFacts(
        versions=("2015",),
        recall=("past month", "past week"),
        scores={
            "total": ScoreFacts("number", 0, 80),
            "diagnosis": ScoreFacts("yes_no", 0, 1),
        },
    ),
    "pcl5": InstrumentFacts(
        versions=("2013",),
        recall=("past month",),
        scores={"total": ScoreFacts("number", 0, 80)},
    ),
}

SMALL = """\
identifier = "SMALL"
version = "1.0"
title = "A small blinded trial"
reconstruction = false
study_day_1 = "baseline"
forbidden_words = ["mdma", "drug", "placebo"]

[sources]
paper = { provenance = "sourced", cite = "A paper" }

[[stages]]
code = "stage_1"
label = "Stage 1"
blinded = true

[[arms]]
code = "active"
label = "Study capsule"
doses = { starting = { initial_mg = 80, supplement_mg = 40 }, full = { initial_mg = 120, supplement_mg = 60 } }
source = "paper"

[[arms]]
code = "comparator"
label = "Other capsule"
doses = { starting = { initial_mg = 0, supplement_mg = 0 }, full = { initial_mg = 0, supplement_mg = 0 } }

[dosing]
steps = ["starting", "full"]
maximum_session_mg = 180
supplement = { opens = "90 min", closes = "150 min" }

[randomization]
at = "prep_1"
strata = ["site"]
block_sizes = [2, 4]
needs = ["confirmation"]

[unblinding]
after = "database_lock"

[[milestones]]
code = "screening"
at = "baseline"
asks = "eligibility"

[[milestones]]
code = "confirmation"
at = "prep_1"
asks = "eligibility"

[[visits]]
code = "baseline"
label = "Baseline"
kind = "baseline"
when = { after = "consent", earliest = "same day", target = "1 week", latest = "4 weeks" }

[[visits]]
code = "prep_1"
label = "Preparatory session"
kind = "preparatory"
when = { after = "baseline", earliest = "1 day", target = "1 week", latest = "2 weeks" }

[[visits]]
code = "dosing_1"
label = "Experimental session 1"
kind = "dosing"
dose = ["starting"]
when = { after = "prep_1", earliest = "1 day", target = "1 week", latest = "2 weeks" }

[[visits]]
code = "dosing_2"
label = "Experimental session 2"
kind = "dosing"
dose = ["full", "starting"]
when = { after = "dosing_1", earliest = "21 days", target = "28 days", latest = "49 days" }

[[visits]]
code = "integration_{n}"
label = "Integration session {n}"
kind = "integration"
number = ["V4", "V6"]
follows_each = ["dosing_1", "dosing_2"]
when = { target = "next morning" }
otherwise = "skip"

[[visits]]
code = "t2"
label = "Assessment 2"
kind = "assessment"
when = { after = "dosing_1", earliest = "3 weeks", target = "4 weeks", latest = "5 weeks" }
constraints = [{ before = "dosing_2" }]

[[periods]]
code = "preparation"
label = "Preparation period"
from = "baseline"
to = "dosing_1"
at_least = "1 week"
at_most = "11 weeks"

[stopping]
cancels = ["preparatory", "dosing"]

[[assessments]]
form = "caps5"
version = "2015"
recall = "past month"
by = ["independent_assessor"]
at = ["baseline", "t2"]

[[assessments]]
form = "pcl5"
version = "2013"
by = ["participant"]
at = ["baseline", "t2"]
before = ["caps5"]

[[facts]]
code = "weight_kg"
label = "Weight"
type = "number"

[[facts]]
code = "pregnant"
label = "Pregnant"
type = "yes_no"

[[facts]]
code = "use_disorder"
label = "Use disorder"
type = "choice"
choices = ["none", "mild", "severe"]

[[facts]]
code = "caps5_baseline"
label = "CAPS-5 at baseline"
type = "score"
form = "caps5"
score = "total"
visit = "baseline"

[[criteria]]
code = "e1"
kind = "exclusion"
text = "Too light"
at = ["screening"]
fact = "weight_kg"
less_than = 48

[[criteria]]
code = "e2"
kind = "exclusion"
text = "Pregnant"
at = ["screening", "confirmation"]
fact = "pregnant"
is = true

[[criteria]]
code = "e3"
kind = "exclusion"
text = "Use disorder"
at = ["screening"]
fact = "use_disorder"
one_of = ["severe"]

[[criteria]]
code = "i1"
kind = "inclusion"
text = "Severe enough"
at = ["confirmation"]
fact = "caps5_baseline"
at_least = 28

[[endpoints]]
code = "primary"
label = "Change in CAPS-5"
form = "caps5"
score = "total"
from = "baseline"
to = "t2"
role = "primary"

[[outcome_classes]]
code = "remission"
label = "Remission"
endpoint = "primary"
all = [{ fact = "diagnosis", is = false }, { fact = "total", at_most = 11 }]
"""


def changed(*edits: tuple[str, str], base: str = SMALL) -> str:
    """The small definition with edits; a text that does not occur is an error."""
    text = base
    for old, new in edits:
        if old not in text:
            message = f"{old!r} is not in the definition"
            raise LookupError(message)
        text = text.replace(old, new, 1)
    return text


def without(start: str, base: str) -> str:
    """The definition without the part in which `start` stands: header to header."""
    at = base.index(start)
    begins = base.rindex("\n[", 0, at + 1) if not start.startswith("[") else at
    ends = base.find("\n\n[", at)
    return base[:begins] + "\n" + (base[ends:] if ends >= 0 else "")


def small() -> ProtocolDefinition:
    return parse(SMALL, filename="small.toml", instruments=INSTRUMENTS)


def mg(*amounts: int) -> tuple[Decimal, ...]:
    return tuple(Decimal(amount) for amount in amounts)
