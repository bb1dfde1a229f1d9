"""Mistakes in the course of a definition, each with the sentence that tells it."""

from tests.trials.definitions import Mistake

DOSING_2 = 'when = { after = "dosing_1", earliest = "21 days", target = "28 days", latest = "49 days" }'
PREP_1 = 'when = { after = "baseline", earliest = "1 day", target = "1 week", latest = "2 weeks" }'
BASELINE = 'when = { after = "consent", earliest = "same day", target = "1 week", latest = "4 weeks" }'

COURSE: dict[str, Mistake] = {
    "unknown key": (
        [('kind = "dosing"', 'kind = "dosing"\novernigth = true')],
        "visits, dosing_1 (line #): does not know the key 'overnigth'. Did you mean overnight?",
    ),
    "unknown part": (
        [("[[criteria]]", "[[criterion]]")],
        "The file has a part 'criterion' that is not known. Did you mean criteria?",
    ),
    "unknown top key": (
        [("study_day_1", "study_day")],
        "The file has a key 'study_day' that is not known. Did you mean study_day_1?",
    ),
    "missing key": (
        [('label = "Baseline"\n', "")],
        "visits, baseline (line #): lacks the key 'label'.",
    ),
    "wrong type": (
        [("blinded = true", 'blinded = "yes"')],
        "stages, stage_1 (line #): blinded: must be true or false.",
    ),
    "unknown kind": (
        [('kind = "assessment"', 'kind = "assesment"')],
        "kind: 'assesment' is not known. Did you mean assessment?",
    ),
    "duplicate code": (
        [('code = "dosing_2"', 'code = "dosing_1"')],
        "The code 'dosing_1' is used by two visits; codes are used once.",
    ),
    "code not a code": (
        [('code = "t2"', 'code = "T2"')],
        "The code 'T2' (visits) is not written as a code: lower-case letters, digits and _ only.",
    ),
    "length of time": (
        [('target = "28 days"', 'target = "28d"')],
        'when: target: \'28d\' is not a length of time; write for example "3 days", "4 weeks", "12 months" or "next morning".',
    ),
    "bare number": (
        [('target = "28 days"', "target = 28")],
        "when: target: '28' is not a length of time",
    ),
    "no limit as target": (
        [('target = "28 days"', 'target = "no limit"')],
        'when: target: only latest can be "no limit".',
    ),
    "when without a day": (
        [(DOSING_2, 'when = { after = "dosing_1", latest = "49 days" }')],
        "when: says no day; give target, or earliest and latest.",
    ),
    "no timing": (
        [(PREP_1, "")],
        "Visit prep_1 (line #): says nowhere when it is; add when = { after = …, target = … }.",
    ),
    "anchor unknown": (
        [
            (
                '{ after = "dosing_1", earliest = "21',
                '{ after = "dosing_11", earliest = "21',
            )
        ],
        "'dosing_11' is neither a visit nor an event. Did you mean dosing_1?",
    ),
    "anchor is later": (
        [(BASELINE, BASELINE.replace("consent", "dosing_1"))],
        "Visit baseline (line #): is timed after dosing_1, which comes later in the file; move it below, or use ahead_of.",
    ),
    "cycle": (
        [
            (
                'kind = "baseline"',
                'kind = "baseline"\nconstraints = [{ before = "prep_1" }]',
            ),
        ],
        "These visits wait for one another: baseline → prep_1 → baseline. Drop one of the rules.",
    ),
    "window": (
        [
            (
                'target = "28 days", latest = "49 days"',
                'target = "35 days", latest = "28 days"',
            )
        ],
        "Visit dosing_2 (line #): the window is the wrong way round: '35 days' is more than '28 days'.",
    ),
    "days and months": (
        [
            (
                DOSING_2,
                'when = { after = "dosing_1", earliest = "30 days", target = "1 month", latest = "2 months" }',
            )
        ],
        "cannot tell whether '30 days' comes before '1 month', since months differ in length; use one unit.",
    ),
    "empty constraint": (
        [
            (
                '{ before = "dosing_2" }',
                '{ after = "baseline", at_least = "7 weeks", at_most = "3 weeks" }',
            )
        ],
        "Visit t2 (line #): at least 7 weeks and at most 3 weeks after baseline leaves no day.",
    ),
    "constraint against the window": (
        [('{ before = "dosing_2" }', '{ after = "dosing_1", at_most = "2 weeks" }')],
        "Visit t2 (line #): at least 3 weeks and at most 2 weeks after dosing_1 leaves no day.",
    ),
    "constraint without a bound": (
        [('{ before = "dosing_2" }', '{ after = "baseline" }')],
        "constraints: narrows nothing; add at_least or at_most.",
    ),
    "repetition without n": (
        [('code = "integration_{n}"', 'code = "integration_1"')],
        "Visit integration_1 (line #): follows several visits, so its code needs {n} where the number goes.",
    ),
    "repetition follows nothing": (
        [('["dosing_1", "dosing_2"]', '["dosing_1", "dosing_3"]')],
        "Visit integration_2 (line #): 'dosing_3' is neither a visit nor an event. Did you mean dosing_2?",
    ),
    "numbers": (
        [('["V4", "V6"]', '["V4"]')],
        "Visit integration_{n} (line #): has 1 numbers for 2 repetitions.",
    ),
    "no parent": (
        [(BASELINE, BASELINE.replace("consent", "parent.last_dose"))],
        "Visit baseline (line #): 'parent.last_dose' is neither a visit nor an event: this trial has no [parent].",
    ),
    "arm in a label": (
        [('"Experimental session 1"', '"Active session 1"')],
        "Visit dosing_1 (line #): its label names an arm, the drug or an amount (active); in a blinded stage it may not.",
    ),
    "drug in a label": (
        [('"Experimental session 1"', '"MDMA session 1"')],
        "its label names an arm, the drug or an amount (mdma)",
    ),
    "amount in a label": (
        [('"Experimental session 1"', '"Session 1, 80 mg"')],
        "its label names an arm, the drug or an amount (80 mg)",
    ),
    "arm in a visit": (
        [('dose = ["starting"]', 'dose = ["starting"]\narms = ["active"]')],
        "visits, dosing_1 (line #): may not name an arm. Put it in a stage entered after unblinding.",
    ),
    "milestone at": (
        [('at = "prep_1"\nasks', 'at = "prep_2"\nasks')],
        "Milestone confirmation (line #): 'prep_2' is not a visit. Did you mean prep_1?",
    ),
    "follows and precedes": (
        [
            (
                'follows_each = ["dosing_1", "dosing_2"]',
                'follows_each = ["dosing_1", "dosing_2"]\nprecedes_each = ["dosing_1", "dosing_2"]',
            )
        ],
        "Visit integration_{n} (line #): either follows or precedes visits, not both.",
    ),
    "days of nothing": (
        [('kind = "assessment"', 'kind = "assessment"\non_days = [2]')],
        "Visit t2 (line #): has on_days, so it needs follows_each.",
    ),
    "before the next of nothing": (
        [('kind = "assessment"', 'kind = "assessment"\nbefore_next = true')],
        "Visit t2 (line #): has before_next, so it needs follows_each.",
    ),
    "days without day": (
        [('when = { target = "next morning" }', "on_days = [2, 4]")],
        "is on several days, so its code needs {day} where the day goes.",
    ),
    "days and a window": (
        [
            (
                'when = { target = "next morning" }',
                'on_days = [2]\nwhen = { target = "2 days" }',
            )
        ],
        "is timed both by on_days and by when; drop one.",
    ),
    "repeated and anchored": (
        [
            (
                'when = { target = "next morning" }',
                'when = { after = "dosing_1", target = "2 days" }',
            )
        ],
        "is repeated, so its when takes no after or ahead_of.",
    ),
    "repeated without a day": (
        [('when = { target = "next morning" }\n', "")],
        "says nowhere when it is; add when = { target = … } or on_days.",
    ),
    "a day of nothing": (
        [(PREP_1, PREP_1.replace('after = "baseline", ', ""))],
        "Visit prep_1 (line #): says a day but not of what; add after or ahead_of to when.",
    ),
    "after and ahead": (
        [(PREP_1, PREP_1.replace("{ after", '{ ahead_of = "dosing_1", after'))],
        "when: give either after or ahead_of.",
    ),
    "timed by what may never be held": (
        [
            ('kind = "baseline"', 'kind = "baseline"\nrepeatable = true'),
            (BASELINE, ""),
        ],
        "Visit prep_1 (line #): 'baseline' may be held never or often, so it times nothing.",
    ),
    "repeatable and timed": (
        [('kind = "assessment"', 'kind = "assessment"\nrepeatable = true')],
        "Visit t2 (line #): is unscheduled or repeatable, so it takes no when.",
    ),
    "constraint on both sides": (
        [
            (
                '[{ before = "dosing_2" }]',
                '[{ before = "dosing_2", after = "dosing_1" }]',
            )
        ],
        "constraints: needs either after or before.",
    ),
    "stage unknown": (
        [('kind = "assessment"', 'kind = "assessment"\nstage = "stage_3"')],
        "Visit t2 (line #): the stage 'stage_3' is not known. Did you mean stage_1?",
    ),
    "period of no visit": (
        [('to = "dosing_1"', 'to = "dosing_11"')],
        "Period preparation (line #): 'dosing_11' is not a visit. Did you mean dosing_1?",
    ),
    "period the wrong way round": (
        [('at_most = "11 weeks"', 'at_most = "3 days"')],
        "Period preparation (line #): the window is the wrong way round: '1 week' is more than '3 days'.",
    ),
    "study day of no visit": (
        [('study_day_1 = "baseline"', 'study_day_1 = "base"')],
        "study_day_1: 'base' is neither a visit nor an event. Did you mean baseline?",
    ),
    "fact carried from the parent": (
        [
            (
                "[[milestones]]",
                '[parent]\ntrials = ["OTHER"]\nlink = "rollover"\ncarries = ["weight"]\n\n[[milestones]]',
            )
        ],
        "Parent (line #): the fact 'weight' is not defined. Did you mean weight_kg?",
    ),
    "event of the parent": (
        [
            (
                "[[milestones]]",
                '[parent]\ntrials = ["OTHER"]\nlink = "rollover"\n\n[[milestones]]',
            ),
            (BASELINE, BASELINE.replace("consent", "parent.last_does")),
        ],
        "'parent.last_does' is neither a visit nor an event. Did you mean parent.last_dose?",
    ),
}
