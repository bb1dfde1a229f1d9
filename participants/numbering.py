"""The participant number: site, sequence and a check digit, as in 01-001-9.

The check digit is Damm's (H. M. Damm, "Total anti-symmetrische Quasigruppen", 2004): it
finds every wrong digit and every swap of neighbors, also across the hyphens.
"""

import re
from dataclasses import dataclass

from audit.refusal import Refused

MOST_SITES = 99
MOST_AT_A_SITE = 999

_QUASIGROUP = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
_FORM = re.compile(r"(?P<site>[0-9]{2})-(?P<sequence>[0-9]{3})-(?P<check>[0-9])")
_DIGITS = re.compile(r"[0-9]{3,6}")


@dataclass(frozen=True, slots=True)
class Numbered:
    """What a participant number says."""

    site: int
    sequence: int


def check_digit(digits: str) -> str:
    """The digit that makes `digits` with it appended pass `passes_check`."""
    interim = 0
    for digit in digits:
        interim = _QUASIGROUP[interim][int(digit)]
    return str(interim)


def passes_check(digits: str) -> bool:
    """Whether the last digit is the check digit of those before it."""
    return check_digit(digits) == "0"


def participant_number(*, site: int, sequence: int) -> str:
    """The number of the `sequence`-th participant (from 1) of site `site` (from 1)."""
    if not 1 <= site <= MOST_SITES:
        raise Refused(f"A site number runs from 1 to {MOST_SITES}; {site} does not.")
    if not 1 <= sequence <= MOST_AT_A_SITE:
        raise Refused(
            f"A site numbers its participants from 1 to {MOST_AT_A_SITE}; "
            f"{sequence} is beyond that."
        )
    return f"{site:02}-{sequence:03}-{check_digit(f'{site:02}{sequence:03}')}"


def hyphened(text: str) -> str:
    """A number, or its beginning, with the hyphens that people leave out when they type."""
    digits = text.strip()
    if not _DIGITS.fullmatch(digits):
        return digits
    parts = (digits[:2], digits[2:5], digits[5:])
    return "-".join(part for part in parts if part)


def with_check_digit(text: str) -> str:
    """The number that a typed one must be if its site and sequence are right; or nothing."""
    found = _FORM.fullmatch(hyphened(text))
    if found is None:
        return ""
    site, sequence = found["site"], found["sequence"]
    return f"{site}-{sequence}-{check_digit(site + sequence)}"


def read_number(text: str) -> Numbered:
    """What a typed number says; Refused in words if it is mistyped."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise Refused(
            f"“{text}” is not a participant number. It has the form 01-001-9: site, "
            "sequence, check digit."
        )
    if not passes_check("".join(found.groups())):
        raise Refused(
            f"“{text}” cannot be right: its check digit does not fit. Compare it with "
            "the source, digit by digit."
        )
    return Numbered(site=int(found["site"]), sequence=int(found["sequence"]))
