"""Routes of trials."""

from django.urls import path

from trials import views

app_name = "trials"
urlpatterns = [
    path("demonstration/", views.demonstration, name="demonstration"),
    path("demonstration/become/", views.become, name="become"),
    path("trials/<uuid:uuid>/", views.trial, name="trial"),
    path("trials/<uuid:uuid>/delegate/", views.delegate, name="delegate"),
    path("delegations/<int:pk>/end/", views.end_delegation, name="end_delegation"),
]
