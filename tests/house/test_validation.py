"""The document that maps requirements to tests is true."""

from pathlib import Path

import pytest

from tests import validation


@pytest.mark.requirement("VAL-01")
def test_the_document_names_the_tests_of_each_requirement_as_they_are() -> None:
    wanted = validation.document(validation.marked_tests(validation.ROOT))
    assert validation.DOCUMENT.read_text(encoding="utf-8") == wanted


@pytest.mark.requirement("VAL-01")
def test_a_requirement_whose_test_is_removed_is_named_as_having_none(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    marked = '@pytest.mark.requirement("AUD-01")\ndef test_all_is_kept(): ...\n'
    (folder / "test_one.py").write_text(marked, encoding="utf-8")
    whole = validation.document(validation.marked_tests(tmp_path))
    assert "tests/test_one.py: all is kept" in whole
    (folder / "test_one.py").write_text("def test_all_is_kept(): ...\n")
    assert "None yet: AUD-01," in validation.document(validation.marked_tests(tmp_path))


def test_a_mark_of_no_known_requirement_is_an_error() -> None:
    with pytest.raises(ValueError, match="AUD-99"):
        validation.document({"AUD-99": ["a test"]})
