"""The team's pages, for admins: who works here, who may what, who was invited, what was done."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from wazime_admin.http import PageRequest, page_number, search_text
from wazime_admin.team import selectors, services
from wazime_admin.team.access import admin_required
from wazime_admin.team.forms import InvitationForm, RoleForm
from wazime_admin.team.models import Invitation, OneTimeLink, Role, User
from wazime_admin.team.services import LastAdmin, LinkGone


@admin_required
@require_safe
@vary_on_headers("HX-Request")
def index(request: PageRequest) -> HttpResponse:
    search = search_text(request)
    page = selectors.people(search=search, page=page_number(request))
    context = {"search": search, "page": page}
    if request.htmx:
        return render(request, "team/_people.html", context)
    return render(request, "team/list.html", {**context, "invitations": selectors.invitations()})


@admin_required
@require_safe
def audit(request: PageRequest) -> HttpResponse:
    asked = request.GET.get("before", "")[:18]
    before = int(asked) if asked.isascii() and asked.isdigit() else None
    entries, go_on = selectors.audit(before=before)
    context = {"entries": entries, "go_on": go_on, "is_newest": before is None}
    return render(request, "team/audit.html", context)


# --- One person -------------------------------------------------------------------------------


@admin_required
@require_safe
def person(request: PageRequest, person_id: int) -> HttpResponse:
    return _person_page(request, person_id)


@admin_required
@require_POST
def change_role(request: PageRequest, person_id: int) -> HttpResponse:
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _person_page(request, person_id, str(form.errors["role"][0]), status=422)
    role = Role(form.cleaned_data["role"])
    return _do(
        request,
        person_id,
        lambda: services.change_role(admin=request.user, person_id=person_id, role=role),
        gives_up=role != Role.ADMIN,
        done=_("The role was changed."),
    )


@admin_required
@require_POST
def deactivate(request: PageRequest, person_id: int) -> HttpResponse:
    return _do(
        request,
        person_id,
        lambda: services.deactivate(admin=request.user, person_id=person_id),
        gives_up=True,
        done=_("The account is closed. Whoever was logged in with it is logged out."),
    )


@admin_required
@require_POST
def reactivate(request: PageRequest, person_id: int) -> HttpResponse:
    return _do(
        request,
        person_id,
        lambda: services.reactivate(admin=request.user, person_id=person_id),
        done=_("The account is open again: the person can log in as before."),
    )


def _do(
    request: PageRequest,
    person_id: int,
    change: Callable[[], None],
    *,
    done: str,
    gives_up: bool = False,
) -> HttpResponse:
    """gives_up: it takes rights away; from oneself only with a tick under the sentence about it."""
    if gives_up and person_id == request.user.pk and "sure" not in request.POST:
        notice = _("This is your own account: confirm that you know what you give up.")
        return _person_page(request, person_id, notice, status=422)
    try:
        change()
    except User.DoesNotExist:
        raise Http404 from None
    except LastAdmin:
        notice = _("This is the last admin. Make somebody else an admin first.")
        return _person_page(request, person_id, notice, status=409)
    messages.success(request, done)
    # Whoever gave up their own rights may not see the team any more.
    itself = person_id == request.user.pk and gives_up
    return redirect("/") if itself else redirect("team:person", person_id)


def _person_page(
    request: PageRequest, person_id: int, notice: str = "", status: int = 200
) -> HttpResponse:
    found = get_object_or_404(User, pk=person_id)
    role = RoleForm(initial={"role": found.role})
    context = {"person": found, "role": role, "notice": notice, "days": services.LINK_DAYS}
    return render(request, "team/person.html", context, status=status)


# --- Links ------------------------------------------------------------------------------------


@admin_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: PageRequest) -> HttpResponse:
    form = InvitationForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        context = {"form": form, "days": services.LINK_DAYS}
        return render(request, "team/invite.html", context, status=status)
    invitation, token = services.invite(admin=request.user, **form.cleaned_data)
    return _invitation_link(request, invitation, token)


@admin_required
@never_cache
@require_POST
def renew(request: PageRequest, invitation_id: int) -> HttpResponse:
    try:
        invitation, token = services.renew(admin=request.user, invitation_id=invitation_id)
    except LinkGone:
        messages.info(request, _("This invitation was used or revoked meanwhile."))
        return redirect("team:list")
    return _invitation_link(request, invitation, token)


@admin_required
@require_POST
def revoke(request: PageRequest, invitation_id: int) -> HttpResponse:
    try:
        services.revoke(admin=request.user, invitation_id=invitation_id)
    except LinkGone:
        messages.info(request, _("This invitation was used or revoked meanwhile."))
    else:
        messages.success(request, _("Revoked. The link of this invitation does not work any more."))
    return redirect("team:list")


@admin_required
@never_cache
@require_POST
def make_password_link(request: PageRequest, person_id: int) -> HttpResponse:
    try:
        link, token = services.make_password_link(admin=request.user, person_id=person_id)
    except User.DoesNotExist:
        raise Http404 from None
    name, back = link.person.display_name, reverse("team:person", args=[person_id])
    address = _address(request, "team:new_password", token)
    return _link_page(request, link, address, name=name, is_invitation=False, back=back)


def _invitation_link(request: PageRequest, invitation: Invitation, token: str) -> HttpResponse:
    name = invitation.name or invitation.email
    address, back = _address(request, "team:join", token), reverse("team:list")
    return _link_page(request, invitation, address, name=name, is_invitation=True, back=back)


def _address(request: PageRequest, url_name: str, token: str) -> str:
    """The token stands behind the question mark, as only the path is written to logs."""
    return request.build_absolute_uri(f"{reverse(url_name)}?{urlencode({'token': token})}")


def _link_page(
    request: PageRequest, link: OneTimeLink, address: str, **context: object
) -> HttpResponse:
    """The only page that ever shows the link."""
    return render(request, "team/link.html", {"link": link, "address": address, **context})
