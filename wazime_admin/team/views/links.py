"""Where a one-time link leads: to an account of one's own, or to a new password.

The address with the token only puts its digest into the session and goes on to one without: what
the browser keeps, shows and passes on from there does not let anybody in.
"""

from allauth.core import ratelimit
from django.contrib import auth
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from wazime_admin.team import selectors, services
from wazime_admin.team.forms import JoinForm, NewPasswordForm
from wazime_admin.team.models import Invitation, OneTimeLink, PasswordLink, User
from wazime_admin.team.selectors import Link
from wazime_admin.team.services import LinkGone, NameTaken


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    if answer := _before(request, Invitation):
        return answer
    invitation = _followed(request, Invitation)
    if not (invitation and invitation.is_open):
        return _gone(request, invitation)
    form = JoinForm(_posted(request), invitation=invitation)
    if form.is_valid():
        try:
            person = form.save(commit=False)
            services.join(invitation=invitation, person=person)
            return _enter(request, Invitation, person)
        except LinkGone:
            return _gone(request, _followed(request, Invitation))
        except NameTaken:
            form.add_error("username", _("Somebody else has just taken this user name."))
    return _form_page(request, "team/join.html", form)


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def new_password(request: HttpRequest) -> HttpResponse:
    if answer := _before(request, PasswordLink):
        return answer
    link = _followed(request, PasswordLink)
    if not (link and link.is_open):
        return _gone(request, link)
    form = NewPasswordForm(link.person, _posted(request))
    if form.is_valid():
        try:
            password = form.cleaned_data["new_password1"]
            person = services.choose_password(link=link, password=password)
            return _enter(request, PasswordLink, person)
        except LinkGone:
            return _gone(request, _followed(request, PasswordLink))
    return _form_page(request, "team/new_password.html", form)


def _before(request: HttpRequest, model: type[OneTimeLink]) -> HttpResponse | None:
    """Every other answer than the form: who is in already, who comes by the link, a flood."""
    if request.user.is_authenticated:
        context = {"is_invitation": model is Invitation}
        return render(request, "team/already_in.html", context)
    if "token" in request.GET:
        digest = services.digest_of(request.GET["token"])
        # Whoever only guesses gets no session.
        if selectors.link(model, digest):
            request.session[_key(model)] = digest
        else:
            request.session.pop(_key(model), None)
        return redirect(request.path)
    refused: HttpResponse | None = ratelimit.consume_or_429(request, action="one_time_link")
    return refused


def _followed(request: HttpRequest, model: type[Link]) -> Link | None:
    """The link by which this browser came, as it is now."""
    return selectors.link(model, request.session.get(_key(model), ""))


def _posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _key(model: type[OneTimeLink]) -> str:
    return f"{model._meta.model_name}_digest"


def _enter(request: HttpRequest, model: type[OneTimeLink], person: User) -> HttpResponse:
    del request.session[_key(model)]
    auth.login(request, person)
    return redirect("inbox:list")


def _form_page(
    request: HttpRequest, template: str, form: JoinForm | NewPasswordForm
) -> HttpResponse:
    return render(request, template, {"form": form}, status=422 if form.errors else 200)


def _gone(request: HttpRequest, link: OneTimeLink | None) -> HttpResponse:
    """link: None when its token is none of ours, or was replaced by a newer one."""
    return render(request, "team/gone.html", {"link": link}, status=410 if link else 404)
