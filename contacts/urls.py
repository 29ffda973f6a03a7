from django.urls import path

from contacts.views import contacts, opt_outs

app_name = "contacts"
urlpatterns = [
    path("", contacts.index, name="list"),
    path("new/", contacts.create, name="create"),
    path("<id:contact_id>/edit/", contacts.edit, name="edit"),
    path("<id:contact_id>/delete/", contacts.delete, name="delete"),
    path("opt-outs/", opt_outs.index, name="opt_outs"),
    path("opt-outs/new/", opt_outs.add, name="add_opt_outs"),
    path("opt-outs/person/", opt_outs.decide, name="decide_opt_out"),
    path("opt-outs/<id:opt_out_id>/remove/", opt_outs.remove, name="remove_opt_out"),
]
