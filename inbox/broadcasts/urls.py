from django.urls import path

from inbox.broadcasts.views import drafts, results, running

app_name = "broadcasts"
urlpatterns = [
    path("", running.index, name="list"),
    path("new/", drafts.new, name="new"),
    path("audiences/", drafts.audiences, name="audiences"),
    path("audiences/<int:audience_id>/delete/", drafts.delete_audience, name="delete_audience"),
    path("<int:broadcast_id>/", running.broadcast, name="broadcast"),
    path("<int:broadcast_id>/edit/", drafts.edit, name="edit"),
    path("<int:broadcast_id>/delete/", drafts.delete, name="delete"),
    path("<int:broadcast_id>/stop/", drafts.stop, name="stop"),
    path("<int:broadcast_id>/test/", drafts.send_test, name="test"),
    path("<int:broadcast_id>/left-out/", drafts.left_out, name="left_out"),
    path("<int:broadcast_id>/left-out.csv", drafts.left_out_csv, name="left_out_csv"),
    path("<int:broadcast_id>/save-audience/", drafts.save_audience, name="save_audience"),
    path("<int:broadcast_id>/start/", running.start, name="start"),
    path("<int:broadcast_id>/pause/", running.pause, name="pause"),
    path("<int:broadcast_id>/resume/", running.resume, name="resume"),
    path("<int:broadcast_id>/cancel/", running.cancel, name="cancel"),
    path("<int:broadcast_id>/retry/", running.retry, name="retry"),
    path("<int:broadcast_id>/rate/", running.rate, name="rate"),
    path("<int:broadcast_id>/go-on/", running.go_on, name="go_on"),
    path("<int:broadcast_id>/copy/", running.copy, name="copy"),
    path("<int:broadcast_id>/decide/", results.decide, name="decide"),
    path("<int:broadcast_id>/results/", results.index, name="results"),
    path("<int:broadcast_id>/results.csv", results.csv_file, name="results_csv"),
]
