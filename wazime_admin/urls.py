from allauth.account import views as account
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path, register_converter
from django.views.generic import RedirectView
from django.views.i18n import set_language

from inbox.views import templates
from wazime_admin.connection.views import connection, healthz, metrics
from wazime_admin.converters import IdConverter
from wazime_admin.manifest import manifest

register_converter(IdConverter, "id")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="inbox:list")),
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/logout/", login_not_required(account.logout), name="account_logout"),
    path("accounts/closed/", account.account_inactive, name="account_inactive"),
    path("accounts/password/change/", account.password_change, name="account_change_password"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("inbox/", include("inbox.urls")),
    path("inbox/replies/", include("inbox.replies.urls")),
    path("inbox/", include("inbox.teamwork.urls")),
    path("contacts/", include("contacts.urls")),
    path("broadcasts/", include("inbox.broadcasts.urls")),
    path("reports/", include("inbox.reports.urls")),
    path("templates/", templates.index, name="templates"),
    path("", include("wazime_admin.team.urls")),
    path("settings/connection/", connection, name="connection"),
    path("manifest.webmanifest", manifest, name="manifest"),
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
]
handler400 = "wazime_admin.errors.bad_request"
handler403 = "wazime_admin.errors.forbidden"
handler404 = "wazime_admin.errors.not_found"
handler429 = "wazime_admin.errors.too_many_requests"
handler500 = "wazime_admin.errors.server_error"
