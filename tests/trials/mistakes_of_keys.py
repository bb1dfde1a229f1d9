"""Values of the wrong type, each with the sentence that tells it."""

from tests.trials.definitions import Mistake

DRUG = '[[drugs]]\ncode = "sertraline"\ndrug_class = "ssri"\nhalf_life_h = "26"\n\n'

KEYS: dict[str, Mistake] = {
    "number for a text": (
        [('version = "1.0"', "version = 1.0")],
        "version: must be text in quotation marks.",
    ),
    "text for a whole number": (
        [('label = "Study capsule"', 'label = "Study capsule"\nratio = "two"')],
        "arms, active (line #): ratio: must be a whole number.",
    ),
    "ratio of none": (
        [('label = "Study capsule"', 'label = "Study capsule"\nratio = 0')],
        "arms, active (line #): ratio: must be 1 or more.",
    ),
    "text for a number": (
        [("[[facts]]", f"{DRUG}[[facts]]")],
        "drugs, sertraline (line #): half_life_h: must be a number.",
    ),
    "text for milligrams": (
        [("initial_mg = 80", 'initial_mg = "80"')],
        "initial_mg: must be a number or a list of numbers.",
    ),
    "day zero": (
        [('when = { target = "next morning" }', "on_days = [0, 2]")],
        "on_days: must be whole numbers from 1.",
    ),
    "numbers for texts": (
        [('at = ["baseline", "t2"]', "at = [1, 2]")],
        "at: must be a list of texts in quotation marks.",
    ),
    "an empty list": (
        [('by = ["participant"]', "by = []")],
        "by: must not be empty.",
    ),
    "minutes in other words": (
        [('opens = "90 min"', 'opens = "90 minutes"')],
        "supplement: opens: '90 minutes' is not a time of day; write for example",
    ),
    "text for a table": (
        [('[{ before = "dosing_2" }]', '"before dosing_2"')],
        "visits, t2 (line #): constraints: must be a list of tables in braces.",
    ),
    "text for one table": (
        [('when = { target = "next morning" }', 'when = "next morning"')],
        "when: must be a table in braces.",
    ),
    "twice what is there once": (
        [("[dosing]", "[[dosing]]")],
        "dosing (line #): write it as [dosing], once.",
    ),
    "no stage": (
        [('[[stages]]\ncode = "stage_1"\nlabel = "Stage 1"\nblinded = true\n', "")],
        "The file has no part 'stages'; at least one is needed.",
    ),
    "what a milestone asks": (
        [('at = "prep_1"\nasks = "eligibility"', 'at = "prep_1"\nasks = "consent"')],
        'milestones, confirmation (line #): asks: can only be "eligibility".',
    ),
    "a rule of no parts": (
        [('fact = "pregnant"\nis = true', "all = []")],
        "criteria, e2 (line #): all: must not be empty.",
    ),
    "a part without a rule": (
        [('fact = "pregnant"\nis = true', "all = [{}]")],
        "all: says no rule; give a fact and an operator, or all, any, not.",
    ),
    "a table for a value": (
        [('fact = "pregnant"\nis = true', 'fact = "pregnant"\nis = { a = 1 }')],
        "is: is not a value that a fact can have.",
    ),
}
