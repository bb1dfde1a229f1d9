"""`python -m tests.validation`: writes docs/validation.md, each requirement with its tests.

With `--check` it writes nothing and fails when the document says something else.
"""

import ast
import csv
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "docs" / "requirements.csv"
DOCUMENT = ROOT / "docs" / "validation.md"
AREAS = {
    "AUD": "Audit trail",
    "SIG": "Electronic signatures",
    "ACC": "Identity, access, sessions",
    "BLD": "Blinding",
    "DAT": "Data capture, correction, lock",
    "CTL": "The investigator's control, copies, inspection",
    "CON": "Consent",
    "SAF": "Safety",
    "DEA": "Accountability for a Schedule I drug",
    "IRB": "Review board",
    "PRV": "Privacy",
    "VAL": "Validation",
    "SEC": "Security",
    "OPS": "Operations",
}
HEADING = """# Validation: each requirement and its tests

Built from `docs/requirements.csv` and the `requirement` marks in `tests/` by
`python -m tests.validation`; the suite fails when this file is out of date, so a test
that is removed shows here. What a test found is in the result of `./run test` on the
same commit.

Sources: P11 is 21 CFR Part 11, FDA24 the FDA's questions and answers on electronic
systems of October 2024, E6R3 is ICH E6(R3), EMA23 the EMA's guideline on computerised
systems of 2023, A11d the draft of EU GMP Annex 11 of 2025, ASVS5 OWASP ASVS 5.0, 63B-4
NIST SP 800-63B-4, CRL the FDA's complete response letter of August 2024; bare numbers
are sections of 21 CFR and 45 CFR. *Unverified*: the wording of the source was not at
hand when the requirement was written; check it before quoting. The risk class is the
project's own judgment. Candor is built to support these rules; whether a trial meets
them is decided by how it is run as well.
"""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of docs/requirements.csv."""

    id: str
    risk: str
    requirement: str
    source: str
    provenance: str


def requirements() -> list[Requirement]:
    with REQUIREMENTS.open(encoding="utf-8", newline="") as file:
        return [Requirement(**row) for row in csv.DictReader(file)]


def marked_tests(root: Path) -> dict[str, list[str]]:
    """Return the tests that carry each requirement's mark, as `file: sentence`."""
    found: dict[str, list[str]] = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        whole = list(_of_module(tree))
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef) or node.name[:5] != "test_":
                continue
            sentence = node.name.removeprefix("test_").replace("_", " ")
            line = f"{path.relative_to(root).as_posix()}: {sentence}"
            numbers = [one for mark in node.decorator_list for one in _numbers(mark)]
            for number in dict.fromkeys([*whole, *numbers]):
                found.setdefault(number, []).append(line)
    return found


def _of_module(tree: ast.Module) -> Iterator[str]:
    """Yield the marks of a module's `pytestmark`, which every test of it carries."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "pytestmark"
            for target in node.targets
        ):
            yield from _numbers(node.value)


def _numbers(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "requirement"
        ):
            yield from (str(ast.literal_eval(argument)) for argument in node.args)


def document(tests: Mapping[str, list[str]]) -> str:
    """Return the whole document; a mark of no known requirement is a ValueError."""
    known = requirements()
    if strange := sorted(set(tests) - {one.id for one in known}):
        raise ValueError(f"docs/requirements.csv has no {', '.join(strange)}.")
    bare = [one.id for one in known if one.id not in tests]
    counted = f"{len(known) - len(bare)} of {len(known)} requirements have tests."
    missing = f"None yet: {', '.join(bare) or 'no requirement'}."
    parts = [HEADING, f"{counted} {missing}\n"]
    for area, title in AREAS.items():
        parts.append(f"## {title}\n")
        parts.append(
            "| id | risk | requirement | source | tests |\n|---|---|---|---|---|"
        )
        parts += [
            _row(one, tests.get(one.id, [])) for one in known if one.id[:3] == area
        ]
        parts.append("")
    return "\n".join(parts)


def _row(one: Requirement, tests: list[str]) -> str:
    source = one.source + (" *unverified*" if one.provenance == "unverified" else "")
    cells = [
        one.id,
        one.risk,
        one.requirement,
        source,
        "<br>".join(tests) or "**none**",
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> int:
    wanted = document(marked_tests(ROOT))
    if "--check" not in sys.argv[1:]:
        DOCUMENT.write_text(wanted, encoding="utf-8")
    elif DOCUMENT.read_text(encoding="utf-8") != wanted:
        sys.stderr.write("Out of date: python -m tests.validation writes it anew.\n")
        return 1
    sys.stdout.write(next(line for line in wanted.splitlines() if "None yet" in line))
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
