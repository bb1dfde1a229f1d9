"""Routes of adverse_events."""

from django.urls import path

from adverse_events import views

app_name = "adverse_events"
urlpatterns = [
    path("safety/", views.board, name="board"),
    path("participants/<uuid:uuid>/events/new/", views.report, name="report"),
    path("events/<uuid:uuid>/", views.event, name="event"),
    path("events/<uuid:uuid>/amend/", views.amend, name="amend"),
    path("events/<uuid:uuid>/causality/", views.causality, name="causality"),
    path("events/<uuid:uuid>/receive/", views.receive, name="receive"),
    path("events/<uuid:uuid>/determine/", views.determine, name="determine"),
    path("events/<uuid:uuid>/send/<slug:kind>/", views.send, name="send"),
    path("events/<uuid:uuid>/void/", views.void, name="void"),
]
