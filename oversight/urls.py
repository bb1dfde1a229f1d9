"""Routes of the trail's pages in the oversight site."""

from django.urls import path

from oversight import views
from oversight.site import oversight_site

app_name = "trail"
urlpatterns = [
    path("", oversight_site.admin_view(views.trail), name="list"),
    path("health/", oversight_site.admin_view(views.health), name="health"),
    path(
        "participants/<int:pk>/",
        oversight_site.admin_view(views.of_participant),
        name="participant",
    ),
    path("<str:table>/<str:row>/", oversight_site.admin_view(views.of_row), name="row"),
]
