from allauth.account import views as account
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="inbox:list")),
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/password/change/", account.password_change, name="account_change_password"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("inbox/", include("inbox.urls")),
    path("contacts/", include("contacts.urls")),
]
handler400 = "wazime_admin.errors.bad_request"
handler403 = "wazime_admin.errors.forbidden"
handler404 = "wazime_admin.errors.not_found"
handler500 = "wazime_admin.errors.server_error"
