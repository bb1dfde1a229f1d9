"""PTGI: 21 self-rated items of growth after trauma; the sum and five parts."""

from collections.abc import Mapping

from assessments.instruments.base import Instrument, Provenance, Score
from assessments.instruments.lists import codes_of, numbered, sum_scores, sums, worded

CHANGE = worded(
    "ptgi_change", "None", "Very small", "Small", "Moderate", "Great", "Very great"
)
LABELS = (
    *("Priorities", "Value of life", "New interests", "Self-reliance", "Spirit"),
    *("Counting on people", "New path", "Closeness", "Showing emotions"),
    *("Handling difficulty", "Better with one's life", "Accepting outcomes"),
    *("Each day", "New opportunities", "Compassion", "Effort for relationships"),
    *("Changing what can be", "Faith", "Stronger than thought", "People are wonderful"),
    "Needing others",
)
ITEMS = numbered("ptgi", CHANGE, LABELS, testcd="PTGI", test="PTGI")
# Which items belong to which part follows general knowledge of the inventory.
PARTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "relating": ("Relating to others", codes_of("ptgi", (6, 8, 9, 15, 16, 20, 21))),
    "possibilities": ("New possibilities", codes_of("ptgi", (3, 7, 11, 14, 17))),
    "strength": ("Personal strength", codes_of("ptgi", (4, 10, 12, 19))),
    "spiritual": ("Spiritual change", codes_of("ptgi", (5, 18))),
    "appreciation": ("Appreciation of life", codes_of("ptgi", (1, 2, 13))),
}
TOTAL = ("Total", tuple(item.code for item in ITEMS))

PTGI = Instrument(
    code="ptgi",
    version="1996",
    title="Posttraumatic Growth Inventory",
    short_title="PTGI",
    completed_by="participant",
    domain="QS",
    category="PTGI",
    license="Its authors; free for research with permission. Own short labels only.",
    items=ITEMS,
    scores=(
        Score("total", "Total", 0, 105, cdisc=("PTGITOT", "PTGI-Total")),
        *sum_scores(PARTS, most=5, provenance=Provenance.UNVERIFIED),
    ),
    scoring=sums({"total": TOTAL, **PARTS}),
    notes=("The parts' numbers of items are sourced, which items they are is not.",),
)
