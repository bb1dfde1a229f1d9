"""Definitions for tests of the planner: every shipped one, a small one, a staged one."""

from tests.trials.published import published
from trials.protocol import ProtocolDefinition, parse

MAPP2 = published()["mapp2"]

HEAD = """\
identifier = "{name}"
version = "1.0"
title = "A trial for tests"
reconstruction = false
"""

OPEN = (
    HEAD.replace("{name}", "OPEN")
    + """
[[stages]]
code = "only"
label = "Open treatment"
blinded = false
doses = { full = { initial_mg = 100 } }

[dosing]
steps = ["full"]

[[milestones]]
code = "enrollment"
at = "screening"

[[visits]]
code = "screening"
label = "Screening"
kind = "screening"
when = { after = "consent", earliest = "same day", target = "1 week", latest = "4 weeks" }

[[visits]]
code = "laboratory"
label = "Laboratory"
kind = "safety"
when = { ahead_of = "dosing_1", earliest = "14 days", target = "4 days", latest = "1 day" }
constraints = [{ after = "screening", at_least = "1 day" }]

[[visits]]
code = "dosing_1"
label = "Session 1"
kind = "dosing"
dose = ["full"]
when = { after = "enrollment", earliest = "1 week", target = "2 weeks", latest = "6 weeks" }

[[visits]]
code = "booster"
label = "Session 2"
kind = "dosing"
dose = ["full"]
when = { after = "dosing_1", earliest = "1 month", target = "2 months", latest = "3 months" }
otherwise = "skip"
constraints = [{ after = "screening", at_most = "4 months" }]

[[visits]]
code = "review"
label = "Review"
kind = "assessment"
when = { after = "screening", earliest = "5 weeks", target = "8 weeks", latest = "30 weeks" }
constraints = [{ after = "dosing_1", at_least = "2 weeks" }, { before = "booster" }]

[[visits]]
code = "call"
label = "Call"
kind = "call"
when = { after = "first_dose", earliest = "1 day", latest = "no limit" }

[[visits]]
code = "year"
label = "One year"
kind = "follow_up"
when = { after = "last_dose", earliest = "11 months", target = "12 months", latest = "14 months" }

[[visits]]
code = "closing"
label = "Closing"
kind = "early_termination"
when = { after = "treatment_stopped", earliest = "same day", target = "3 days", latest = "2 weeks" }

[[visits]]
code = "exit_call"
label = "Exit call"
kind = "call"
when = { after = "study_left", target = "1 week", latest = "4 weeks" }

[[visits]]
code = "after_lock"
label = "After the lock"
kind = "call"
when = { after = "database_lock", target = "1 month" }

[stopping]
cancels = ["dosing"]
on_leaving_keeps = ["early_termination"]
"""
)

STAGED = (
    HEAD.replace("{name}", "STAGED")
    + """
[[stages]]
code = "blinded"
label = "Stage 1"
blinded = true

[[stages]]
code = "open"
label = "Stage 2"
blinded = false
enter = { after = "unblinding", revealed = ["low"], consent = "stage_2" }
doses = { open = { initial_mg = [100, 125] } }

[[stages]]
code = "long_term"
label = "Long-term follow-up"
blinded = false

[[arms]]
code = "high"
label = "125 mg"
ratio = 2
doses = { study = { initial_mg = 125 } }

[[arms]]
code = "middle"
label = "100 mg"
ratio = 2
doses = { study = { initial_mg = 100 } }

[[arms]]
code = "least"
label = "40 mg"
doses = { study = { initial_mg = 40 } }

[dosing]
steps = ["study", "open"]

[randomization]
at = "prep_1"
strata = ["site"]
block_sizes = [5, 10]

[unblinding]
at = "endpoint"
groups = { active = ["high", "middle"], low = ["least"] }

[[visits]]
code = "baseline"
label = "Baseline"
kind = "baseline"
stage = "blinded"
when = { after = "consent", earliest = "same day", target = "2 weeks", latest = "5 weeks" }

[[visits]]
code = "prep_1"
label = "Preparation"
kind = "preparatory"
stage = "blinded"
when = { after = "baseline", earliest = "1 day", target = "1 week", latest = "4 weeks" }

[[visits]]
code = "dosing_1"
label = "Session 1"
kind = "dosing"
stage = "blinded"
dose = ["study"]
when = { after = "randomization", earliest = "1 day", target = "1 week", latest = "3 weeks" }

[[visits]]
code = "dosing_2"
label = "Session 2"
kind = "dosing"
stage = "blinded"
dose = ["study"]
when = { after = "dosing_1", earliest = "21 days", target = "28 days", latest = "35 days" }

[[visits]]
code = "labs_{n}"
label = "Laboratory {n}"
kind = "safety"
stage = "blinded"
precedes_each = ["dosing_1", "dosing_2"]
when = { earliest = "7 days", target = "4 days", latest = "1 day" }

[[visits]]
code = "integration_{n}"
label = "Integration {n}"
kind = "integration"
stage = "blinded"
follows_each = ["dosing_1", "dosing_2"]
when = { target = "1 week", latest = "5 weeks" }
otherwise = "skip"
before_next = true

[[visits]]
code = "call_{n}_day_{day}"
label = "Call {n}, day {day}"
kind = "call"
stage = "blinded"
follows_each = ["dosing_1", "dosing_2"]
on_days = [1, 3]
otherwise = "skip"

[[visits]]
code = "endpoint"
label = "Endpoint"
kind = "assessment"
stage = "blinded"
when = { after = "dosing_2", earliest = "3 weeks", target = "4 weeks", latest = "5 weeks" }
otherwise = { after = "baseline", earliest = "10 weeks", target = "12 weeks", latest = "16 weeks" }

[[visits]]
code = "open_1"
label = "Open session 1"
kind = "dosing"
stage = "open"
dose = ["open"]
when = { after = "endpoint", earliest = "7 days", target = "21 days", latest = "63 days" }

[[visits]]
code = "open_2"
label = "Open session 2"
kind = "dosing"
stage = "open"
dose = ["open"]
when = { after = "open_1", earliest = "21 days", target = "28 days", latest = "35 days" }

[[visits]]
code = "open_review"
label = "Open review"
kind = "assessment"
stage = "open"
when = { after = "open_2", target = "4 weeks", latest = "8 weeks" }

[[visits]]
code = "year"
label = "One year"
kind = "follow_up"
stage = "long_term"
when = { after = "last_dose", earliest = "11 months", target = "12 months", latest = "14 months" }

[[periods]]
code = "blinded_part"
label = "Blinded part"
from = "baseline"
to = "endpoint"
at_least = "6 weeks"
at_most = "20 weeks"

[stopping]
cancels = ["preparatory", "dosing"]
"""
)

DEFINITIONS: dict[str, ProtocolDefinition] = {
    **published(),
    "OPEN": parse(OPEN),
    "STAGED": parse(STAGED),
}
