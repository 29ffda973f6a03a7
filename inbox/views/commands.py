"""Who and what the palette (Ctrl K) finds by its name: conversations, contacts, templates."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from contacts import selectors as contact_selectors
from inbox import lookups, selectors
from wazime_admin.http import PageRequest, search_text
from wazime_admin.trouble import explain
from wazime_admin.wazime.errors import WaziMeError
from wazime_admin.wazime.types import Template

FOUND = 5  # of each


@require_safe
def commands(request: PageRequest) -> HttpResponse:
    search = search_text(request)
    context = found_context(request, search) if search else {}
    return render(request, "inbox/_commands.html", context)


def found_context(request: PageRequest, search: str) -> dict[str, Any]:
    """What _commands.html shows: the first few of each, or why WaziMe cannot be asked."""
    try:
        conversations = selectors.conversations(status=None, search=search)
        contacts = contact_selectors.contacts(search=search)
        return {
            "conversations": conversations.value.rows[:FOUND],
            "contacts": contacts.value.rows[:FOUND],
            "templates": _templates(search) if request.user.is_admin else [],
        }
    except WaziMeError as error:
        return {"trouble": explain(error)}


def _templates(search: str) -> list[Template]:
    wanted = search.casefold()
    every = lookups.approved_templates().value
    return [template for template in every if wanted in template.name.casefold()][:FOUND]
