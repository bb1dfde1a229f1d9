"""What every test stands on: a database built by the owner and used as the app's role."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import settings as hypothesis_settings

from tests import databases
from tests.replaying import replaying

# The time of one example says nothing on two busy cores.
hypothesis_settings.register_profile("candor", deadline=None)
hypothesis_settings.load_profile("candor")


@pytest.fixture(scope="session", autouse=True)
def _test_settings() -> None:
    """Cheaper passwords and plain static files; nothing else differs from production."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
    settings.MIDDLEWARE = [
        name for name in settings.MIDDLEWARE if not name.startswith("whitenoise")
    ]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        }
    }


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """Replaces pytest-django's: the app's role may not create or migrate anything."""
    with django_db_blocker.unblock():
        databases.omniscient()
        with databases.cloned():
            yield


@pytest.fixture
def own_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database of this test's own, with real commits: for parallel connections,
    kills, workers and browsers. Dropped afterwards, never flushed."""
    with django_db_blocker.unblock(), databases.cloned() as name:
        yield name


@pytest.fixture(autouse=True)
def _sent_again() -> Iterator[None]:
    with replaying():
        yield


@pytest.fixture
def client() -> Client:
    return Client()
