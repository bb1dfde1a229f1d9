"""What an amendment changes: two definitions compared part by part, in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any, Final

from trials.protocol.definition import ProtocolDefinition
from trials.protocol.parts import Part
from trials.protocol.renaming import renamed
from trials.protocol.wording import in_words

# Field of a part → key of the file, where the two differ.
KEYS: Final[Mapping[str, str]] = {"start": "from", "end": "to"}
# Computed from other keys, so a change of them is told there.
DERIVED: Final = frozenset({"visits_by_code", "order", "amendment", "version"})
_OF_VISITS: Final = frozenset({"pattern", "repetition", "day"})
# Lists whose order says nothing. The steps of a dose say which is the default.
UNORDERED: Final = frozenset(
    {"at", "by", "before", "collect", "start", "needs", "strata", "trials", "carries"}
)


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: a part added or removed, or a key of it with both values.

    `part` is the part of the file and `code` the entry's own; both values are words.
    """

    kind: ChangeKind
    part: str
    code: str = ""
    key: str = ""
    old: str = ""
    new: str = ""

    def __str__(self) -> str:
        place = " ".join(filter(None, (self.part, self.code)))
        if self.kind is not ChangeKind.CHANGED:
            return f"{place}: {self.kind}"
        return f"{place}: {self.key} was {self.old or 'nothing'}, is {self.new or 'nothing'}"


def compare(old: ProtocolDefinition, new: ProtocolDefinition) -> tuple[Change, ...]:
    """Every difference that `new` makes, in the order of the definition's parts.

    Visits that `new` renames are first renamed in `old`: one rename is not a change
    of everything that refers to it. The order of the entries of a file says nothing,
    except for outcome classes, where the first match wins.
    """
    new_codes = new.amendment.renamed if new.amendment else {}
    before = renamed(old, new_codes)
    changes = [
        Change(ChangeKind.CHANGED, "visits", new_code, "code", old_code, new_code)
        for old_code, new_code in new_codes.items()
    ]
    for item in fields(ProtocolDefinition):
        if item.name not in DERIVED:
            first, second = getattr(before, item.name), getattr(new, item.name)
            changes += _changes_of_part(item.name, first, second)
    return tuple(changes)


def _changes_of_part(part: str, old: Any, new: Any) -> Iterator[Change]:
    if part == "sources":
        old, new = tuple(old.values()), tuple(new.values())
    if _is_list_of_parts(old) or _is_list_of_parts(new):
        yield from _changes_of_list(part, _by_code(old), _by_code(new))
        if part == "outcome_classes":
            yield from _change_of_order(part, _by_code(old), _by_code(new))
    elif isinstance(old, Part) and isinstance(new, Part):
        yield from _changes_of_keys(part, "", old=old, new=new)
    elif isinstance(old, Part) or isinstance(new, Part):
        yield Change(ChangeKind.ADDED if old is None else ChangeKind.REMOVED, part)
    elif old != new:
        yield Change(ChangeKind.CHANGED, part, "", part, in_words(old), in_words(new))


def _is_list_of_parts(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and is_dataclass(value[0])


def _by_code(items: tuple[Any, ...]) -> dict[str, Any]:
    return {_code_of(item): item for item in items}


def _code_of(item: Any) -> str:
    """An entry's code; what it collects, or waives, where it has none."""
    if hasattr(item, "code"):
        return str(item.code)
    if hasattr(item, "expectation"):
        return str(item.expectation)
    return f"{in_words(item.collect)} from {in_words(item.start)}"


def _changes_of_list(
    part: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[Change]:
    for code, item in new.items():
        if code not in old:
            yield Change(ChangeKind.ADDED, part, code)
        else:
            yield from _changes_of_keys(part, code, old=old[code], new=item)
    for code in old:
        if code not in new:
            yield Change(ChangeKind.REMOVED, part, code)


def _change_of_order(
    part: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[Change]:
    first = [code for code in old if code in new]
    second = [code for code in new if code in old]
    if first != second:
        words = (in_words(tuple(first)), in_words(tuple(second)))
        yield Change(ChangeKind.CHANGED, part, "", "order", *words)


def _changes_of_keys(part: str, code: str, *, old: Any, new: Any) -> Iterator[Change]:
    for item in fields(new):
        if item.name in _OF_VISITS:
            continue
        first, second = getattr(old, item.name), getattr(new, item.name)
        if item.name in UNORDERED and isinstance(second, tuple):
            is_same = set(first) == set(second)
        else:
            is_same = first == second
        if not is_same:
            key = KEYS.get(item.name, item.name)
            words = (in_words(first), in_words(second))
            yield Change(ChangeKind.CHANGED, part, code, key, *words)
