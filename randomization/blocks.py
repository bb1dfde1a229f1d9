"""Making and checking a sealed allocation list, and numbering its kits.

The method, so that somebody with the seed and none of this code can repeat it:

- Bytes: HMAC-SHA256, key = the seed, message = purpose, a zero byte, and a counter from
  0 as 8 bytes, big-endian. The purpose is "allocation-list/1/" and the stratum, or
  "kit-numbers/1", in UTF-8. The digests follow one another without a gap.
- A whole number below n: the next 4 bytes as a big-endian number; if it is not below
  the largest multiple of n within 2**32, it is dropped and the next 4 are taken;
  otherwise its remainder by n.
- A block: its size is drawn from the sizes, ascending; the arms, in order of their
  codes and each as often as its ratio says, are shuffled from the last place down to
  the second, swapping with a place drawn from those up to and including itself.
- Each stratum has its own bytes and is filled with whole blocks until it is at least as
  long as asked.
"""

import csv
import hashlib
import hmac
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from audit.refusal import Refused
from participants.numbering import check_digit, passes_check

LEAST_SEED_BYTES = 16  # 128 bits: a list cannot be found by trying seeds.
MOST_KITS = 200_000  # Of 900,000 numbers: a mistyped one is rarely another kit's.
_COLUMNS = ("stratum", "position", "arm")
_NOT_BLOCKS = "it cannot be cut into balanced blocks of the planned sizes."


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One place of the list; positions count from 1 in each stratum.

    Blocks are not recorded: whoever knew where one ends could tell its last arm.
    """

    stratum: str
    position: int
    arm: str


def _numbers(seed: bytes, purpose: str) -> Iterator[int]:
    """32-bit numbers without end, as the module's text says."""
    if len(seed) < LEAST_SEED_BYTES:
        raise Refused(f"A seed has at least {8 * LEAST_SEED_BYTES} bits.")
    counter = 0
    while True:
        message = purpose.encode() + b"\0" + counter.to_bytes(8, "big")
        digest = hmac.digest(seed, message, "sha256")
        for start in range(0, len(digest), 4):
            yield int.from_bytes(digest[start : start + 4], "big")
        counter += 1


def _below(bound: int, numbers: Iterator[int]) -> int:
    """A whole number from 0 to `bound` - 1, each equally likely."""
    limit = 2**32 - 2**32 % bound
    return next(number for number in numbers if number < limit) % bound


def _checked_plan(
    arms: Mapping[str, int], block_sizes: Sequence[int], strata: Sequence[str]
) -> None:
    if len(arms) < 2 or min(arms.values()) < 1:
        raise Refused("A list needs two arms or more, each with a ratio from 1.")
    ratio_sum = sum(arms.values())
    for size in block_sizes:
        if size < 1 or size % ratio_sum:
            ratio = ":".join(map(str, arms.values()))
            raise Refused(
                f"A block of {size} cannot hold the ratio {ratio}; use a multiple of "
                f"{ratio_sum}."
            )
    if not block_sizes:
        raise Refused("A list needs at least one block size.")
    if not strata or len(set(strata)) != len(strata):
        raise Refused("A list needs strata, each named once.")


def make_list(
    *,
    arms: Mapping[str, int],
    block_sizes: Sequence[int],
    strata: Sequence[str],
    length: int,
    seed: bytes,
) -> list[ListEntry]:
    """Random permuted blocks of random size, per stratum at least `length` long.

    `arms` maps each arm's code to its ratio. Raises Refused for a block that cannot
    hold the ratio, a seed under 128 bits, or no length.
    """
    _checked_plan(arms, block_sizes, strata)
    if length < 1:
        raise Refused("A list needs at least one place in each stratum.")
    entries: list[ListEntry] = []
    for stratum in strata:
        numbers = _numbers(seed, f"allocation-list/1/{stratum}")
        drawn: list[str] = []
        while len(drawn) < length:
            drawn.extend(_block(arms, block_sizes, numbers))
        entries.extend(
            ListEntry(stratum, position, arm) for position, arm in enumerate(drawn, 1)
        )
    return entries


def _block(
    arms: Mapping[str, int], block_sizes: Sequence[int], numbers: Iterator[int]
) -> list[str]:
    sizes = sorted(set(block_sizes))
    times = sizes[_below(len(sizes), numbers)] // sum(arms.values())
    block = [arm for arm in sorted(arms) for _ in range(arms[arm] * times)]
    for place in range(len(block) - 1, 0, -1):
        other = _below(place + 1, numbers)
        block[place], block[other] = block[other], block[place]
    return block


def check_list(
    entries: Iterable[ListEntry],
    *,
    arms: Mapping[str, int],
    block_sizes: Sequence[int],
    strata: Sequence[str],
    length: int,
) -> tuple[str, ...]:
    """What is wrong with a list, in sentences that name no arm; empty if nothing is.

    A list is right when every stratum is there, is long enough, counts its positions
    from 1 without a gap, and can be cut into whole balanced blocks of the sizes.
    """
    _checked_plan(arms, block_sizes, strata)
    by_stratum: dict[str, list[ListEntry]] = {stratum: [] for stratum in strata}
    found = []
    for entry in entries:
        if entry.stratum in by_stratum:
            by_stratum[entry.stratum].append(entry)
        else:
            found.append(f"Stratum {entry.stratum} is not one of the trial's.")
    for stratum, listed in by_stratum.items():
        problem = _problem(listed, arms, block_sizes, length=length)
        if problem:
            found.append(f"Stratum {stratum}: {problem}")
    return tuple(dict.fromkeys(found))


def check_cohorts(
    entries: Iterable[ListEntry], *, arms: Sequence[str], stratum: str, after: int
) -> tuple[str, ...]:
    """What is wrong with more places of a list of cohorts, in sentences that name no arm.

    They are right when they go on after the `after` places that there are, without a
    gap, and put the cohorts in the order of `arms`.
    """
    listed = sorted(entries, key=lambda entry: entry.position)
    found = []
    if any(entry.stratum != stratum for entry in listed):
        found.append(f"Cohorts are filled across all sites: the stratum is {stratum}.")
    wanted = list(range(after + 1, after + 1 + len(listed)))
    if not listed or [entry.position for entry in listed] != wanted:
        found.append(f"Positions go on at {after + 1}, without a gap.")
    foreign = [entry.position for entry in listed if entry.arm not in arms]
    if foreign:
        found.append(f"Position {foreign[0]} names a cohort that the trial has not.")
    else:
        turns = [arms.index(entry.arm) for entry in listed]
        if turns != sorted(turns):
            found.append("The cohorts do not stand in the protocol's order.")
    return tuple(found)


def _problem(
    listed: list[ListEntry],
    arms: Mapping[str, int],
    block_sizes: Sequence[int],
    *,
    length: int,
) -> str:
    listed = sorted(listed, key=lambda entry: entry.position)
    if [entry.position for entry in listed] != list(range(1, len(listed) + 1)):
        return "its positions do not run from 1 without a gap."
    if len(listed) < length:
        return f"it has {len(listed)} of the {length} places needed."
    foreign = [entry.position for entry in listed if entry.arm not in arms]
    if foreign:
        return f"position {foreign[0]} names an arm that the trial has not."
    is_whole = _is_made_of_blocks([entry.arm for entry in listed], arms, block_sizes)
    return "" if is_whole else _NOT_BLOCKS


def _is_made_of_blocks(
    drawn: Sequence[str], arms: Mapping[str, int], block_sizes: Sequence[int]
) -> bool:
    """Whether some series of block sizes makes every block balanced."""
    ends = {0}
    for start in range(len(drawn)):
        if start not in ends:
            continue
        for size in set(block_sizes):
            times = size // sum(arms.values())
            wanted = {arm: ratio * times for arm, ratio in arms.items()}
            if Counter(drawn[start : start + size]) == wanted:
                ends.add(start + size)
    return len(drawn) in ends


def list_text(entries: Iterable[ListEntry]) -> str:
    """The list as CSV (stratum, position, arm), in one order whatever the input's."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for entry in sorted(entries, key=lambda entry: (entry.stratum, entry.position)):
        writer.writerow((entry.stratum, entry.position, entry.arm))
    return text.getvalue()


def list_digest(entries: Iterable[ListEntry]) -> str:
    """SHA-256 of `list_text`: two people can compare lists without showing them."""
    return hashlib.sha256(list_text(entries).encode()).hexdigest()


def read_list(text: str) -> list[ListEntry]:
    """The entries of a CSV; Refused names a line that cannot be read, never an arm."""
    rows = csv.reader(io.StringIO(text))
    if tuple(next(rows, ())) != _COLUMNS:
        raise Refused(f"The first line must be {','.join(_COLUMNS)}.")
    entries = []
    for line, row in enumerate(rows, 2):
        is_read = len(row) == 3 and row[1].isascii() and row[1].isdigit()
        if not is_read or not all(row):
            raise Refused(f"Line {line} does not read as {', '.join(_COLUMNS)}.")
        entries.append(ListEntry(row[0], int(row[1]), row[2]))
    return entries


def kit_numbers(seed: bytes, count: int) -> list[str]:
    """So many different kit numbers, six digits and a check digit, as 482913-0.

    They are drawn without knowing arm, session or order, and so say nothing of them,
    provided that they are given to kits in the order drawn. Raises Refused for too
    many, or a seed under 128 bits.
    """
    if not 0 <= count <= MOST_KITS:
        raise Refused(f"A trial has at most {MOST_KITS} kits.")
    numbers = _numbers(seed, "kit-numbers/1")
    drawn: dict[int, None] = {}
    while len(drawn) < count:
        drawn[100_000 + _below(900_000, numbers)] = None
    return [f"{number}-{check_digit(str(number))}" for number in drawn]


def is_kit_number(text: str) -> bool:
    """Whether typed text has a kit number's form and its check digit fits."""
    digits, hyphen, check = text.strip().partition("-")
    is_formed = len(digits) == 6 and hyphen == "-" and len(check) == 1
    is_digits = (digits + check).isascii() and (digits + check).isdigit()
    return is_formed and is_digits and passes_check(digits + check)
