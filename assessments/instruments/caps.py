"""What the editions of the CAPS have in common: who may use it, and over which time."""

from collections.abc import Iterator

RECALL = ("past month", "past week", "worst month")
LICENSE = (
    "US government work; the VA distributes it on request to qualified "
    "professionals. Codes, own short labels and scoring only: no prompts, no "
    "anchors. Administered only by trained clinicians."
)


def categories(edition: str) -> Iterator[tuple[str, str]]:
    """The export's category for each recall period, as CAPS-5 PAST MONTH."""
    for period in RECALL:
        yield period, f"{edition} {period.upper()}"
