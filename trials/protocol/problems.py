"""What is wrong with a definition: collected, placed, and said in sentences."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: `place` names the part, `line` counts from 1 (None: unknown)."""

    sentence: str
    place: str = ""
    line: int | None = None
    file: str = ""

    def __str__(self) -> str:
        place = f"{self.place} (line {self.line})" if self.line else self.place
        return f"{place}: {self.sentence}" if place else self.sentence


class ProtocolError(Exception):
    """A definition cannot be used; `problems` holds every mistake that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def meant(word: str, known: Iterable[str]) -> str:
    """ " Did you mean …?" with the nearest known word, or nothing."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean {near[0]}?" if near else ""
