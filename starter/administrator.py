"""Makes the roles and the database on a real server, once, as its administrator.

`ADMIN_DATABASE_URL` is a superuser's address of the server; the passwords of the login
roles are read from OWNER_PASSWORD, WEB_PASSWORD and WORKER_PASSWORD. May be repeated.
"""

import os
import sys
from collections.abc import Mapping

import psycopg
from psycopg.conninfo import make_conninfo

from starter.environment import DATABASE
from starter.roles import LOGINS, database_statements, identifier, role_statements


def given_passwords(environment: Mapping[str, str]) -> dict[str, str]:
    """Password by login role; a missing one ends the program with a sentence."""
    found = {}
    for role in LOGINS:
        name = role.removeprefix("candor_").upper() + "_PASSWORD"
        if not environment.get(name):
            sys.exit(f"Set {name}: the password of the role {role}.")
        found[role] = environment[name]
    return found


def furnish(address: str, passwords: Mapping[str, str]) -> None:
    """Make the roles and the database at `address`, or bring them up to date."""
    with psycopg.connect(address, autocommit=True) as server:
        run(server, role_statements(passwords, testing=False))
        known = server.execute("SELECT datname FROM pg_database").fetchall()
        if (DATABASE,) not in known:
            run(server, [f"CREATE DATABASE {identifier(DATABASE)} OWNER candor_owner"])
    inside = make_conninfo(address, dbname=DATABASE)
    with psycopg.connect(inside, autocommit=True) as database:
        run(database, database_statements(DATABASE))


def run(connection: psycopg.Connection[tuple[str, ...]], statements: list[str]) -> None:
    """Run statements, each on its own."""
    for statement in statements:
        connection.execute(statement.encode())


if __name__ == "__main__":
    if not os.environ.get("ADMIN_DATABASE_URL"):
        sys.exit("Set ADMIN_DATABASE_URL: a superuser's address of the server.")
    furnish(os.environ["ADMIN_DATABASE_URL"], given_passwords(os.environ))
