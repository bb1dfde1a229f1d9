"""The sponsor's API, read-only and one trial per token, and the page that explains it."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.decorators import api_view, renderer_classes
from rest_framework.exceptions import AuthenticationFailed, NotFound, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.http import SignedInRequest, acts_by_post
from accounts.once import answered_by_page
from accounts.vocabulary import Permission
from audit.actors import Actor
from audit.refusal import Refused, SessionEnded
from exports import actions, serializers
from exports.access import names_held_back, tokens_for, trials_to_export
from exports.authentication import REFUSED, actor_of
from exports.datasets import DATASETS
from exports.forms import RevokeForm, TokenForm
from exports.manifest import Protocol, describe, manifest
from exports.models import ApiToken
from trials.access import trials_where
from trials.models import Trial

REFUSALS = {401: serializers.Problem, 404: serializers.Problem}
NAME = OpenApiParameter("name", str, OpenApiParameter.PATH, enum=list(DATASETS))


def _trial_of(request: Request) -> Trial:
    """Return the one trial that the request's token opens."""
    return cast(ApiToken, request.auth).trial


def _note(request: Request, *, dataset: str, form: str, filters: str = "") -> None:
    try:
        actions.note_export(
            trial=_trial_of(request),
            dataset=dataset,
            form=form,
            filters=filters,
            by=actor_of(request),
        )
    except SessionEnded:
        # The person's sign-ins were ended, this token's among them.
        raise AuthenticationFailed(REFUSED) from None


@extend_schema(operation_id="index", responses={200: serializers.Index, **REFUSALS})
@api_view(["GET", "HEAD"])
def index(request: Request) -> Response:
    """Say which trial the token opens and where everything is."""
    return Response(
        {
            "trial": _trial_of(request).identifier,
            "datasets": request.build_absolute_uri(reverse("exports:datasets")),
            "manifest": request.build_absolute_uri(reverse("exports:manifest")),
            "schema": request.build_absolute_uri(reverse("exports:schema")),
        }
    )


@extend_schema(
    operation_id="datasets",
    responses={200: serializers.DatasetDescription(many=True), **REFUSALS},
)
@api_view(["GET", "HEAD"])
def datasets(_request: Request) -> Response:
    """Describe each dataset: its columns, and those that are kept back."""
    return Response([describe(each) for each in DATASETS.values()])


@extend_schema(
    operation_id="dataset",
    parameters=[NAME, serializers.Asked],
    responses={
        (200, "application/json"): serializers.Page,
        (200, "text/csv"): OpenApiResponse(str, "Every row, with a header line."),
        400: serializers.Problem,
        **REFUSALS,
    },
)
@api_view(["GET", "HEAD"])
@renderer_classes([JSONRenderer, serializers.CsvRenderer])
def dataset(request: Request, name: str) -> HttpResponseBase:
    """Stream a dataset: every row as CSV, or a page as JSON with the next cursor."""
    chosen = DATASETS.get(name)
    if chosen is None:
        raise NotFound
    if request.accepted_renderer.format == "csv":
        return _csv(request, name)
    asked = serializers.Asked(data=request.query_params)
    asked.is_valid(raise_exception=True)
    after, limit = asked.validated_data.get("cursor"), asked.validated_data["limit"]
    if request.method == "HEAD":
        return _unread(HttpResponse(content_type="application/json"))
    from_where = "the beginning" if after is None else f"{after.number}, {after.turn}"
    _note(
        request,
        dataset=name,
        form="JSON",
        filters=f"at most {limit} rows from {from_where}",
    )
    body = serializers.json_of(
        chosen,
        _trial_of(request),
        by=actor_of(request),
        after=after,
        limit=limit,
    )
    return _unread(StreamingHttpResponse(body, content_type="application/json"))


def _csv(request: Request, name: str) -> HttpResponseBase:
    if request.query_params.keys() & {"cursor", "limit"}:
        raise ValidationError(
            {"detail": "CSV is always complete. Ask for JSON to read page by page."}
        )
    kind = "text/csv; charset=utf-8; header=present"
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse(content_type=kind)
    else:
        _note(request, dataset=name, form="CSV")
        body = serializers.csv_of(
            DATASETS[name], _trial_of(request), by=actor_of(request)
        )
        response = StreamingHttpResponse(body, content_type=kind)
    trial = _trial_of(request).identifier
    response["Content-Disposition"] = f'attachment; filename="{trial}_{name}.csv"'
    return _unread(response)


def _unread(response: HttpResponseBase) -> HttpResponseBase:
    """Ask every cache on the way to keep nothing."""
    response["Cache-Control"] = "no-store"
    return response


@extend_schema(
    operation_id="manifest", responses={200: serializers.ManifestRead, **REFUSALS}
)
@api_view(["GET", "HEAD"])
def manifest_of(request: Request) -> HttpResponseBase:
    """Count and hash every dataset's CSV, all of one moment."""
    trial = _trial_of(request)
    if request.method == "HEAD":
        return _unread(HttpResponse(content_type="application/json"))
    _note(request, dataset="manifest", form="JSON")
    body = _manifest(trial, actor_of(request))
    return _unread(StreamingHttpResponse(body, content_type="application/json"))


def _manifest(trial: Trial, by: Actor) -> Iterator[bytes]:
    """Yield the manifest: a stream as the data are, measured after the note's commit."""
    protocols = trial.protocols.order_by("adopted_on", "id")
    content = manifest(
        trial=trial.identifier,
        protocols=[
            Protocol(each.version, each.sha256, names_held_back(each))
            for each in protocols.select_related("trial")
        ],
        measured=serializers.measured(list(DATASETS.values()), trial, by=by),
        at=timezone.now(),
    )
    yield JSONRenderer().render(content)


@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Show what can be exported, how to pull it, and the tokens that may."""
    person = cast(SignedInRequest, request).user
    offered = trials_to_export(person.pk)
    asked = request.GET.get("trial")
    chosen = get_object_or_404(offered, identifier=asked) if asked else offered.first()
    if chosen is None:
        return _nothing_here(request)
    return render(request, "exports/home.html", _page(request, chosen))


def _nothing_here(request: HttpRequest) -> HttpResponse:
    return render(request, "404.html", status=404)


def _page(request: HttpRequest, trial: Trial, **more: Any) -> dict[str, Any]:
    person = cast(SignedInRequest, request).user
    managed = trials_where(person.pk, Permission.MANAGE_TOKENS)
    may_manage = managed.filter(pk=trial.pk).exists()
    shown = {
        "trial": trial,
        "trials": trials_to_export(person.pk),
        "datasets": list(DATASETS.values()),
        "address": request.build_absolute_uri(reverse("exports:index")),
        "may_manage": may_manage,
        "now": timezone.now(),
        "is_synthetic": trial.is_synthetic,
    }
    if may_manage:
        shown["tokens"] = tokens_for(person.pk).filter(trial=trial)
        shown["form"] = TokenForm(trial=trial)
    return shown | more


@never_cache
@acts_by_post(page="exports:home")
def issue(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Issue a token and show it, this once, on the page that answers."""
    signed_in = cast(SignedInRequest, request)
    managed = trials_where(signed_in.user.pk, Permission.MANAGE_TOKENS)
    trial = get_object_or_404(managed, uuid=uuid)
    form = TokenForm(request.POST, trial=trial)
    if form.is_valid():
        last_day = form.cleaned_data["last_day"] + timedelta(days=1)
        try:
            token, plain = actions.issue_token(
                trial=trial,
                user=form.cleaned_data["user"],
                name=form.cleaned_data["name"],
                expires_at=timezone.make_aware(datetime.combine(last_day, time.min)),
                by=signed_in.actor,
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            answered_by_page(
                request,
                again="This token was issued already, and shown once. If nobody kept it, "
                "revoke it and issue another.",
                page=f"{reverse('exports:home')}?trial={trial.identifier}",
            )
            shown = _page(request, trial, issued=token, plain=plain)
            return render(request, "exports/home.html", shown)
    return render(request, "exports/home.html", _page(request, trial, form=form))


def revoke(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """End a token, with a reason."""
    signed_in = cast(SignedInRequest, request)
    token = get_object_or_404(tokens_for(signed_in.user.pk), uuid=uuid)
    form = RevokeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.revoke_token(
                token=token,
                at=timezone.now(),
                reason=form.cleaned_data["reason"],
                by=signed_in.actor,
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect(f"{reverse('exports:home')}?trial={token.trial.identifier}")
    return render(request, "exports/revoke.html", {"token": token, "form": form})
