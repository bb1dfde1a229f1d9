"""Mistakes in what a definition observes, asks and concludes, each with its sentence."""

from tests.trials.definitions import Mistake

VITALS = """
[vitals]
measures = ["systolic"]
times = ["before dose", "1 h"]
limits = [{ measure = "systolic", above = 180, moment = "any", then = ["recheck"] }]

[acute_effects]
times = ["before dose", "6 h"]
by = ["session_monitor"]
terms = [{ code = "elated", label = "Elated" }, { code = "tired", label = "Tired" }]

[[facts]]
code = "weight_kg"
"""
WITH_VITALS = ('\n[[facts]]\ncode = "weight_kg"\n', VITALS)
WAIVER = '\n[[waivers]]\nexpectation = "F3.ecg_befor"\nreason = "Not needed"\n\n[[endpoints]]'

RULES: dict[str, Mistake] = {
    "instrument": (
        [('form = "pcl5"\nversion', 'form = "pcl_5"\nversion')],
        "Assessment pcl_5 (line #): the instrument 'pcl_5' is not known. Did you mean pcl5?",
    ),
    "version": (
        [('version = "2015"', 'version = "2013"')],
        "Assessment caps5 (line #): version '2013' of caps5 is not known; there is 2015.",
    ),
    "no version": (
        [('version = "2015"\n', "")],
        "Assessment caps5 (line #): says no version; of caps5 there is 2015.",
    ),
    "recall": (
        [('recall = "past month"', 'recall = "past year"')],
        "Assessment caps5 (line #): caps5 is not made for 'past year'.",
    ),
    "no recall": (
        [('recall = "past month"\n', "")],
        "Assessment caps5 (line #): says no recall; caps5 has past month, past week.",
    ),
    "rater": (
        [('by = ["participant"]', 'by = ["particpant"]')],
        "Assessment pcl5 (line #): 'particpant' cannot complete a form. Did you mean participant?",
    ),
    "at matches nothing": (
        [('at = ["baseline", "t2"]', 'at = ["baseline", "every call"]')],
        "Assessment caps5 (line #): 'every call' matches no visit.",
    ),
    "second row of a form": (
        [
            (
                'form = "pcl5"\nversion = "2013"',
                'form = "caps5"\nversion = "2015"\nrecall = "past week"',
            )
        ],
        "The code 'caps5' is used by two assessments; codes are used once.",
    ),
    "form order": (
        [
            (
                'by = ["independent_assessor"]',
                'by = ["independent_assessor"]\nbefore = ["pcl5"]',
            )
        ],
        "These forms wait for one another: caps5 before pcl5 before caps5.",
    ),
    "forms never meet": (
        [('at = ["baseline", "t2"]\nbefore', 'at = ["prep_1"]\nbefore')],
        "Assessment pcl5 (line #): must come before caps5, but they never meet at a visit.",
    ),
    "gate": (
        [
            (
                "[[facts]]",
                '[[gates]]\nform = "ecg_12_lead"\nbefore = ["every dosing"]\nwithin = "7 days"\n\n[[facts]]',
            )
        ],
        "Gate ecg_12_lead (line #): is required before a dose but never scheduled, so no dose could ever be given.",
    ),
    "gate before no dose": (
        [
            (
                "[[facts]]",
                '[[gates]]\nform = "pcl5"\nbefore = ["t2"]\nwithin = "7 days"\n\n[[facts]]',
            )
        ],
        "Gate pcl5 (line #): stands before t2, which is not a dosing visit.",
    ),
    "fact": (
        [('fact = "weight_kg"', 'fact = "weight"')],
        "Criterion e1 (line #): the fact 'weight' is not defined. Did you mean weight_kg?",
    ),
    "operator": (
        [('fact = "pregnant"\nis = true', 'fact = "pregnant"\nat_least = 1')],
        "Criterion e2 (line #): 'at_least' cannot be asked of pregnant, which is a yes/no; use is, is_not.",
    ),
    "value": (
        [('fact = "pregnant"\nis = true', 'fact = "pregnant"\nis = "no"')],
        "Criterion e2 (line #): 'no' is no value for pregnant, which is a yes/no.",
    ),
    "operator without fact": (
        [('fact = "pregnant"\n', "")],
        "criteria, e2 (line #): has an operator but no fact.",
    ),
    "fact without operator": (
        [('fact = "pregnant"\nis = true', 'fact = "pregnant"')],
        "asks nothing of pregnant; add an operator such as is or at_least.",
    ),
    "no rule": (
        [('fact = "pregnant"\nis = true', "")],
        "criteria, e2 (line #): says no rule; give a fact and an operator, or all, any, not.",
    ),
    "choice": (
        [('one_of = ["severe"]', 'one_of = ["sever"]')],
        "Criterion e3 (line #): 'sever' is not a choice of use_disorder. Did you mean severe?",
    ),
    "score range": (
        [("at_least = 28", "at_least = 128")],
        "Criterion i1 (line #): caps5 total runs from 0 to 80; 128 can never be reached.",
    ),
    "score unknown": (
        [('score = "total"\nvisit', 'score = "totals"\nvisit')],
        "Fact caps5_baseline (line #): caps5 has no score 'totals'. Did you mean total?",
    ),
    "score not scheduled": (
        [('visit = "baseline"', 'visit = "prep_1"')],
        "Fact caps5_baseline (line #): caps5 is not scheduled at prep_1.",
    ),
    "asked too early": (
        [('visit = "baseline"', 'visit = "t2"')],
        "Criterion i1 (line #): is asked at confirmation (prep_1), but caps5_baseline is only known at t2, which comes later.",
    ),
    "milestone of a criterion": (
        [
            (
                'at = ["screening"]\nfact = "weight_kg"',
                'at = ["screenings"]\nfact = "weight_kg"',
            )
        ],
        "Criterion e1 (line #): 'screenings' is not a milestone. Did you mean screening?",
    ),
    "milestone that asks nothing": (
        [('at = "baseline"\nasks = "eligibility"', 'at = "baseline"')],
        "Criterion e1 (line #): is asked at screening, which does not ask eligibility.",
    ),
    "washout": (
        [
            (
                "[[endpoints]]",
                '[[washouts]]\ncode = "ssri"\ndrug_class = "ssri"\nhalf_lives = 5\nbefore = "baseline"\n\n[[endpoints]]',
            )
        ],
        "Washout ssri (line #): no drug in [[drugs]] is of the class 'ssri'.",
    ),
    "endpoint": (
        [('to = "t2"\nrole', 'to = "prep_1"\nrole')],
        "Endpoint primary (line #): caps5 is not scheduled at prep_1.",
    ),
    "endpoint of a class": (
        [('endpoint = "primary"', 'endpoint = "primery"')],
        "Outcome class remission (line #): 'primery' is not an endpoint. Did you mean primary?",
    ),
    "fact of a class": (
        [('fact = "total", at_most', 'fact = "totals", at_most')],
        "Outcome class remission (line #): 'totals' is not known here; there are total, change, percent_change, diagnosis.",
    ),
    "source": (
        [('source = "paper"', 'source = "papr"')],
        "arms, active (line #): the source 'papr' is not in [sources]. Did you mean paper?",
    ),
    "source of no key": (
        [('source = "paper"', 'source_of = { lable = "paper" }')],
        "source_of: 'lable' is not among its keys. Did you mean label?",
    ),
    "stopping": (
        [('cancels = ["preparatory", "dosing"]', 'cancels = ["preparatory"]')],
        "must cancel dosing: no dose follows when treatment has stopped.",
    ),
    "adverse events": (
        [
            (
                "[[endpoints]]",
                '[[adverse_events]]\ncollect = ["every"]\nfrom = "consent"\nto = "t2"\n\n[[endpoints]]',
            )
        ],
        "collect: 'every' is not known.",
    ),
    "not a list": (
        [("[[endpoints]]", "[endpoints]")],
        "endpoints (line #): write it as [[endpoints]], once for each.",
    ),
    "not TOML": (
        [('version = "1.0"', "version = ")],
        "The file is not TOML: Invalid value (at line 2, column 11).",
    ),
    "moment of the day": (
        [
            WITH_VITALS,
            ('times = ["before dose", "1 h"]', 'times = ["before doses", "1 h"]'),
        ],
        "times: 'before doses' is not a moment of the dosing day. Did you mean before dose?",
    ),
    "measure of a limit": (
        [WITH_VITALS, ('{ measure = "systolic"', '{ measure = "sistolic"')],
        "limits: 'sistolic' is not measured. Did you mean systolic?",
    ),
    "limit without a number": (
        [WITH_VITALS, ("above = 180, ", "")],
        "limits: says no limit; give above or below.",
    ),
    "moment of a limit": (
        [WITH_VITALS, ('moment = "any"', 'moment = "before dosing"')],
        "moment: 'before dosing' is not a moment of the dosing day. Did you mean before dose?",
    ),
    "act of a limit": (
        [WITH_VITALS, ('then = ["recheck"]', 'then = ["rechek"]')],
        "then: 'rechek' is not known. Did you mean recheck?",
    ),
    "who records effects": (
        [WITH_VITALS, ('by = ["session_monitor"]', 'by = ["sesion_monitor"]')],
        "Acute effects: 'sesion_monitor' cannot complete a form. Did you mean session_monitor?",
    ),
    "effect twice": (
        [WITH_VITALS, ('code = "tired"', 'code = "elated"')],
        "Acute effects: the term 'elated' occurs twice.",
    ),
    "waiver of nothing expected": (
        [("\n[[endpoints]]", WAIVER)],
        "Waiver F3.ecg_befor: 'F3.ecg_befor' is not an expectation. Did you mean F3.ecg_before?",
    ),
    "waiver without a reason": (
        [
            (
                "\n[[endpoints]]",
                WAIVER.replace("befor", "before").replace("Not needed", " "),
            )
        ],
        "Waiver F3.ecg_before: gives no reason.",
    ),
    "change of an endpoint without a baseline": (
        [
            ('from = "baseline"\nto = "t2"', 'to = "t2"'),
            ('{ fact = "total", at_most = 11 }', '{ fact = "change", at_most = -10 }'),
        ],
        "Outcome class remission (line #): asks for change, but primary has no from, so nothing can change.",
    ),
    "gate of neither kind": (
        [
            (
                "[[facts]]",
                '[[gates]]\ncode = "g"\nbefore = ["every dosing"]\n\n[[facts]]',
            )
        ],
        "gates, g (line #): needs either a form with within, or a rule.",
    ),
    "gate without a span": (
        [
            (
                "[[facts]]",
                '[[gates]]\nform = "caps5"\nbefore = ["every dosing"]\n\n[[facts]]',
            )
        ],
        "gates (line #): lacks the key 'within'.",
    ),
    "fact of a gate": (
        [
            (
                "[[facts]]",
                '[[gates]]\ncode = "g"\nbefore = ["every dosing"]\nfact = "pregnat"\nis = false\n\n[[facts]]',
            )
        ],
        "Gate g (line #): the fact 'pregnat' is not defined. Did you mean pregnant?",
    ),
    "drug of a washout": (
        [
            (
                "[[endpoints]]",
                (
                    '[[washouts]]\ncode = "w"\ndrug = "sertralin"\nat_least = "2 weeks"\nbefore = "baseline"\n\n'
                    '[[drugs]]\ncode = "sertraline"\ndrug_class = "ssri"\n\n[[endpoints]]'
                ),
            )
        ],
        "Washout w (line #): the drug 'sertralin' is not in [[drugs]]. Did you mean sertraline?",
    ),
    "washout of nothing": (
        [
            (
                "[[endpoints]]",
                '[[washouts]]\ncode = "w"\nat_least = "2 weeks"\nbefore = "baseline"\n\n[[endpoints]]',
            )
        ],
        "washouts, w (line #): needs either drug or drug_class.",
    ),
    "washout without a length": (
        [
            (
                "[[endpoints]]",
                '[[washouts]]\ncode = "w"\ndrug_class = "ssri"\nbefore = "baseline"\n\n[[endpoints]]',
            )
        ],
        "washouts, w (line #): says no length; give at_least or half_lives.",
    ),
    "washout before nothing": (
        [
            (
                "[[endpoints]]",
                (
                    '[[washouts]]\ncode = "w"\ndrug = "a"\nat_least = "2 weeks"\nbefore = "baselin"\n\n'
                    '[[drugs]]\ncode = "a"\ndrug_class = "ssri"\n\n[[endpoints]]'
                ),
            )
        ],
        "Washout w (line #): 'baselin' is neither a visit nor an event. Did you mean baseline?",
    ),
    "washouts asked for": (
        [('fact = "pregnant"\nis = true', 'washouts_over = ["ssri"]')],
        "Criterion e2 (line #): the washout 'ssri' is not defined.",
    ),
    "two rules at once": (
        [
            (
                'fact = "pregnant"\nis = true',
                'fact = "pregnant"\nis = true\nnot = { fact = "pregnant", is = true }',
            )
        ],
        "give one of fact, all, any, not or washouts_over, not several.",
    ),
    "choices missing": (
        [('type = "choice"\nchoices = ["none", "mild", "severe"]', 'type = "choice"')],
        "Fact use_disorder (line #): is a choice and lacks choices.",
    ),
    "score without a form": (
        [
            (
                'form = "caps5"\nscore = "total"\nvisit = "baseline"',
                'score = "total"\nvisit = "baseline"',
            )
        ],
        "Fact caps5_baseline (line #): is a score and lacks form.",
    ),
    "fact frozen by nothing": (
        [('label = "Weight"\n', 'label = "Weight"\nfrozen_by = "randomisation"\n')],
        "Fact weight_kg (line #): 'randomisation' is neither a visit nor an event. Did you mean randomization?",
    ),
    "day of a parent study without one": (
        [('label = "Weight"\n', 'label = "Weight"\nevent = "parent.completed"\n')],
        "Fact weight_kg (line #): is the day of an event, and this trial has no [parent].",
    ),
    "score of an endpoint": (
        [('score = "total"\nfrom', 'score = "sum"\nfrom')],
        "Endpoint primary (line #): caps5 has no score 'sum'.",
    ),
    "events from nowhere": (
        [
            (
                "[[endpoints]]",
                '[[adverse_events]]\ncollect = ["all"]\nfrom = "every dozing"\nto = "t2"\n\n[[endpoints]]',
            )
        ],
        "'every dozing' is neither a visit nor an event.",
    ),
    "events without an end": (
        [
            (
                "[[endpoints]]",
                '[[adverse_events]]\ncollect = ["all"]\nfrom = "consent"\n\n[[endpoints]]',
            )
        ],
        "needs either to or lasting.",
    ),
    "scheduled and not yet": (
        [
            (
                "[[endpoints]]",
                '[[not_yet]]\ncode = "pcl5"\nreason = "Form not built"\n\n[[endpoints]]',
            )
        ],
        "Assessment pcl5 (line #): is both scheduled and listed in not_yet.",
    ),
    "signing before nothing": (
        [('before = ["caps5"]', 'before = ["caps"]')],
        "Assessment pcl5 (line #): 'caps' is not an assessment. Did you mean caps5?",
    ),
}
