"""Arithmetic of medical records: partial dates, ranges, the heart-rate correction of QT."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

PARTIAL_DATE = r"^[12]\d{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$"
_PARTIAL = re.compile(PARTIAL_DATE)


def fridericia(*, qt: int, rate: int) -> int:
    """Return QTcF in ms from QT in ms and the heart rate in beats a minute.

    QT divided by the cube root of the RR interval in seconds (Fridericia 1920; the
    correction that ICH E14 asks for). The same for both sexes: limits by sex belong to
    the protocol. Rounded to whole milliseconds. ValueError unless both are positive.
    """
    if qt <= 0 or rate <= 0:
        raise ValueError("QT and heart rate are positive numbers.")
    corrected = Decimal(qt) * (Decimal(rate) / 60) ** (Decimal(1) / 3)
    return int(corrected.to_integral_value(rounding=ROUND_HALF_UP))


def is_partial_date(text: str) -> bool:
    """Tell whether a text is a year, a month or a day: 2019, 2019-05, 2019-05-14."""
    if not _PARTIAL.match(text):
        return False
    year, month, day = (int(part) for part in f"{text}-01-01".split("-")[:3])
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def is_before(earlier: str, later: str) -> bool:
    """Tell whether one partial date surely lies before another.

    Compared as far as both are known: 2019 is not before 2019-05.
    """
    length = min(len(earlier), len(later))
    return earlier[:length] < later[:length]


def is_out_of_range(
    value: Decimal, *, low: Decimal | None, high: Decimal | None
) -> bool:
    """Tell whether a value lies outside its reference range, as far as that is given."""
    return (low is not None and value < low) or (high is not None and value > high)


def result_is(results: Iterable[str], *, wanted: str) -> bool | None:
    """Return whether the results of one day are all what is wanted.

    `wanted` is "negative" (every one is) or "positive" (any one is). None where an
    invalid result leaves it open: what is not known never counts as negative.
    """
    found = set(results)
    if "positive" in found:
        return wanted == "positive"
    if found != {"negative"}:
        return None
    return wanted == "negative"
