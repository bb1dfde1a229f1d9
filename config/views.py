"""The health pages that machines ask: starter, container, load balancer, monitor."""

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from audit.health import in_short
from trials.models import Trial


@login_not_required
def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 once the database answers; no more is said to a stranger."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
def health_of_trail(request: HttpRequest) -> JsonResponse:
    """Answer 200 or 503, and which signs are good; a stranger learns no detail.

    Anchors, verification, worker and queue; the oversight site says the rest.
    """
    trials = dict(Trial.objects.values_list("pk", "identifier"))
    signs = in_short(now=timezone.now(), trials=trials)
    is_good = all(sign.is_good for sign in signs)
    told = {sign.code: "good" if sign.is_good else "bad" for sign in signs}
    return JsonResponse(
        {"state": "good" if is_good else "bad", "signs": told},
        status=200 if is_good else 503,
    )
