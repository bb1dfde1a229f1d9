"""`manage.py score`: one JSON object per case, malformed files refused whole."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from assessments.instruments import REGISTRY

FILE = Path(__file__).parent / "caps_cases.json"


def scored(instrument: str, file: Path) -> tuple[list[dict[str, object]], str]:
    """The printed objects, and what was said about cases left out."""
    out, err = StringIO(), StringIO()
    call_command("score", instrument, str(file), stdout=out, stderr=err)
    return [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


@pytest.mark.parametrize(
    ("name", "title", "others"),
    [
        ("caps5", "CAPS-5", 3),
        ("CAPS-5", "CAPS-5", 3),
        ("caps4", "CAPS-IV", 7),
        ("CAPS-IV", "CAPS-IV", 7),
    ],
)
def test_each_published_case_comes_out_with_exactly_its_expected_keys(
    name: str, title: str, others: int
) -> None:
    cases = [
        case for case in json.loads(FILE.read_text()) if case["instrument"] == title
    ]
    lines, left_out = scored(name, FILE)
    assert lines == [{"id": case["id"], **case["expected"]} for case in cases]
    assert left_out.count(f"not of {title}.") == others


def test_cases_without_an_instrument_are_scored_as_the_one_asked_for(
    tmp_path: Path,
) -> None:
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([{"id": 7, "items": [8, 6, None]}]))
    lines, left_out = scored("sds", file)
    assert lines[0]["mean"] == 7.0
    assert lines[0]["total"] is None
    assert left_out == ""


@pytest.mark.parametrize("code", [code for code, _ in REGISTRY])
def test_every_instrument_is_scored_from_a_file_and_null_where_undetermined(
    code: str, tmp_path: Path
) -> None:
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([{"id": "a"}, {"id": "b"}]))
    lines, left_out = scored(code, file)
    assert [line["id"] for line in lines] == ["a", "b"]
    assert lines[0] == {**lines[1], "id": "a"}
    # Whatever is a score is undetermined: what counts answers found none.
    counted = {"observed", "counts", "urgency", "criteria", "clusters", "missing"}
    scores = {key: each for key, each in lines[0].items() if key != "id"}
    assert {key for key, each in scores.items() if each is not None} <= counted
    assert left_out == ""


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("panss", "[]", "There is no instrument panss"),
        ("pcl5", FILE.read_text(), "No case is of PCL-5"),
        ("caps5", "{}", "must hold a JSON list"),
        ("caps5", "[1]", "must hold a JSON list"),
        ("caps5", "not json", "Expecting value"),
        ("caps5", '[{"id": 1, "items": [1]}]', "must be a list of 20"),
    ],
)
def test_a_file_that_cannot_be_scored_is_refused(
    name: str, content: str, sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / "cases.json"
    file.write_text(content)
    with pytest.raises(CommandError, match=sentence):
        scored(name, file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        scored("caps5", tmp_path / "none.json")
