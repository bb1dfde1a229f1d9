"""Routes of assessments."""

from django.urls import path

from assessments.views import entering, finishing, rating, reassigning, starting

app_name = "assessments"
urlpatterns = [
    path("ratings/", rating.ratings, name="ratings"),
    path("signing/", rating.signing, name="signing"),
    path(
        "participants/<uuid:uuid>/complete/",
        finishing.complete_trial,
        name="complete_trial",
    ),
    path("assessments/<uuid:uuid>/", entering.enter, name="enter"),
    path("assessments/<uuid:uuid>/draft/", entering.draft, name="draft"),
    path("assessments/<uuid:uuid>/sign/", entering.sign, name="sign"),
    path("assessments/<uuid:uuid>/reopen/", entering.reopen, name="reopen"),
    path("assessments/<uuid:uuid>/not-done/", starting.set_aside, name="set_aside"),
    path("assessments/<uuid:uuid>/reassign/", reassigning.reassign, name="reassign"),
    path("assessments/<uuid:visit>/start/<slug:code>/", starting.start, name="start"),
    path(
        "assessments/<uuid:visit>/request-rating/<slug:code>/",
        starting.request_rating,
        name="request_rating",
    ),
    path(
        "assessments/<uuid:visit>/not-done/<slug:code>/",
        starting.not_done,
        name="not_done",
    ),
]
