"""In which order participants are listed, and where a page of any order begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import (
    Case,
    CharField,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce

from participants.lifecycle import HAS_LEFT, State
from participants.models import Participant
from sessions.models import Visit

COLUMNS = ("number", "state", "next", "last")
COMING = Q(state__in=["planned", "booked"], plan__in=["firm", "provisional"])
HELD = Q(state="held")
LONGEST_ID = 18
_PARTS = 3  # of a key: what is sorted by, the number, the id
_AFTER_EVERY_DAY = "9999-12-31"
_BEFORE_EVERY_DAY = "0001-01-01"


@dataclass(frozen=True, slots=True)
class Ordering:
    """What a list is sorted by; `column` is empty for those in the trial first."""

    column: str = ""
    is_descending: bool = False

    @property
    def asked(self) -> str:
        """The value of ?sort= that asks for this order."""
        return f"-{self.column}" if self.is_descending else self.column

    def towards(self, column: str) -> "Ordering":
        """Return what a click on a column's head asks for: up, down, then as at first."""
        if column != self.column:
            return Ordering(column)
        return Ordering() if self.is_descending else Ordering(column, True)  # noqa: FBT003 - its one flag

    def aria(self, column: str) -> str:
        """Return aria-sort of a column; empty where the list is not sorted by it."""
        if column != self.column:
            return ""
        return "descending" if self.is_descending else "ascending"


def ordering_of(asked: str) -> Ordering:
    """Return the order that ?sort= asks for; the first one for what is not known."""
    column = asked.removeprefix("-")
    if column not in COLUMNS:
        return Ordering()
    return Ordering(column, is_descending=asked.startswith("-"))


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of a page, with the keys of the pages before and after; empty for none."""

    people: Sequence[Participant]
    newer: str = ""
    older: str = ""


def page_of(
    people: QuerySet[Participant],
    ordering: Ordering,
    *,
    before: str,
    after: str,
    size: int,
) -> Page:
    """Return one page by keyset, in one query whatever it is sorted by.

    Within equal values the number decides, so that no row is shown twice or left out.
    """
    people = people.annotate(place=_PLACES[ordering.column]())
    until, since = _key(before), _key(after)
    key = until or since
    is_up = ordering.is_descending is bool(until)
    if key:
        people = people.filter(_beyond(key, is_up=is_up))
    order = [F(name).asc() if is_up else F(name).desc() for name in _ORDER]
    found = list(people.order_by(*order)[: size + 1])
    has_more, found = len(found) > size, found[:size]
    if not found:
        return Page([])
    if until:
        found.reverse()
    has_newer, has_older = (has_more, True) if until else (bool(since), has_more)
    return Page(
        found,
        newer=_key_of(found[0]) if has_newer else "",
        older=_key_of(found[-1]) if has_older else "",
    )


_ORDER = ("place", "number", "pk")


def _beyond(key: tuple[str, str, int], *, is_up: bool) -> Q:
    way = "gt" if is_up else "lt"
    place, number, pk = key
    return (
        Q(**{f"place__{way}": place})
        | Q(place=place, **{f"number__{way}": number})
        | Q(place=place, number=number, **{f"pk__{way}": pk})
    )


def _key(text: str) -> tuple[str, str, int] | None:
    parts = text.rsplit("_", _PARTS - 1)
    if len(parts) != _PARTS or "\0" in text:
        return None
    place, number, pk = parts
    is_whole = number and pk.isdecimal() and len(pk) <= LONGEST_ID
    return (place, number, int(pk)) if is_whole else None


def _key_of(person: Participant) -> str:
    place: str = person.place  # type: ignore[attr-defined] # annotated by page_of
    return f"{place}_{person.number}_{person.pk}"


def _in_the_trial_first() -> Combinable:
    return _ranked({state: "1" if state in HAS_LEFT else "0" for state in State})


def _by_number() -> Combinable:
    return Value("", output_field=CharField())


def _by_state() -> Combinable:
    return _ranked({state: str(rank) for rank, state in enumerate(State)})


def _by_next_visit() -> Combinable:
    day = Min(Coalesce("booked_on", "target"))
    return _day(COMING, day, otherwise=_AFTER_EVERY_DAY)


def _by_last_visit() -> Combinable:
    return _day(HELD, Max("held_on"), otherwise=_BEFORE_EVERY_DAY)


def _ranked(ranks: Mapping[State, str]) -> Combinable:
    cases = [When(state=state.value, then=Value(rank)) for state, rank in ranks.items()]
    return Case(*cases, output_field=CharField())


def _day(visits: Q, day: Min | Max, *, otherwise: str) -> Combinable:
    """Return a day of each participant's visits as text, which sorts as the day does."""
    mine = Visit.objects.filter(visits, participant=OuterRef("pk")).order_by()
    days = mine.values("participant").annotate(day=day).values("day")
    text = Cast(Subquery(days), CharField())
    return Coalesce(text, Value(otherwise), output_field=CharField())


_PLACES = {
    "": _in_the_trial_first,
    "number": _by_number,
    "state": _by_state,
    "next": _by_next_visit,
    "last": _by_last_visit,
}
