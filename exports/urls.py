"""Routes of exports: the API, and the page about it."""

from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.permissions import IsAuthenticated

from exports import views

app_name = "exports"
urlpatterns = [
    path("", views.index, name="index"),
    path("datasets/", views.datasets, name="datasets"),
    path("datasets/<str:name>", views.dataset, name="dataset"),
    path("manifest", views.manifest_of, name="manifest"),
    path(
        "schema",
        SpectacularJSONAPIView.as_view(permission_classes=[IsAuthenticated]),
        name="schema",
    ),
    path("about/", views.home, name="home"),
    path("about/trials/<uuid:uuid>/tokens/", views.issue, name="issue"),
    path("about/tokens/<uuid:uuid>/revoke/", views.revoke, name="revoke"),
]
