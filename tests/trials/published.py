"""Every shipped definition, parsed once."""

from functools import cache
from pathlib import Path

from assessments.instruments import facts_for_protocol
from trials.protocol import ProtocolDefinition, parse

FOLDER = Path(__file__).parents[2] / "trials/protocols"


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.toml"))


@cache
def published() -> dict[str, ProtocolDefinition]:
    """By the name of the file: ``mapp1``, ``mp12``, ``extension`` and so on."""
    known = facts_for_protocol()
    return {
        path.stem: parse(path.read_text("utf-8"), filename=path.name, instruments=known)
        for path in files()
    }
