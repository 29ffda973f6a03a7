from django.urls import path

from contacts import views

app_name = "contacts"
urlpatterns = [
    path("", views.index, name="list"),
    path("new/", views.create, name="create"),
    path("<int:contact_id>/edit/", views.edit, name="edit"),
    path("<int:contact_id>/delete/", views.delete, name="delete"),
]
