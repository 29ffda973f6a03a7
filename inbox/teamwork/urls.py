from django.urls import path

from inbox.teamwork import views

app_name = "teamwork"
urlpatterns = [
    path("<id:conversation_id>/assign/", views.assign, name="assign"),
    path("<id:conversation_id>/notes/", views.add_note, name="add_note"),
    path("notes/<id:note_id>/", views.edit_note, name="edit_note"),
    path("notes/<id:note_id>/delete/", views.delete_note, name="delete_note"),
]
