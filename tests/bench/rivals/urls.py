from django.contrib import admin
from django.urls import include, path

from inbox.models import Message
from tests.bench.rivals import views

# What the inbox offers too: who, when and in which state, a search, and counts for each state.
admin.site.register(
    Message,
    list_display=["label", "number", "state", "kind", "created_at"],
    list_filter=["state"],
    show_facets=admin.ShowFacets.ALWAYS,
    search_fields=["label", "number"],
    list_per_page=20,
)

urlpatterns = [
    path("rows/", views.rows),
    path("lines/", views.lines),
    path("admin/", admin.site.urls),
    path("", include("wazime_admin.urls")),
]
