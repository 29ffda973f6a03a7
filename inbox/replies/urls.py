from django.urls import path

from inbox.replies import views

app_name = "replies"
urlpatterns = [
    path("", views.index, name="list"),
    path("new/", views.create, name="create"),
    path("preview/", views.preview, name="preview"),
    path("options/", views.options, name="options"),
    path("<id:reply_id>/edit/", views.edit, name="edit"),
    path("<id:reply_id>/delete/", views.delete, name="delete"),
    path("<id:reply_id>/used/", views.used, name="used"),
]
