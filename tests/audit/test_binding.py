"""Tokens never stand in the text of a statement."""

import psycopg
import pytest
from django.db import connection

from accounts.vocabulary import Role
from audit.seeing import seeing
from audit.trail import acting
from tests.databases import address_as
from tests.world import World, new_world


@pytest.fixture
def world(own_database: str) -> World:
    return new_world()


@pytest.mark.services
@pytest.mark.requirement("AUD-07")
def test_another_connection_of_the_same_role_reads_no_token_in_the_list_of_activities(
    world: World, own_database: str
) -> None:
    by = world.actor(Role.COORDINATOR)
    with psycopg.connect(address_as("candor_tester"), autocommit=True) as other:
        texts = "SELECT query FROM pg_stat_activity WHERE datname = current_database()"
        with seeing(by):
            seen = [row[0] for row in other.execute(texts)]
            with acting("look", by=by):
                seen += [row[0] for row in other.execute(texts)]
    assert any("audit.open_action" in text for text in seen)
    assert any("set_config" in text for text in seen)
    assert not any(by.token in text for text in seen)
    assert connection.get_autocommit()
