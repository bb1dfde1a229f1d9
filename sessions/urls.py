"""Routes of sessions: the participant's steps, and what happens at a visit."""

from django.urls import path

from sessions import views

app_name = "sessions"
urlpatterns = [
    path("participants/<uuid:uuid>/consent/", views.consent, name="consent"),
    path("participants/<uuid:uuid>/agreements/", views.agreements, name="agreements"),
    path("participants/<uuid:uuid>/enroll/", views.enroll, name="enroll"),
    path("participants/<uuid:uuid>/confirm/", views.confirm, name="confirm"),
    path("participants/<uuid:uuid>/parent/", views.parent, name="parent"),
    path("participants/<uuid:uuid>/withdraw/", views.withdraw, name="withdraw"),
    path(
        "participants/<uuid:uuid>/stop-treatment/",
        views.stop_treatment,
        name="stop_treatment",
    ),
    path(
        "participants/<uuid:uuid>/screen-failure/",
        views.fail_screening,
        name="fail_screening",
    ),
    path(
        "participants/<uuid:uuid>/unscheduled-visit/",
        views.unscheduled,
        name="unscheduled",
    ),
    path("visits/<uuid:uuid>/cancel/", views.cancel, name="cancel"),
    path("visits/<uuid:uuid>/book/", views.book, name="book"),
    path("visits/<uuid:uuid>/unbook/", views.unbook, name="unbook"),
    path("visits/<uuid:uuid>/hold/", views.hold, name="hold"),
    path("visits/<uuid:uuid>/miss/", views.miss, name="miss"),
    path("visits/<uuid:uuid>/reinstate/", views.reinstate, name="reinstate"),
    path("visits/<uuid:uuid>/session/", views.session, name="session"),
    path("visits/<uuid:uuid>/dosing/", views.dosing, name="dosing"),
    path(
        "visits/<uuid:uuid>/dosing/<str:part>/give/", views.give_dose, name="give_dose"
    ),
    path(
        "visits/<uuid:uuid>/dosing/<str:part>/withhold/",
        views.withhold_dose,
        name="withhold_dose",
    ),
]
