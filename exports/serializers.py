"""What a sponsor's program reads: streams of rows, pages with a cursor, their description."""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import Cursor, sql
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer

from audit.actors import AnyActor
from audit.seeing import reading
from exports.datasets import complete, page
from exports.datasets.statements import Position
from exports.manifest import Measured
from exports.vocabulary import Dataset
from trials.models import Trial

CHUNK = 65_536  # bytes handed to the web server at a time
SEPARATOR = b"\x02"


class CsvRenderer(BaseRenderer):
    """Lets a request ask for CSV, by `?format=csv` or by `Accept`; the view streams it."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data: Any, *_context: object) -> bytes:
        """Render the one thing that is not streamed: why there is no data."""
        return str(data.get("detail", "")).encode()


def csv_of(dataset: Dataset, trial: Trial, *, by: AnyActor) -> Iterator[bytes]:
    """Yield all of a trial's rows as CSV; memory does not grow with their number."""
    statement = complete(dataset, trial_id=trial.pk)
    with reading(by, as_blinded=True) as cursor:
        yield from _in_chunks(_rows(cursor, statement))


def _rows(cursor: Cursor[Any], statement: sql.Composed) -> Iterator[bytes]:
    """Yield one row after another, as PostgreSQL sends them."""
    with cursor.copy(statement) as copy:
        for row in copy:
            yield bytes(row)


def _in_chunks(rows: Iterator[bytes]) -> Iterator[bytes]:
    chunk = bytearray()
    for row in rows:
        chunk += row
        if len(chunk) >= CHUNK:
            yield bytes(chunk)
            chunk.clear()
    yield bytes(chunk)


def json_of(
    dataset: Dataset,
    trial: Trial,
    *,
    by: AnyActor,
    after: Position | None,
    limit: int,
) -> Iterator[bytes]:
    """Yield one page as JSON: dataset, columns, rows as arrays, the next cursor."""
    names = [variable.name for variable in dataset.columns]
    head = json.dumps({"dataset": dataset.name, "columns": names})
    # One row more than asked for: only so is the last page known to be the last.
    statement = page(dataset, trial_id=trial.pk, after=after, limit=limit + 1)
    end = _End()
    with reading(by, as_blinded=True) as cursor:
        yield f'{head[:-1]}, "rows": ['.encode()
        yield from _in_chunks(_page_rows(_rows(cursor, statement), limit, end))
    yield f'], "next_cursor": {json.dumps(end.cursor)}}}'.encode()


@dataclass(slots=True)
class _End:
    """Where a page ended, once it has been read; no cursor when nothing follows."""

    cursor: str | None = None


def _page_rows(rows: Iterator[bytes], limit: int, end: _End) -> Iterator[bytes]:
    number = turn = b""
    for count, row in enumerate(rows):
        if count == limit:
            end.cursor = cursor_of(Position(number.decode(), int(turn)))
            continue
        number, turn, values = row.rstrip(b"\n").split(SEPARATOR)
        yield (b",\n" if count else b"\n") + values


def cursor_of(position: Position) -> str:
    """Return a position as the opaque text that the next request brings back."""
    text = json.dumps([position.number, position.turn])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position_of(cursor: str) -> Position:
    """Return the position in a cursor; ValueError if it is none of ours."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        number, turn = json.loads(text)
    except (binascii.Error, UnicodeError, TypeError) as error:
        raise ValueError("not a cursor") from error
    if not isinstance(number, str) or "\0" in number:
        raise ValueError("not a cursor")
    if isinstance(turn, bool) or not isinstance(turn, int) or abs(turn) >= 2**63:
        raise ValueError("not a cursor")
    return Position(number, turn)


def measured(
    datasets: list[Dataset], trial: Trial, *, by: AnyActor
) -> list[tuple[Dataset, Measured]]:
    """Return rows, bytes and SHA-256 of each dataset's CSV, all of one moment."""
    with reading(by, as_blinded=True) as cursor:
        return [(each, _measure(cursor, each, trial)) for each in datasets]


def _measure(cursor: Cursor[Any], dataset: Dataset, trial: Trial) -> Measured:
    digest, size, rows = hashlib.sha256(), 0, -1  # the header is no row
    for row in _rows(cursor, complete(dataset, trial_id=trial.pk)):
        digest.update(row)
        size += len(row)
        rows += 1
    return Measured(rows, size, digest.hexdigest())


class Asked(serializers.Serializer[Any]):
    """What a request for a page may say."""

    cursor = serializers.CharField(
        required=False,
        help_text="`next_cursor` of the page before; none for the first.",
    )
    limit = serializers.IntegerField(
        default=1_000, min_value=1, max_value=100_000, help_text="Rows in the page."
    )

    def validate_cursor(self, value: str) -> Position:
        try:
            return position_of(value)
        except ValueError:
            raise serializers.ValidationError(
                "This is not a cursor of this API. Begin again without one."
            ) from None


class Column(serializers.Serializer[Any]):
    """One column of a dataset."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # a field of this name
    type = serializers.ChoiceField(["Char", "Num"])
    origin = serializers.CharField()
    free_text = serializers.BooleanField(
        help_text="Typed text: in CSV an apostrophe stands before what looks like a formula."
    )
    disclosure = serializers.CharField()
    note = serializers.CharField()


class Restricted(serializers.Serializer[Any]):
    """A column, or a kind of row, that exists and is kept back."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # a field of this name
    disclosure = serializers.CharField()
    why = serializers.CharField()


class DatasetDescription(serializers.Serializer[Any]):
    """The data dictionary of one dataset."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # a field of this name
    structure = serializers.CharField()
    keys = serializers.ListField(child=serializers.CharField())
    columns = Column(many=True)
    restricted = Restricted(many=True)


class DatasetMeasured(DatasetDescription):
    """The data dictionary with what a CSV of it holds now."""

    rows = serializers.IntegerField()
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField(help_text="SHA-256 of the CSV, header included.")


class ProtocolVersionRead(serializers.Serializer[Any]):
    """One version of the protocol that the trial adopted."""

    version = serializers.CharField()
    sha256 = serializers.CharField()
    visits_held_back = serializers.ListField(
        child=serializers.CharField(),
        help_text="Visits that tell the treatment; none once the trial was locked.",
    )


class ManifestRead(serializers.Serializer[Any]):
    """The manifest of a trial's datasets."""

    manifest = serializers.CharField()
    trial = serializers.CharField()
    made_at = serializers.DateTimeField()
    scope = serializers.CharField()
    standard = serializers.CharField()
    csv = serializers.CharField()
    protocols = ProtocolVersionRead(many=True)
    datasets = DatasetMeasured(many=True)


class Page(serializers.Serializer[Any]):
    """One page of a dataset: each row is an array in the order of the columns."""

    dataset = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(
        child=serializers.ListField(child=serializers.JSONField(allow_null=True))
    )
    next_cursor = serializers.CharField(allow_null=True)


class Index(serializers.Serializer[Any]):
    """Where everything is."""

    trial = serializers.CharField()
    datasets = serializers.CharField()
    manifest = serializers.CharField()
    schema = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """Why there is no data."""

    detail = serializers.CharField()
