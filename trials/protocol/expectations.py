"""What is expected of a definition, read as data: each with its source and limits."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from trials.protocol.parts import Source
from trials.protocol.spans import Span, read_minutes, read_span
from trials.protocol.vocabulary import Provenance

FILE = Path(__file__).with_name("expectations.toml")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A limit, role or form code that an expectation uses, and where it comes from."""

    value: int | str | tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Expectation:
    """Something that a definition should say. `reads` is the part it looks at."""

    code: str
    sentence: str
    reads: str
    source: Source
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """The failure that it answers: F3 of `F3.ecg_before`."""
        return self.code.partition(".")[0]

    def text(self, name: str) -> str:
        """The parameter of this name; raises KeyError where there is none."""
        return str(self.parameters[name].value)

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.parameters[name].value
        return value if isinstance(value, tuple) else (str(value),)

    def whole(self, name: str) -> int:
        return int(self.text(name))

    def span(self, name: str) -> Span:
        return read_span(self.text(name))

    def minutes(self, name: str) -> int:
        return read_minutes(self.text(name))


@cache
def expectations() -> Mapping[str, Expectation]:
    """Every expectation by its code, in the order of the file."""
    tables = tomllib.loads(FILE.read_text("utf-8"))
    sources = {
        code: Source(code, Provenance(table["provenance"]), table["cite"])
        for code, table in tables["sources"].items()
    }
    return {
        table["code"]: Expectation(
            code=table["code"],
            sentence=table["sentence"],
            reads=table["reads"],
            source=sources[table["source"]],
            parameters={
                name: Parameter(_value(inner["value"]), sources[inner["source"]])
                for name, inner in table.get("parameters", {}).items()
            },
        )
        for table in tables["expectations"]
    }


def waivable() -> tuple[str, ...]:
    """What a waiver may name: a whole group, or a single expectation."""
    groups = dict.fromkeys(item.group for item in expectations().values())
    return (*groups, *expectations())


def _value(value: Any) -> int | str | tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else value
