"""A dataset's rows as the export gives them."""

import json
from typing import Any

from tests.exports.study import Study, body_of

Row = dict[str, Any]


def rows_of(study: Study, name: str, person: Any = None) -> list[Row]:
    """Return a dataset's rows as JSON gives them, of one participant or all."""
    page = json.loads(body_of(study.get(f"datasets/{name}", limit=100_000)))
    rows = [dict(zip(page["columns"], row, strict=True)) for row in page["rows"]]
    return [r for r in rows if person is None or r["USUBJID"].endswith(person.number)]


def cells(row: Row, *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)
