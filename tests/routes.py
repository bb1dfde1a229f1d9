"""The routes of the site, and what their views do, as their code says it."""

from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FunctionType
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

View = Callable[..., Any]


def views(resolver: URLResolver | None = None, space: str = "") -> dict[str, View]:
    """Return the view of each named route; the API's and the admin's own are not ours."""
    found: dict[str, View] = {}
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            found |= views(
                pattern, f"{space}{pattern.namespace}:" if pattern.namespace else space
            )
        elif isinstance(pattern, URLPattern) and pattern.name:
            found[f"{space}{pattern.name}"] = pattern.callback
    return found


def arguments_of(route: str) -> list[str]:
    """Return the names of what the address of a named route has to be given."""
    resolver = get_resolver()
    for space in route.split(":")[:-1]:
        resolver = resolver.namespace_dict[space][1]
    return list(
        resolver.reverse_dict.getlist(route.rsplit(":", maxsplit=1)[-1])[0][0][0][1]
    )


def acts(view: View) -> bool:
    """Whether a view does something on a POST."""
    return "POST" in words_of(view)


def edits(view: View) -> bool:
    """Whether what a view acts on is compared with what its page showed."""
    return acts(view) and "edited" in words_of(view)


@cache
def words_of(view: View) -> frozenset[str]:
    """Return every name and text in the code of a view and of the views' functions it uses."""
    words: set[str] = set()
    waiting, known = [view], {view}
    while waiting:
        function = waiting.pop()
        for code in _codes(function):
            words.update(code.co_names)
            words.update(each for each in code.co_consts if isinstance(each, str))
        for used in _used_by(function):
            if used not in known:
                known.add(used)
                waiting.append(used)
    return frozenset(words)


def _codes(function: View) -> Iterator[CodeType]:
    codes = [function.__code__] if isinstance(function, FunctionType) else []
    while codes:
        code = codes.pop()
        yield code
        codes += [each for each in code.co_consts if isinstance(each, CodeType)]


def _used_by(function: View) -> Iterator[View]:
    """Yield what a decorated function stands for, and the functions it may call."""
    if wrapped := getattr(function, "__wrapped__", None):
        yield wrapped
    if isinstance(function, FunctionType):
        names = {name for code in _codes(function) for name in code.co_names}
        for name in names:
            used = function.__globals__.get(name)
            if isinstance(used, FunctionType) and ".views" in used.__module__:
                yield used
