"""Late entry: forms entered days after the assessment, and days changed afterwards."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.vocabulary import Permission
from workbench.access.lateness import MOST, late_forms
from workbench.rail import sites_in_view
from workbench.views.changes import review_tabs

LAGS = (1, 3, 7, 14, 21)
USUAL = 3


@require_safe
def late(request: HttpRequest) -> HttpResponse:
    """List each form that was entered late, with its lag, and each changed day."""
    sites = sites_in_view(request, Permission.READ_TRAIL)
    if not sites:
        raise Http404
    asked = request.GET.get("least", "")
    least = int(asked) if asked in {str(lag) for lag in LAGS} else USUAL
    only_changed = "changed" in request.GET
    forms = late_forms(
        [site.pk for site in sites], least=least, only_changed=only_changed
    )
    context = {
        "tabs": review_tabs("late"),
        "forms": forms,
        "lags": LAGS,
        "least": least,
        "only_changed": only_changed,
        "most": MOST if len(forms) == MOST else 0,
        "changed": sum(form.changes > 0 for form in forms),
        "empty": {
            "sentence": "No form was entered that late.",
            "next": "Nor was the day of an assessment changed after it was entered.",
        },
    }
    return render(request, "workbench/late.html", context)
