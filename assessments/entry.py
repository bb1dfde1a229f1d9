"""How an instrument is laid out on the page: runs of items that share a scale."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from assessments.answers import asked_words
from assessments.instruments.base import (
    MISSING_REASON_WORDS,
    Instrument,
    Item,
    Option,
    Scale,
)

WIDEST_RANGE = 10  # A range of more numbers than 0 to 10 is typed, not chosen.
TEN = 10
FEW = 3  # Up to here the words fit into the buttons themselves.


@dataclass(frozen=True, slots=True)
class ShownOption:
    """One answer or reason that can be chosen."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ShownItem:
    """One item as the page shows it; `aside` belongs to it and stands in its row.

    A typed item is a number field; the others are buttons. One that is typed and not
    required is outside the run of digits that answers the others one after the other.
    """

    code: str
    number: str
    label: str
    help: str
    value: str
    unit: str
    options: tuple[ShownOption, ...]
    missing: tuple[ShownOption, ...]
    errors: tuple[str, ...]
    said: str
    has_words: bool
    least: int | None = None
    most: int | None = None
    # Answers of which one makes it be asked, as the page's script reads them.
    asked_when: str = ""
    is_required: bool = True
    aside: "ShownItem | None" = None

    @property
    def is_typed(self) -> bool:
        return not self.options

    @property
    def reason(self) -> str:
        """The chosen reason why there is no answer, in words."""
        chosen = (each.label for each in self.missing if each.is_chosen)
        return next(chosen, "")


@dataclass(slots=True)
class ShownSection:
    """Items under one title, which is empty where the instrument has none."""

    title: str
    items: list[ShownItem] = field(default_factory=list)


@dataclass(slots=True)
class ShownRun:
    """Sections whose items share a scale, under one legend of its words."""

    legend: tuple[Option, ...]
    columns: int
    sections: list[ShownSection] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entered:
    """What stands in the form for an item, and what is wrong with it."""

    value: str
    missing: str
    errors: Sequence[str] = ()


def runs(instrument: Instrument, entered: Callable[[Item], Entered]) -> list[ShownRun]:
    """Lay out an instrument; an optional detail of an item stands beside that item.

    Numbers that are typed are one run, whatever their bounds: they have no legend.
    """
    found: list[ShownRun] = []
    scale = title = ""
    for item, aside in _rows(instrument.items):
        options = options_of(item.scale)
        shared = item.scale.code if options else "typed"
        if not found or shared != scale:
            legend = item.scale.options if len(item.scale.options) > FEW else ()
            found.append(ShownRun(legend, len(options)))
            scale = shared
        sections = found[-1].sections
        if not sections or title != item.section:
            # A section that goes on under another scale keeps its one title.
            sections.append(ShownSection("" if title == item.section else item.section))
            title = item.section
        beside = _shown(instrument, aside, entered) if aside else None
        sections[-1].items.append(_shown(instrument, item, entered, aside=beside))
    return found


def options_of(scale: Scale) -> tuple[Option, ...]:
    """The answers to choose from; none for a range too wide to be chosen from."""
    if scale.options:
        return scale.options
    if scale.least is None or scale.most is None:
        return ()
    if scale.most - scale.least > WIDEST_RANGE:
        return ()
    return tuple(Option(n, "") for n in range(scale.least, scale.most + 1))


def has_ten(instrument: Instrument) -> bool:
    """Whether 10 is to be chosen somewhere: the one answer that no digit key gives."""
    scales = {item.scale for item in instrument.items}
    return any(each.value == TEN for scale in scales for each in options_of(scale))


def _rows(items: Sequence[Item]) -> list[tuple[Item, Item | None]]:
    rows: list[tuple[Item, Item | None]] = []
    for item in items:
        is_detail = not item.required and " " in item.number
        if rows and is_detail and item.number.split()[0] == rows[-1][0].number:
            rows[-1] = (rows[-1][0], item)
        else:
            rows.append((item, None))
    return rows


def _shown(
    instrument: Instrument,
    item: Item,
    entered: Callable[[Item], Entered],
    *,
    aside: ShownItem | None = None,
) -> ShownItem:
    typed = entered(item)
    options = options_of(item.scale)
    return ShownItem(
        code=item.code,
        number=item.number,
        label=item.label,
        help=_help(instrument, item),
        value=typed.value,
        unit=item.scale.unit,
        options=tuple(
            ShownOption(str(each.value), each.label, str(each.value) == typed.value)
            for each in options
        ),
        missing=tuple(
            ShownOption(reason.value, words, reason.value == typed.missing)
            for reason, words in MISSING_REASON_WORDS.items()
        ),
        errors=tuple(typed.errors),
        said=_said(item, typed),
        has_words=bool(item.scale.options) and len(options) <= FEW,
        least=item.scale.least,
        most=item.scale.most,
        asked_when=" ".join(f"{code}={value}" for code, value in item.conditions),
        is_required=item.required,
        aside=aside,
    )


def _said(item: Item, typed: Entered) -> str:
    """The answer in words, as the read-only page shows it."""
    if typed.missing:
        words = {reason.value: text for reason, text in MISSING_REASON_WORDS.items()}
        return words.get(typed.missing, typed.missing)
    if not typed.value:
        return ""
    label = item.scale.label(int(typed.value))
    return label if label.startswith(typed.value) else f"{typed.value} {label}"


def _help(instrument: Instrument, item: Item) -> str:
    notes = [] if item.required else ["optional"]
    if item.conditions:
        notes.append(f"asked when {asked_words(instrument, item)}")
    return ", ".join(notes)
