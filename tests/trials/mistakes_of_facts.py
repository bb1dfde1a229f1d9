"""Mistakes in the bounds of facts and in what stands in for them, each with its sentence."""

from tests.trials.definitions import Mistake

FACTS: dict[str, Mistake] = {
    "a bound of what is no number": (
        [
            (
                'label = "Pregnant"\ntype = "yes_no"',
                'label = "Pregnant"\ntype = "yes_no"\nusual = [0, 1]',
            )
        ],
        "Fact pregnant (line #): has usual, but is no number that is typed.",
    ),
    "a bound the wrong way round": (
        [
            (
                'label = "Weight"\ntype = "number"',
                'label = "Weight"\ntype = "number"\npossible = [350, 25]',
            )
        ],
        "Fact weight_kg (line #): possible must be two numbers, the least first.",
    ),
    "usual and not possible": (
        [
            (
                'label = "Weight"\ntype = "number"',
                'label = "Weight"\ntype = "number"\nusual = [20, 200]\npossible = [25, 350]',
            )
        ],
        "Fact weight_kg (line #): calls usual what is not possible.",
    ),
    "a stand-in for washouts that is not defined": (
        [
            (
                'fact = "pregnant"\nis = true',
                'washouts_over = true\nwhere_not_known = "pregnat"',
            )
        ],
        "Criterion e2 (line #): the fact 'pregnat' is not defined. Did you mean pregnant?",
    ),
    "a stand-in for washouts that is no yes or no": (
        [
            (
                'fact = "pregnant"\nis = true',
                'washouts_over = true\nwhere_not_known = "use_disorder"',
            )
        ],
        (
            "Criterion e2 (line #): where_not_known needs a fact that is typed as yes or "
            "no, not use_disorder."
        ),
    ),
}
