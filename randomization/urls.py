"""Routes of randomization."""

from django.urls import path

from randomization import views

app_name = "randomization"
urlpatterns = [
    path("kits/", views.kits, name="kits"),
    path("trials/<uuid:uuid>/list/", views.load_list, name="load_list"),
    path("trials/<uuid:uuid>/arms/", views.arms, name="arms"),
    path("sites/<uuid:uuid>/kits/", views.load_kits, name="load_kits"),
    path("participants/<uuid:uuid>/randomize/", views.randomize, name="randomize"),
    path("visits/<uuid:uuid>/dispense/", views.dispense, name="dispense"),
    path(
        "visits/<uuid:uuid>/kits/<str:part>/exchange/", views.exchange, name="exchange"
    ),
    path(
        "visits/<uuid:uuid>/kits/<str:part>/time/",
        views.correct_time,
        name="correct_time",
    ),
    path("participants/<uuid:uuid>/unblind/", views.unblind, name="unblind"),
    path("participants/<uuid:uuid>/planned-unblinding/", views.planned, name="planned"),
    path(
        "participants/<uuid:uuid>/accidental-unblinding/",
        views.accident,
        name="accident",
    ),
    path("unblindings/", views.unblindings, name="unblindings"),
    path("unblindings/<uuid:uuid>/impact/", views.impact, name="impact"),
]
