"""Routes of trials."""

from django.urls import path

from trials import views

app_name = "trials"
urlpatterns = [
    path("demonstration/", views.demonstration, name="demonstration"),
    path("demonstration/become/", views.become, name="become"),
    path("trials/<uuid:uuid>/", views.trial, name="trial"),
    path("trials/<uuid:uuid>/delegate/", views.delegate, name="delegate"),
    path("trials/<uuid:uuid>/approve/", views.record_approval, name="approve"),
    path("trials/<uuid:uuid>/reopen/", views.reopen, name="reopen"),
    path("reopenings/<int:pk>/agree/", views.agree, name="agree"),
    path("sites/<uuid:uuid>/suspend/", views.suspend, name="suspend"),
    path("suspensions/<int:pk>/lift/", views.lift, name="lift"),
    path("delegations/<int:pk>/end/", views.end_delegation, name="end_delegation"),
]
