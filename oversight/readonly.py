"""A ModelAdmin that can only be read, and a paginator that never counts a long table."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.admin import AllValuesFieldListFilter, ModelAdmin, display
from django.core.paginator import Paginator
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.text import capfirst

COUNTED_AT_MOST = 10_000
# By field, the words for its codes, which are members of an enumeration or texts.
Words = Mapping[str, Mapping[Any, str]]
_CODE = re.compile(r"[a-z][a-z0-9_]*")


class CappedPaginator(Paginator):  # type: ignore[type-arg] # generic in the stubs only
    """Counts up to ten thousand rows: an exact count of millions costs seconds a page."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return rows.order_by()[:COUNTED_AT_MOST].count()
        return len(rows)


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    """No adding, changing, deleting or actions; only the trials that the person oversees.

    `trial_path` leads from the model to its trial. `words` has, by field, what its codes
    are called on the other pages; a field of numbers has none, and loses empty decimals.
    """

    trial_path: ClassVar[str] = "trial"
    words: ClassVar[Words] = {}
    actions = None
    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    change_form_template = "oversight/record.html"
    change_list_template = "oversight/list.html"

    def has_view_permission(
        self, request: HttpRequest, obj: models.Model | None = None
    ) -> bool:
        return True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [self._told(name) for name in super().get_list_display(request)]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [
            (name, worded_filter(self.words[name]))
            if isinstance(name, str) and name in self.words
            else name
            for name in super().get_list_filter(request)
        ]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [self._told(name) for name in super().get_fields(request, obj)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_fields(request, obj)

    def _told(self, name: Any) -> Any:
        return (
            in_words(self.model, name, self.words[name]) if name in self.words else name
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        site: Any = self.admin_site
        overseen = [trial.pk for trial in site.overseen(request)]
        return (
            super().get_queryset(request).filter(**{f"{self.trial_path}__in": overseen})
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        title = capfirst(str(self.model._meta.verbose_name_plural))  # noqa: SLF001
        response = super().changelist_view(
            request, {"title": title} | (extra_context or {})
        )
        # An address that no filter understands is answered without a list.
        context = getattr(response, "context_data", None)
        if context and "cl" in context:
            context["narrowed"] = narrowed_by(context["cl"])
            context["by"] = [str(spec.title) for spec in context["cl"].filter_specs]
        return response

    def changeform_view(  # noqa: PLR0917 - Django's own signature
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        context = {"table": self.model._meta.db_table, "row": object_id}  # noqa: SLF001
        return super().changeform_view(
            request, object_id, form_url, context | (extra_context or {})
        )


@dataclass(frozen=True, slots=True)
class SetFilter:
    """One thing that narrows a list, and the address of the list without it."""

    title: str
    value: str
    without: str


def narrowed_by(changelist: Any) -> list[SetFilter]:
    """Return the filters that are set, the search last; none where all is shown."""
    found = []
    for spec in changelist.filter_specs:
        # The first choice of each is to see all.
        everything, *others = spec.choices(changelist)
        found += [
            SetFilter(str(spec.title), str(each["display"]), everything["query_string"])
            for each in others
            if each["selected"]
        ]
    if changelist.query:
        without = changelist.get_query_string(remove=["q"])
        found.append(SetFilter("search", changelist.query, without))
    return found


def in_words(
    model: type[models.Model], name: str, words: Mapping[Any, str]
) -> Callable[[models.Model], str]:
    """Return a column of the list that has the words for a field's codes."""
    field = model._meta.get_field(name)  # noqa: SLF001 - Django's public name

    @display(description=str(getattr(field, "verbose_name", name)), ordering=name)
    def told(row: models.Model) -> str:
        value = getattr(row, name)
        return words.get(str(value), plain(value))

    told.__name__ = name  # the column's class in the page
    return told


def plain(value: object) -> str:
    """Return a code as words, and a number without empty decimals."""
    if isinstance(value, float | Decimal) and value == int(value):
        return str(int(value))
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    text = "" if value is None else str(value)
    return text.replace("_", " ").capitalize() if _CODE.fullmatch(text) else text


def worded_filter(words: Mapping[Any, str]) -> type[AllValuesFieldListFilter]:
    """Return a filter of the values there are, with the words for them."""

    class WordedFilter(AllValuesFieldListFilter):
        def choices(self, changelist: Any) -> Iterator[Any]:
            for choice in super().choices(changelist):
                # With counts asked for, "screen_failure (3)".
                code, bracket, count = str(choice["display"]).partition(" (")
                shown = words.get(code, plain(code))
                yield {**choice, "display": f"{shown}{bracket}{count}"}

    return WordedFilter
