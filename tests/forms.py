"""What a browser would send of a form as the page shows it, hidden fields among it."""

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from django.test import Client


class _Reader(HTMLParser):
    """Collects each POST form of a page with its fields and their values."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, Any]]] = []
        self._fields: dict[str, Any] | None = None
        self._select = self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method") == "post":
            self._fields = {}
            self.forms.append((given.get("action", ""), self._fields))
        elif self._fields is None:
            return
        elif tag == "input" and given.get("name"):
            self._input(given, is_chosen="checked" in given)
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and self._select and "selected" in given:
            self._fields[self._select] = given.get("value", "")
        elif tag == "textarea":
            self._textarea = given.get("name", "")
            self._fields[self._textarea] = ""

    def _input(self, given: dict[str, str], *, is_chosen: bool) -> None:
        assert self._fields is not None
        if given.get("type") in {"radio", "checkbox"}:
            if is_chosen:
                known = self._fields.setdefault(given["name"], [])
                known.append(given.get("value", "on"))
        else:
            self._fields[given["name"]] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._textarea and self._fields is not None:
            self._fields[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            if self._textarea and self._fields is not None:
                # A browser leaves out the line break that follows the tag.
                self._fields[self._textarea] = self._fields[
                    self._textarea
                ].removeprefix("\n")
            self._textarea = ""


def forms_of(html: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the POST forms of a page, each with its address and what it would send."""
    reader = _Reader()
    reader.feed(html)
    return [
        (address, {name: each for name, each in fields.items() if name})
        for address, fields in reader.forms
    ]


def posted(html: str, *, action: str = "", having: str = "") -> dict[str, Any]:
    """Return what the form with that action, or that field, would send."""
    forms = forms_of(html)
    for address, fields in forms:
        if (having and having in fields) or (not having and action in address):
            return fields
    raise AssertionError(f"no form {action or having} among {forms}")


def bare(client: Client, path: str, typed: Mapping[str, Any]) -> Any:
    """Send what is typed and nothing else: no key, no version, not by a form of ours."""
    kind = "application/x-www-form-urlencoded"
    return client.post(path, urlencode(typed, doseq=True), content_type=kind)
