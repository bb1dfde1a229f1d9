"""Mistakes in stages, arms and doses, each with the sentence that tells it."""

from tests.trials.definitions import Mistake

STAGE_2 = """
[[stages]]
code = "stage_2"
label = "Stage 2"
blinded = false
doses = { open = { initial_mg = [100, 125], supplement_mg = [50, 62.5] } }
enter = { after = "unblinding", revealed = ["comparator"] }

[[arms]]
code = "active"
"""

ARMS: dict[str, Mistake] = {
    "stage unnamed": (
        [('[[arms]]\ncode = "active"\n', STAGE_2)],
        "Visit baseline (line #): must name its stage, one of stage_1, stage_2.",
    ),
    "one open step of two doses": (
        [
            (
                '[[arms]]\ncode = "active"\n',
                STAGE_2.replace(
                    '[[arms]]\ncode = "active"\n',
                    """
[[stages]]
code = "stage_3"
label = "Stage 3"
blinded = false
doses = { open = { initial_mg = 75, supplement_mg = 37.5 } }

[[arms]]
code = "active"
""",
                ),
            ),
        ],
        "Stage stage_3 (line #): gives another dose at the step 'open' than stage_2; give the step of one of them another name.",
    ),
    "stage too early": (
        [
            (
                '[[arms]]\ncode = "active"\n',
                STAGE_2.replace('after = "unblinding"', 'after = "last_dose"'),
            )
        ],
        'Stage stage_2 (line #): depends on what was revealed, so it must be entered after = "unblinding".',
    ),
    "blinded entry": (
        [
            (
                '[[arms]]\ncode = "active"\n',
                STAGE_2.replace("blinded = false", "blinded = true"),
            )
        ],
        "Stage stage_2 (line #): is blinded and may not depend on an arm.",
    ),
    "never revealed": (
        [
            (
                '[[arms]]\ncode = "active"\n',
                STAGE_2.replace('["comparator"]', '["placebo"]'),
            )
        ],
        "Stage stage_2 (line #): 'placebo' is never revealed; unblinding reveals active, comparator.",
    ),
    "doses in a blinded stage": (
        [("blinded = true", "blinded = true\ndoses = { full = { initial_mg = 120 } }")],
        "Stage stage_1 (line #): is blinded and may not give doses; put them in [[arms]].",
    ),
    "group gap": (
        [
            (
                'after = "database_lock"',
                'after = "database_lock"\ngroups = { high = ["active"] }',
            )
        ],
        "Unblinding (line #): every arm must be in a group: missing comparator.",
    ),
    "unblinding unplaced": (
        [('after = "database_lock"', "")],
        'unblinding (line #): needs either at, or after = "database_lock".',
    ),
    "dose step": (
        [("starting = { initial_mg = 0, supplement_mg = 0 }, full", "starting")],
        "Arm comparator (line #): has no dose for the step 'full', which visit dosing_2 uses.",
    ),
    "dose step unknown": (
        [('dose = ["starting"]', 'dose = ["strating"]')],
        "Visit dosing_1 (line #): the dose step 'strating' is not known. Did you mean starting?",
    ),
    "dose at another visit": (
        [('kind = "preparatory"', 'kind = "preparatory"\ndose = ["full"]')],
        "Visit prep_1 (line #): names a dose but is not a dosing visit.",
    ),
    "dosing without dose": (
        [('dose = ["starting"]\n', "")],
        "Visit dosing_1 (line #): is a dosing visit and must name its dose.",
    ),
    "supplement": (
        [
            (
                "initial_mg = 80, supplement_mg = 40",
                "initial_mg = 80, supplement_mg = 60",
            )
        ],
        "Arm active, step starting (line #): the supplement 60 mg is not 0.5 of 80 mg.",
    ),
    "maximum": (
        [("maximum_session_mg = 180", "maximum_session_mg = 150")],
        "Arm active, step full (line #): 180 mg is over the session maximum of 150 mg.",
    ),
    "supplement window": (
        [('opens = "90 min"', 'opens = "3 h"')],
        "the supplement closes before it opens.",
    ),
    "block": (
        [("block_sizes = [2, 4]", "block_sizes = [3, 4]")],
        "Randomization (line #): a block of 3 cannot hold the ratio 1:1; use a multiple of 2.",
    ),
    "block for an uneven ratio": (
        [
            ('label = "Study capsule"', 'label = "Study capsule"\nratio = 2'),
            ("[2, 4]", "[4]"),
        ],
        "a block of 4 cannot hold the ratio 2:1; use a multiple of 3.",
    ),
    "randomization needs": (
        [('needs = ["confirmation"]', 'needs = ["confirmations"]')],
        "Randomization (line #): 'confirmations' is not a milestone. Did you mean confirmation?",
    ),
    "randomization at": (
        [('at = "prep_1"\nstrata', 'at = "prep_2"\nstrata')],
        "Randomization (line #): 'prep_2' is neither a visit nor a milestone. Did you mean prep_1?",
    ),
    "stage entered after nothing known": (
        [
            (
                '[[arms]]\ncode = "active"\n',
                STAGE_2.replace('after = "unblinding"', 'after = "unblindin"'),
            )
        ],
        "Stage stage_2 (line #): 'unblindin' is not an event. Did you mean unblinding?",
    ),
    "group twice": (
        [
            (
                'after = "database_lock"',
                'after = "database_lock"\ngroups = { a = ["active"], b = ["active", "comparator"] }',
            )
        ],
        "Unblinding (line #): active is in two groups.",
    ),
    "group of no arm": (
        [
            (
                'after = "database_lock"',
                'after = "database_lock"\ngroups = { a = ["activ"], b = ["active", "comparator"] }',
            )
        ],
        "Unblinding (line #): 'activ' is not an arm. Did you mean active?",
    ),
    "unblinding at an event": (
        [('after = "database_lock"', 'after = "last_dose"')],
        'unblinding (line #): after: can only be "database_lock".',
    ),
    "role that stays blind": (
        [
            (
                'after = "database_lock"',
                'after = "database_lock"\nstays_blind = ["independent_assesor"]',
            )
        ],
        "'independent_assesor' is no role that stays blind. Did you mean independent_assessor?",
    ),
    "several arms without randomization": (
        [
            (
                '[randomization]\nat = "prep_1"\nstrata = ["site"]\nblock_sizes = [2, 4]\nneeds = ["confirmation"]\n',
                "",
            )
        ],
        "The trial has several arms but no [randomization].",
    ),
    "nothing to randomize": (
        [
            (
                (
                    '[[arms]]\ncode = "comparator"\nlabel = "Other capsule"\n'
                    "doses = { starting = { initial_mg = 0, supplement_mg = 0 }, full = { initial_mg = 0, supplement_mg = 0 } }\n"
                ),
                "",
            )
        ],
        "Randomization (line #): there is nothing to randomize: give two [[arms]].",
    ),
    "cohort beside a randomized arm": (
        [('label = "Other capsule"', 'label = "Other capsule"\nassigned_by = "order"')],
        "Arm active (line #): is randomized while other arms are assigned by order; choose one.",
    ),
    "cohorts randomized": (
        [
            (
                'label = "Study capsule"',
                'label = "Study capsule"\nassigned_by = "order"',
            ),
            (
                'label = "Other capsule"',
                'label = "Other capsule"\nassigned_by = "order"',
            ),
        ],
        "Randomization (line #): the arms are assigned by order, so nothing is randomized; drop it.",
    ),
    "ratio of a cohort": (
        [
            (
                'label = "Study capsule"',
                'label = "Study capsule"\nratio = 2\nassigned_by = "order"',
            ),
            (
                'label = "Other capsule"',
                'label = "Other capsule"\nassigned_by = "order"',
            ),
        ],
        "Arm active (line #): is assigned by order, so its ratio means nothing; drop it.",
    ),
    "way of assigning": (
        [
            (
                'label = "Study capsule"',
                'label = "Study capsule"\nassigned_by = "orders"',
            )
        ],
        "assigned_by: 'orders' is not known. Did you mean order?",
    ),
    "no supplement to give": (
        [('supplement = { opens = "90 min", closes = "150 min" }\n', "")],
        "gives a supplement, but [dosing.supplement] is not there.",
    ),
    "supplements for some amounts": (
        [
            (
                "initial_mg = 80, supplement_mg = 40",
                "initial_mg = [80, 100], supplement_mg = 40",
            )
        ],
        "gives not one supplement for each initial amount.",
    ),
    "dosing without a part": (
        [
            (
                '[dosing]\nsteps = ["starting", "full"]\nmaximum_session_mg = 180\nsupplement = { opens = "90 min", closes = "150 min" }\n',
                "",
            )
        ],
        "The trial has dosing visits but no [dosing].",
    ),
    "dose step of an arm": (
        [
            (
                "doses = { starting = { initial_mg = 80",
                "doses = { begin = { initial_mg = 8 }, starting = { initial_mg = 80",
            )
        ],
        "Arm active (line #): the dose step 'begin' is not known.",
    ),
    "arm in the label of a stage": (
        [('label = "Stage 1"', 'label = "Active stage"')],
        "Stage stage_1 (line #): its label names an arm, the drug or an amount (active).",
    ),
    "dosing kept on leaving": (
        [
            (
                'cancels = ["preparatory", "dosing"]',
                'cancels = ["preparatory", "dosing"]\non_leaving_keeps = ["dosing"]',
            )
        ],
        "cannot keep dosing for who has left the study.",
    ),
}
