from django.urls import path

from inbox.broadcasts.views import drafts, results, running

app_name = "broadcasts"
urlpatterns = [
    path("", running.index, name="list"),
    path("new/", drafts.new, name="new"),
    path("audiences/", drafts.audiences, name="audiences"),
    path("audiences/<id:audience_id>/delete/", drafts.delete_audience, name="delete_audience"),
    path("<id:broadcast_id>/", running.broadcast, name="broadcast"),
    path("<id:broadcast_id>/edit/", drafts.edit, name="edit"),
    path("<id:broadcast_id>/delete/", drafts.delete, name="delete"),
    path("<id:broadcast_id>/stop/", drafts.stop, name="stop"),
    path("<id:broadcast_id>/test/", drafts.send_test, name="test"),
    path("<id:broadcast_id>/left-out/", drafts.left_out, name="left_out"),
    path("<id:broadcast_id>/left-out.csv", drafts.left_out_csv, name="left_out_csv"),
    path("<id:broadcast_id>/save-audience/", drafts.save_audience, name="save_audience"),
    path("<id:broadcast_id>/start/", running.start, name="start"),
    path("<id:broadcast_id>/pause/", running.pause, name="pause"),
    path("<id:broadcast_id>/resume/", running.resume, name="resume"),
    path("<id:broadcast_id>/cancel/", running.cancel, name="cancel"),
    path("<id:broadcast_id>/retry/", running.retry, name="retry"),
    path("<id:broadcast_id>/rate/", running.rate, name="rate"),
    path("<id:broadcast_id>/go-on/", running.go_on, name="go_on"),
    path("<id:broadcast_id>/copy/", running.copy, name="copy"),
    path("<id:broadcast_id>/decide/", results.decide, name="decide"),
    path("<id:broadcast_id>/results/", results.index, name="results"),
    path("<id:broadcast_id>/results.csv", results.csv_file, name="results_csv"),
]
