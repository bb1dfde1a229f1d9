"""Routes of workbench."""

from django.urls import path

from workbench.views.amending import amend
from workbench.views.changes import (
    changes,
    changes_seen,
    review,
    review_seen,
    site_changes,
    trial_changes,
)
from workbench.views.history import history
from workbench.views.home import home
from workbench.views.late import late
from workbench.views.locking import lock
from workbench.views.medical import medical
from workbench.views.participant import participant
from workbench.views.participants import participants
from workbench.views.protocol import protocol
from workbench.views.story import story
from workbench.views.trail import trail
from workbench.views.visit import visit

app_name = "workbench"
urlpatterns = [
    path("", home, name="home"),
    path("participants/", participants, name="participants"),
    path("participants/<uuid:uuid>/", participant, name="participant"),
    path("participants/<uuid:uuid>/medical/", medical, name="medical"),
    path("participants/<uuid:uuid>/trail/", trail, name="trail"),
    path("participants/<uuid:uuid>/story/", story, name="story"),
    path("participants/<uuid:uuid>/changes/", changes, name="changes"),
    path("participants/<uuid:uuid>/changes/seen/", changes_seen, name="changes_seen"),
    path("trials/<uuid:uuid>/protocol/", protocol, name="protocol"),
    path("versions/<int:pk>/apply/", amend, name="amend"),
    path("trials/<uuid:uuid>/lock/", lock, name="lock"),
    path("visits/<uuid:uuid>/", visit, name="visit"),
    path("history/<str:table>/<str:row>/", history, name="history"),
    path("review/", review, name="review"),
    path("review/seen/", review_seen, name="review_seen"),
    path("review/late/", late, name="late"),
    path("review/sites/<uuid:uuid>/", site_changes, name="review_site"),
    path("review/trials/<uuid:uuid>/", trial_changes, name="review_trial"),
]
