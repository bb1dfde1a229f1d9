"""A check at start: every protocol names instruments and scores that exist."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register

from assessments.instruments import facts_for_protocol
from trials.models import ProtocolVersion
from trials.protocol import ProtocolError, parse

SHIPPED = Path(__file__).resolve().parent.parent / "trials" / "protocols"


@register(Tags.compatibility)
def shipped_protocols(**_: Any) -> list[CheckMessage]:
    """The definitions that come with the software, before anybody adopts one."""
    texts = [(path.name, path.read_text("utf-8")) for path in SHIPPED.glob("*.toml")]
    return problems_in(texts)


@register(Tags.database)
def adopted_protocols(
    databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """The definitions adopted in this database: an instrument may have been removed."""
    if "default" not in (databases or ()):
        return []
    versions = ProtocolVersion.objects.select_related("trial").order_by("pk")
    return problems_in(
        (f"{version.trial.identifier} {version}", version.text) for version in versions
    )


def problems_in(texts: Iterable[tuple[str, str]]) -> list[CheckMessage]:
    """Return an error for each definition that names what the registry does not have."""
    instruments = facts_for_protocol()
    found: list[CheckMessage] = []
    for name, text in texts:
        try:
            parse(text, filename=name, instruments=instruments)
        except ProtocolError as error:
            found.append(Error(str(error), obj=name, id="assessments.E001"))
    return found
