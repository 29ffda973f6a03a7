from django.urls import path

from inbox.reports import views

app_name = "reports"
urlpatterns = [
    path("", views.page, name="page"),
    path("<slug:name>.csv", views.csv_file, name="csv"),
]
