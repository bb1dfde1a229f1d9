"""A ModelAdmin that can only be read, and a paginator that never counts a long table."""

from typing import Any, ClassVar

from django.contrib.admin import ModelAdmin
from django.core.paginator import Paginator
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

COUNTED_AT_MOST = 10_000


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

    `trial_path` leads from the model to its trial.
    """

    trial_path: ClassVar[str] = "trial"
    actions = None
    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    change_form_template = "oversight/record.html"

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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        site: Any = self.admin_site
        overseen = [trial.pk for trial in site.overseen(request)]
        return (
            super().get_queryset(request).filter(**{f"{self.trial_path}__in": overseen})
        )

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
