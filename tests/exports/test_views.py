"""The API: who gets in, what comes out, and that it is noted before the first byte."""

import hashlib
import json
import tomllib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from openapi_spec_validator import OpenAPIV31SpecValidator

from accounts.vocabulary import Role
from audit.models import Action
from exports.access import token_in_force
from exports.actions import revoke_token
from exports.datasets import DATASETS
from exports.models import ApiToken
from tests.exports.study import Study, body_of, new_study, new_token
from tests.world import MAPP2
from trials.actions import end_delegation
from trials.models import Delegation

PATHS = ["", "datasets/", "datasets/DM", "manifest", "schema"]


def page_of(study: Study, name: str, **query: Any) -> dict[str, Any]:
    page: dict[str, Any] = json.loads(body_of(study.get(f"datasets/{name}", **query)))
    return page


@pytest.mark.parametrize("path", PATHS)
def test_without_a_token_nothing_opens(study: Study, path: str) -> None:
    response = Client().get(f"/api/v1/{path}")
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("plain", ["candor_unknown", "", "\x00", "é" * 50])
def test_an_unknown_token_opens_nothing(study: Study, plain: str) -> None:
    assert study.get("datasets/DM", token=plain).status_code == 401


@pytest.mark.requirement("AUD-14")
def test_a_refused_token_leaves_an_entry(study: Study) -> None:
    before = Action.objects.filter(verb="refused sign-in").count()
    study.get("", token="candor_unknown")
    assert Action.objects.filter(verb="refused sign-in").count() == before + 1


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_written(study: Study, path: str, method: str) -> None:
    client = Client(headers={"Authorization": f"Bearer {study.plain}"})
    response = getattr(client, method)(f"/api/v1/{path}", {}, "application/json")
    assert response.status_code == 405


@pytest.mark.parametrize("path", PATHS)
def test_a_head_request_carries_no_body_and_no_entry(study: Study, path: str) -> None:
    before = Action.objects.count()
    client = Client(headers={"Authorization": f"Bearer {study.plain}"})
    response = client.head(f"/api/v1/{path}")
    assert response.status_code == 200
    assert response.content == b""
    assert Action.objects.count() == before


def test_a_dataset_that_does_not_exist_is_not_found(study: Study) -> None:
    for name in ("EX", "dm", "participants_identity"):
        response = study.get(f"datasets/{name}")
        assert response.status_code == 404
        assert set(json.loads(response.content)) == {"detail"}


def test_an_unknown_format_is_not_found(study: Study) -> None:
    assert study.get("datasets/DM", format="xml").status_code == 404


def test_the_accept_header_chooses_the_format(study: Study) -> None:
    client = Client(
        headers={"Authorization": f"Bearer {study.plain}", "Accept": "text/csv"}
    )
    response = client.get("/api/v1/datasets/DM")
    assert response["Content-Type"].startswith("text/csv")
    assert body_of(response).startswith(b"STUDYID,DOMAIN,USUBJID")


@pytest.mark.requirement("AUD-14")
def test_an_export_is_noted_before_its_first_byte(study: Study) -> None:
    response = study.get("datasets/RS", format="csv")
    entry = Action.objects.filter(verb="export dataset").latest("id")
    assert entry.actor_id == study.token.user_id
    assert entry.trial_id == study.world.trial.pk
    assert entry.details == {"dataset": "RS", "format": "CSV", "filter": ""}
    response.close()


@pytest.mark.requirement("CTL-09")
@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("limit", [1, 7])
def test_pages_one_after_another_are_the_whole(
    study: Study, name: str, limit: int
) -> None:
    whole = page_of(study, name, limit=100_000)
    rows: list[Any] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        page = page_of(study, name, **query)
        assert len(page["rows"]) <= limit
        rows += page["rows"]
        if page["next_cursor"] is None:
            break
        assert len(page["rows"]) == limit
        query["cursor"] = page["next_cursor"]
    assert rows == whole["rows"]
    assert whole["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["x", "bm8", "WzEsMl0", "WyJhIiwidHJ1ZSJd", "é"])
def test_a_cursor_that_is_not_ours_is_refused(study: Study, cursor: str) -> None:
    response = study.get("datasets/DM", cursor=cursor)
    assert response.status_code == 400
    assert "cursor" in json.loads(response.content)


@pytest.mark.parametrize("limit", ["0", "-1", "many", "100001"])
def test_a_limit_out_of_range_is_refused(study: Study, limit: str) -> None:
    assert study.get("datasets/DM", limit=limit).status_code == 400


def test_csv_is_always_complete(study: Study) -> None:
    assert study.get("datasets/DM", format="csv", limit=1).status_code == 400


def test_the_manifest_counts_and_hashes_what_the_csv_holds(study: Study) -> None:
    content = json.loads(body_of(study.get("manifest")))
    assert content["trial"] == "TEST-1"
    assert content["protocols"] == [
        {
            "version": study.world.protocol.version,
            "sha256": study.world.protocol.sha256,
            "visits_held_back": [],
        }
    ]
    for dataset in content["datasets"]:
        body = body_of(study.get(f"datasets/{dataset['name']}", format="csv"))
        assert dataset["sha256"] == hashlib.sha256(body).hexdigest()
        assert dataset["bytes"] == len(body)
        page = page_of(study, dataset["name"], limit=100_000)
        assert dataset["rows"] == len(page["rows"])
        assert [column["name"] for column in dataset["columns"]] == page["columns"]


@pytest.mark.requirement("BLD-08")
def test_restricted_columns_are_absent_and_listed(study: Study) -> None:
    content = json.loads(body_of(study.get("manifest")))
    demographics = content["datasets"][0]
    restricted = {column["name"] for column in demographics["restricted"]}
    assert restricted == {"ARMCD", "ARM", "ACTARMCD", "ACTARM", "ACTARMUD", "BRTHDTC"}
    assert not restricted & set(page_of(study, "DM")["columns"])


@pytest.mark.requirement("BLD-02")
def test_no_answer_of_the_api_says_a_word_of_an_arm(study: Study) -> None:
    arms = tomllib.loads(MAPP2.read_text("utf-8"))["arms"]
    words = {word.lower() for arm in arms for word in (arm["code"], arm["label"])}
    words |= {"mdma", "placebo", "midomafetamine"}
    paths = [*PATHS, *(f"datasets/{name}" for name in DATASETS)]
    bodies = [body_of(study.get(path)) for path in paths]
    bodies += [
        body_of(study.get(f"datasets/{name}", format="csv")) for name in DATASETS
    ]
    for body in bodies:
        text = body.decode().lower()
        assert [word for word in words if word in text] == []


def test_the_description_is_valid_openapi_3_1(study: Study) -> None:
    document = json.loads(body_of(study.get("schema")))
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()
    assert set(document["paths"]) == {
        "/api/v1/",
        "/api/v1/datasets/",
        "/api/v1/datasets/{name}",
        "/api/v1/manifest",
    }
    answers = document["paths"]["/api/v1/datasets/{name}"]["get"]["responses"]["200"]
    assert set(answers["content"]) == {"application/json", "text/csv"}
    operations = [set(each) for each in document["paths"].values()]
    assert operations == [{"get"}] * 4


@pytest.mark.requirement("SEC-05")
def test_an_expired_token_opens_nothing(study: Study) -> None:
    _, plain = new_token(study.world, lasting=timedelta(seconds=1))
    ahead = timezone.now() + timedelta(minutes=1)
    assert token_in_force(plain, now=timezone.now()) is not None
    assert token_in_force(plain, now=ahead) is None


@pytest.mark.requirement("SEC-05")
def test_a_revoked_token_opens_nothing(study: Study) -> None:
    token, plain = new_token(study.world)
    assert study.get("", token=plain).status_code == 200
    revoke_token(
        token=token,
        at=timezone.now(),
        reason="The program is gone",
        by=study.world.actor(Role.DATA_MANAGER),
    )
    assert study.get("", token=plain).status_code == 401


def test_a_token_ends_with_its_persons_delegation(study: Study) -> None:
    world = study.world
    token, plain = new_token(world, Role.STATISTICIAN)
    line = Delegation.objects.get(user=token.user)
    end_delegation(
        delegation=line,
        on=timezone.now().date() - timedelta(days=1),
        reason="Left the company",
        by=world.actor(Role.DATA_MANAGER),
    )
    assert study.get("", token=plain).status_code == 401


def test_a_token_opens_one_trial_and_shows_nothing_of_another(study: Study) -> None:
    other = new_study("TEST-2")
    for name in DATASETS:
        own = page_of(study, name, limit=100_000)
        assert all(row[0] == "TEST-1" for row in own["rows"])
        others = page_of(other, name, limit=100_000)
        assert all(row[0] == "TEST-2" for row in others["rows"])
    everything = b"".join(
        body_of(other.get(f"datasets/{name}", format="csv")) for name in DATASETS
    )
    assert b"TEST-1" not in everything
    assert ApiToken.objects.get(pk=other.token.pk).trial == other.world.trial
