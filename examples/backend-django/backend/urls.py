"""The addresses: one for the shape of each mapper, and the admin."""

from django.contrib import admin
from django.urls import path

from users import views

urlpatterns = [
    path("users/", views.users),
    path("v2/accounts/<str:sub>", views.account),
    path("admin/", admin.site.urls),
]
