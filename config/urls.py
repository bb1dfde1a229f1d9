"""Every route of the site, by app."""

from django.urls import include, path

from config.views import health, health_of_trail
from oversight.site import oversight_site

urlpatterns = [
    path("health/", health, name="health"),
    path("health/trail.json", health_of_trail, name="health_of_trail"),
    path("", include("workbench.urls")),
    path("", include("accounts.urls")),
    path("", include("trials.urls")),
    path("", include("participants.urls")),
    path("", include("medical.urls")),
    path("", include("sessions.urls")),
    path("", include("adverse_events.urls")),
    path("", include("assessments.urls")),
    path("", include("randomization.urls")),
    path("api/v1/", include("exports.urls")),
    path("oversight/trail/", include("oversight.urls")),
    path("oversight/", oversight_site.urls),
]
