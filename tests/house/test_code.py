"""The house rules of code that no other tool holds."""

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = (
    "audit",
    "accounts",
    "trials",
    "notices",
    "participants",
    "medical",
    "sessions",
    "adverse_events",
    "assessments",
    "randomization",
    "reminders",
    "workbench",
    "exports",
    "oversight",
    "simulation",
    "config",
    "starter",
    "bench",
)
# Words that mean something else in a trial, or would not be true under both arms.
FORBIDDEN = re.compile(
    r"\b(subject_id|patients?|mdma|placebo|subjects)\b", re.IGNORECASE
)
WEB_MODULES = re.compile(
    r"(^|/)(views(/.*)?|http|forms(/.*)?|urls|site|readonly|admin(/.*)?|rail|checks"
    r"|authentication|serializers|once|editing|templatetags/.*)\.py$"
)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT), parsed(path)


def of_tests() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((ROOT / "tests").rglob("*.py")):
        yield path.relative_to(ROOT), parsed(path)


# Handed to people outside as one file that needs no other.
ONE_FILE = {Path("audit/verifier/verify_trail.py")}


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    long = {
        str(path): count
        for path, _ in chain(modules(), of_tests())
        if path not in ONE_FILE
        and (count := len((ROOT / path).read_text("utf-8").splitlines())) > 400
    }
    assert long == {}


def test_no_function_is_longer_than_forty_lines() -> None:
    long = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in chain(modules(), of_tests())
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > 40
    ]
    assert long == []


def test_every_module_says_in_one_line_what_lives_there() -> None:
    silent = [
        str(path)
        for path, tree in chain(modules(), of_tests())
        if tree.body and not (ast.get_docstring(tree) or "").strip()
    ]
    assert silent == []


def _action_modules() -> list[str]:
    found = []
    for app in APPS:
        for path in [ROOT / app / "actions.py", *(ROOT / app / "actions").glob("*.py")]:
            if path.exists() and path.name != "__init__.py":
                relative = path.relative_to(ROOT).with_suffix("")
                found.append(".".join(relative.parts))
    return found


@pytest.mark.parametrize("name", _action_modules())
def test_every_action_is_keyword_only_and_says_who_acts(name: str) -> None:
    module = import_module(name)
    wrong = []
    for function_name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ != name or function_name.startswith("_"):
            continue
        parameters = inspect.signature(function).parameters.values()
        if any(p.kind is not inspect.Parameter.KEYWORD_ONLY for p in parameters):
            wrong.append(f"{function_name} has positional arguments")
    assert wrong == []


def test_only_web_modules_know_the_web() -> None:
    web = ("django.http", "django.forms", "django.shortcuts", "crispy_forms")
    wrong = []
    for path, tree in modules():
        if WEB_MODULES.search(path.as_posix()) or path.parts[0] in {"config", "bench"}:
            continue
        wrong += [
            f"{path} imports {name}" for name in _imports(tree) if name.startswith(web)
        ]
    assert wrong == []


def test_only_oversight_imports_the_admin_and_only_exports_the_api() -> None:
    wrong = []
    for path, tree in modules():
        for name in _imports(tree):
            if name.startswith("django.contrib.admin") and path.parts[0] != "oversight":
                wrong.append(f"{path} imports {name}")
            if name.startswith("rest_framework") and path.parts[0] != "exports":
                wrong.append(f"{path} imports {name}")
    assert wrong == []


def test_the_starter_imports_no_django() -> None:
    wrong = [
        f"{path} imports {name}"
        for path, tree in modules()
        if path.parts[0] == "starter"
        for name in _imports(tree)
        if name.split(".")[0] in {"django", "config", *APPS} - {"starter"}
    ]
    assert wrong == []


def test_identifiers_use_the_trials_words() -> None:
    wrong = [
        f"{path}:{getattr(node, 'lineno', 0)} {name}"
        for path, tree in modules()
        for node in ast.walk(tree)
        for name in _names(node)
        if FORBIDDEN.search(name.replace("_", " ")) or FORBIDDEN.search(name)
    ]
    assert wrong == []


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    return []


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
