"""Routes of workbench."""

from django.urls import path

from workbench.views.home import home
from workbench.views.participant import participant
from workbench.views.participants import participants
from workbench.views.trail import trail
from workbench.views.visit import visit

app_name = "workbench"
urlpatterns = [
    path("", home, name="home"),
    path("participants/", participants, name="participants"),
    path("participants/<uuid:uuid>/", participant, name="participant"),
    path("participants/<uuid:uuid>/trail/", trail, name="trail"),
    path("visits/<uuid:uuid>/", visit, name="visit"),
]
