"""Routes of medical."""

from django.urls import path

from medical import views

app_name = "medical"
urlpatterns = [
    path(
        "participants/<uuid:uuid>/medical/<slug:kind>/new/", views.record, name="record"
    ),
    path("medical/<slug:kind>/<uuid:uuid>/correct/", views.correct, name="correct"),
    path("medical/<slug:kind>/<uuid:uuid>/review/", views.review, name="review"),
    path("medical/<slug:kind>/<uuid:uuid>/void/", views.void, name="void"),
]
