"""Routes of participants."""

from django.urls import path

from participants.views.deviations import new_deviation
from participants.views.eligibility import eligibility
from participants.views.identity import identity
from participants.views.screening import screening, screening_day
from participants.views.waivers import end_waiver, waive

app_name = "participants"
urlpatterns = [
    path("participants/screen/", screening, name="screen"),
    path(
        "participants/<uuid:uuid>/screening-day/", screening_day, name="screening_day"
    ),
    path("participants/<uuid:uuid>/identity/", identity, name="identity"),
    path("participants/<uuid:uuid>/eligibility/", eligibility, name="eligibility"),
    path("participants/<uuid:uuid>/waivers/new/", waive, name="waive"),
    path("waivers/<uuid:uuid>/end/", end_waiver, name="end_waiver"),
    path(
        "participants/<uuid:uuid>/deviations/new/", new_deviation, name="new_deviation"
    ),
]
