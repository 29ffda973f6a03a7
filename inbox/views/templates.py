"""The page of WhatsApp templates, for admins."""

from collections import Counter
from collections.abc import Iterable

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from inbox.templates import all_templates
from wazime_admin.http import PageRequest, search_text
from wazime_admin.team.access import admin_required
from wazime_admin.trouble import explain
from wazime_admin.wazime.errors import WaziMeError
from wazime_admin.wazime.types import Template, TemplateStatus

# A tab holds many templates: other languages say so.
TABS = {
    "": pgettext_lazy("templates", "All"),
    "approved": pgettext_lazy("templates", "Approved"),
    "pending": pgettext_lazy("templates", "In review"),
    "rejected": pgettext_lazy("templates", "Rejected"),
    "disabled": pgettext_lazy("templates", "Disabled"),
}


@admin_required
@require_safe
@vary_on_headers("HX-Request")
def index(request: PageRequest) -> HttpResponse:
    search = search_text(request)
    status = request.GET.get("status", "")
    status = status if status in TABS else ""
    context: dict[str, object] = {"search": search, "status": status}
    try:
        reading = all_templates()
    except WaziMeError as error:
        context |= {"trouble": explain(error)}
    else:
        context |= {
            "trouble": reading.trouble and explain(reading.trouble),
            "read_at": reading.read_at,
            "total": len(reading.value),
            **_found(reading.value, status, search),
        }
    template = "inbox/_templates.html" if request.htmx else "inbox/templates.html"
    return render(request, template, context)


def _found(templates: Iterable[Template], status: str, search: str) -> dict[str, object]:
    """The tabs with their counts, and the templates of the chosen one."""
    wanted = search.casefold()
    matching = [
        template
        for template in templates
        if wanted in template.name.casefold() or wanted in template.body.casefold()
    ]
    counts = Counter(_tab(template) for template in matching)
    counts[""] = len(matching)
    return {
        "tabs": [(name, label, counts[name]) for name, label in TABS.items()],
        "templates": [row for row in matching if status in ("", _tab(row))],
    }


def _tab(template: Template) -> str:
    return TemplateStatus(template.status).name.lower() if template.status is not None else "?"
