"""The study that the export's tests read, made once for each module."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.exports.study import Study, committed_study


@pytest.fixture(scope="module")
def study(django_db_setup: None, django_db_blocker: Any) -> Iterator[Study]:
    """A committed study: a stream refuses to run inside somebody's open transaction."""
    with django_db_blocker.unblock(), committed_study() as made:
        yield made
