from django.contrib import admin
from django.urls import include, path

from inbox.models import Message
from tests.bench.rivals import views

admin.site.register(
    Message,
    list_display=["number", "kind", "state", "created_at"],
    list_per_page=20,
)

urlpatterns = [
    path("rows/", views.rows),
    path("lines/", views.lines),
    path("admin/", admin.site.urls),
    path("", include("wazime_admin.urls")),
]
