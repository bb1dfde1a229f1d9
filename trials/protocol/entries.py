"""One table of the file, read key by key: values typed, mistakes placed on a line."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self, TypeVar

from trials.protocol.problems import Problem, meant
from trials.protocol.spans import Span, SpanError, read_minutes, read_span

Word = TypeVar("Word", bound=StrEnum)

_HEADER = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_.\-]+)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_\-]+)\s*=")


@dataclass(slots=True)
class Log:
    """The mistakes found so far, and where in the text each table and key stands."""

    file: str
    text: str
    problems: list[Problem] = field(default_factory=list)
    headers: dict[tuple[str, int], int] = field(default_factory=dict)
    keys: dict[tuple[str, int, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # tomllib gives no positions, so headers and first-level keys are found in the
        # text itself; inside a multi-line string a line may look like either.
        counts: dict[str, int] = {}
        part, index, in_text = "", 0, False
        for number, line in enumerate(self.text.splitlines(), start=1):
            if not in_text and (header := _HEADER.match(line)):
                part = header[1]
                index = counts.get(part, 0)
                counts[part] = index + 1
                self.headers[part, index] = number
            elif not in_text and (key := _KEY.match(line)):
                self.keys.setdefault((part, index, key[1]), number)
            if (line.count('"""') + line.count("'''")) % 2:
                in_text = not in_text

    def line_of(self, part: str, index: int = 0, key: str = "") -> int | None:
        """The line of a key, or of its table where the key stands nowhere."""
        header = self.headers.get((part, index))
        return self.keys.get((part, index, key), header)

    def add(self, sentence: str, *, place: str = "", line: int | None = None) -> None:
        self.problems.append(Problem(sentence, place, line, self.file))


class Entry:
    """Reads one table. Asking for a key makes it known; `close` reports the others.

    Every reader returns a harmless value after reporting a mistake, so that all
    mistakes of a file are found in one pass; nothing made from them is ever used.
    """

    def __init__(
        self, table: Mapping[str, Any], log: Log, *, part: str, index: int = 0
    ) -> None:
        self.table = table
        self.log = log
        self.part = part
        self.index = index
        self.prefix = ""
        self.top_key = ""
        self.known: dict[str, None] = {}
        code = table.get("code")
        self.code = code if isinstance(code, str) else ""

    def inside(self, table: Mapping[str, Any], key: str) -> "Entry":
        """The reader of a table that stands inside this one under `key`."""
        inner = Entry(table, self.log, part=self.part, index=self.index)
        inner.prefix = f"{self.prefix}{key}: "
        inner.top_key = self.top_key or key
        inner.code = self.code
        return inner

    @property
    def place(self) -> str:
        return f"{self.part}, {self.code}" if self.code else self.part

    def wrong(self, sentence: str, key: str = "") -> None:
        """Report a mistake at `key`, in this table's place."""
        shown = f"{self.prefix}{key}: {sentence}" if key else f"{self.prefix}{sentence}"
        line = self.log.line_of(self.part, self.index, self.top_key or key)
        self.log.add(shown, place=self.place, line=line)

    def has(self, key: str) -> bool:
        self.known[key] = None
        return key in self.table

    def _get(self, key: str, *, needed: bool) -> Any:  # a value of the file: any type
        self.known[key] = None
        if needed and key not in self.table:
            self.wrong(f"lacks the key '{key}'.")
        return self.table.get(key)

    def text(self, key: str, *, needed: bool = False) -> str:
        value = self._get(key, needed=needed)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.wrong("must be text in quotation marks.", key)
            return ""
        return value

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """A yes or no; needed where there is no default."""
        value = self._get(key, needed=default is None)
        if value is None:
            return bool(default)
        if not isinstance(value, bool):
            self.wrong("must be true or false.", key)
        return bool(value)

    def whole(self, key: str, *, needed: bool = False) -> int | None:
        value = self._get(key, needed=needed)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.wrong("must be a whole number.", key)
            return None
        return value

    def number(self, key: str, *, needed: bool = False) -> Decimal | None:
        value = self._get(key, needed=needed)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.wrong("must be a number.", key)
            return None
        return Decimal(value)

    def numbers(self, key: str, *, needed: bool = False) -> tuple[Decimal, ...]:
        """One number or a list of them."""
        value = self._get(key, needed=needed)
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        if not items or not all(_is_number(item) for item in items):
            self.wrong("must be a number or a list of numbers.", key)
            return ()
        return tuple(Decimal(item) for item in items)

    def wholes(self, key: str, *, needed: bool = False) -> tuple[int, ...]:
        numbers = self.numbers(key, needed=needed)
        if any(item != int(item) or item < 1 for item in numbers):
            self.wrong("must be whole numbers from 1.", key)
            return ()
        return tuple(int(item) for item in numbers)

    def texts(self, key: str, *, needed: bool = False) -> tuple[str, ...]:
        """A list of texts; a single text stands for a list of one."""
        value = self._get(key, needed=needed)
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) for item in items):
            self.wrong("must be a list of texts in quotation marks.", key)
            return ()
        if needed and not items:
            self.wrong("must not be empty.", key)
        return tuple(items)

    def word(self, key: str, words: type[Word], *, default: Word | None = None) -> Word:
        """One word of a closed list; needed where there is no default."""
        text = self.text(key, needed=default is None)
        first = default or next(iter(words))
        if key not in self.table:
            return first
        found = self._word(text, key, words)
        return found or first

    def words(
        self, key: str, words: type[Word], *, needed: bool = False
    ) -> tuple[Word, ...]:
        found = [
            self._word(text, key, words) for text in self.texts(key, needed=needed)
        ]
        return tuple(word for word in found if word)

    def _word(self, text: str, key: str, words: type[Word]) -> Word | None:
        try:
            return words(text)
        except ValueError:
            known = [word.value for word in words]
            near = meant(text, known) or f" Use one of {', '.join(known)}."
            self.wrong(f"'{text}' is not known.{near}", key)
            return None

    def span(self, key: str, *, needed: bool = False) -> Span | None:
        value = self._get(key, needed=needed)
        if value is None:
            return None
        try:
            return read_span(value if isinstance(value, str) else f"{value}")
        except SpanError as error:
            self.wrong(str(error), key)
            return None

    def minutes(self, key: str, *, needed: bool = False) -> int | None:
        text = self.text(key, needed=needed)
        if not text:
            return None
        try:
            return read_minutes(text)
        except SpanError as error:
            self.wrong(str(error), key)
            return None

    def inner(self, key: str, *, needed: bool = False) -> "Entry | None":
        """The table that stands under `key`."""
        value = self._get(key, needed=needed)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong("must be a table in braces.", key)
            return None
        return self.inside(value, key)

    def inners(self, key: str) -> "Iterator[Entry]":
        """The tables in the list that stands under `key`."""
        value = self._get(key, needed=False)
        if value is None:
            return
        if not isinstance(value, list) or not all(isinstance(x, dict) for x in value):
            self.wrong("must be a list of tables in braces.", key)
            return
        for table in value:
            yield self.inside(table, key)

    def provenance(self) -> dict[str, Any]:
        """The `source` and `source_of` that every part takes."""
        source_of = self.inner("source_of")
        pairs: dict[str, str] = {}
        for key in source_of.table if source_of else ():
            if key not in self.table:
                near = meant(key, self.table)
                self.wrong(f"'{key}' is not among its keys.{near}", "source_of")
            pairs[key] = source_of.text(key) if source_of else ""
        return {"source": self.text("source"), "source_of": pairs}

    def close(self) -> Self:
        """Report the keys that nothing asked for, each with the nearest known one."""
        for key in self.table:
            if key not in self.known:
                near = meant(key, self.known)
                line = self.log.line_of(self.part, self.index, self.top_key or key)
                sentence = f"{self.prefix}does not know the key '{key}'.{near}"
                self.log.add(sentence, place=self.place, line=line)
        return self


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def entries_of(tables: object, log: Log, *, part: str) -> Sequence[Entry]:
    """The readers of ``[[part]]``; a single ``[part]`` in its place is a mistake."""
    if tables is None:
        return []
    if not isinstance(tables, list) or not all(isinstance(x, dict) for x in tables):
        log.add(
            f"write it as [[{part}]], once for each.",
            place=part,
            line=log.line_of(part),
        )
        return []
    return [Entry(table, log, part=part, index=i) for i, table in enumerate(tables)]


def entry_of(table: object, log: Log, *, part: str) -> Entry | None:
    """The reader of the single table ``[part]``."""
    if table is None:
        return None
    if not isinstance(table, dict):
        log.add(
            f"write it as [{part}], once.",
            place=part,
            line=log.line_of(part),
        )
        return None
    return Entry(table, log, part=part)
