"""Why sending has stopped, for everybody, and an admin's way to try again."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inbox import services
from inbox.selectors import Signals
from inbox.views.fragments import unchanged
from wazime_admin.http import PageRequest, is_path
from wazime_admin.team.access import admin_required
from wazime_admin.team.audit import record
from wazime_admin.team.models import Action
from wazime_admin.trouble import explain


@require_GET
def show(request: PageRequest) -> HttpResponse:
    """The banner alone, for its poll: 204 while it would say the same."""
    signals = Signals(request.user)
    if unchanged(request, signals.gate_version):
        return HttpResponse(status=204)
    return render(request, "inbox/_gate.html", {"signals": signals})


@require_POST
@admin_required
def try_now(request: PageRequest) -> HttpResponse:
    """Ask WaziMe at once whether the cause is cured, and say what it answered."""
    still = services.try_gate()
    record(by=request.user, action=Action.GATE_TRIED)
    signals = Signals(request.user)
    if still:
        messages.error(request, _("Not yet. %(cause)s") % {"cause": explain(still).cause})
    elif signals.gate:
        messages.success(request, _("WaziMe answers again: the next message goes out as a test."))
    else:
        messages.success(request, _("Sending goes on."))
    if request.htmx:
        return render(request, "inbox/_gate_answer.html", {"signals": signals})
    page = request.POST.get("next", "")
    return redirect(page if is_path(page) else "/")
