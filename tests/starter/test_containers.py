"""The containers' files are well formed and run the same commands as `./run`."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from starter import commands, postgres
from starter.environment import ROOT

PROGRAMS = Path(sys.executable).parent
ONE_SHOT = {"roles", "migrate"}
SECRETS = {
    "SECRET_KEY",
    "IDENTITY_KEYS",
    "ADMIN_PASSWORD",
    "OWNER_PASSWORD",
    "WEB_PASSWORD",
    "WORKER_PASSWORD",
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return parsed


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("roles", commands.ROLES),
        ("migrate", commands.MIGRATE),
        ("web", commands.web("0.0.0.0:8000")),
        ("worker", commands.WORKER),
        ("beat", commands.beat("/data/beat-schedule")),
        ("catcher", commands.catcher("/data", "0.0.0.0", "1025")),  # noqa: S104 — likewise
    ],
)
def test_a_container_runs_the_command_of_run(
    compose: dict[str, Any], service: str, expected: tuple[str, ...]
) -> None:
    assert tuple(compose["services"][service]["command"]) == expected


def test_the_image_runs_the_web_server_and_collects_static_files() -> None:
    text = (ROOT / "Dockerfile").read_text()
    lines = [
        json.loads(one) for one in re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)
    ]
    assert lines == [
        list(commands.web("0.0.0.0:8000")),
        list(commands.catcher("/data", "0.0.0.0", "1025")),  # noqa: S104 — likewise
    ]
    assert " ".join(commands.COLLECT_STATIC) in text
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE)[-1] == "10001"
    assert text.count("pip install") == text.count("--require-hashes") == 2


def test_every_lasting_service_has_a_health_check(compose: dict[str, Any]) -> None:
    lasting = compose["services"].keys() - ONE_SHOT
    assert all("healthcheck" in compose["services"][name] for name in lasting)


def test_the_compose_file_holds_no_secret_and_publishes_to_this_machine_only(
    compose: dict[str, Any],
) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in SECRETS:
        uses = re.findall(r"\$\{" + name + r"(.*?)\}", text)
        assert uses, name
        assert set(uses) == {":?"}, name
    published = [
        port for one in compose["services"].values() for port in one.get("ports", [])
    ]
    assert published == ["127.0.0.1:8000:8000"]


def test_no_running_part_knows_the_owners_or_the_administrators_password(
    compose: dict[str, Any],
) -> None:
    for name in ("web", "worker", "beat", "catcher"):
        told = str(compose["services"][name].get("environment", {}))
        assert "OWNER" not in told, name
        assert "ADMIN" not in told, name


def test_the_containers_database_is_of_the_embedded_ones_version(
    compose: dict[str, Any],
) -> None:
    program = postgres.find_programs() / "postgres"
    words = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=True
    ).stdout
    major = re.findall(r"(\d+)\.", words)[0]
    database = compose["services"]["postgres"]
    assert database["image"] == f"postgres:{major}"
    arguments = database["environment"]["POSTGRES_INITDB_ARGS"]
    assert arguments == "--locale-provider=builtin --locale=C.UTF-8"


@pytest.mark.parametrize(
    "command",
    [
        ["yamllint", "--strict", "docker-compose.yml"],
        ["hadolint", "Dockerfile"],
    ],
)
def test_the_containers_files_pass_their_linters(command: list[str]) -> None:
    done = subprocess.run(
        [PROGRAMS / command[0], *command[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_leaves_out_what_only_development_needs() -> None:
    left_out = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".*", "var", "tests", "docs", "bench"} <= set(left_out)
