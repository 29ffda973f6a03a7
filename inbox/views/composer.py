"""The composer: what it shows, and what becomes of what was written in it."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.http import HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from inbox import lookups, media, services
from inbox.forms import CAPTION_LENGTH, MESSAGE_LENGTH, TEXTLESS, FirstMessageForm, MessageForm
from inbox.models import MEDIA_KINDS, Kind
from wazime_admin.http import PageRequest
from wazime_admin.team.models import User
from wazime_admin.trouble import explain
from wazime_admin.wazime.errors import WaziMeError
from wazime_admin.wazime.types import Contact, Conversation

# WhatsApp's window for free text, from the customer's last message.
WINDOW = timedelta(hours=24)


@dataclass(frozen=True)
class Choice:
    """A kind as the menu offers it. icon: a heroicon's name."""

    kind: Kind
    label: str | Promise
    icon: str

    @property
    def is_media(self) -> bool:
        return self.kind in MEDIA_KINDS

    @property
    def takes_text(self) -> bool:
        return self.kind not in TEXTLESS

    @property
    def accept(self) -> str:
        return media.ACCEPT[self.kind]

    @property
    def max_size(self) -> int:
        """In bytes."""
        return media.MAX_SIZE[self.kind]

    @property
    def too_large(self) -> str:
        """The words for a file beyond max_size."""
        limit = filesizeformat(self.max_size)
        return _("This file is too large: WhatsApp takes up to %(limit)s here.") % {"limit": limit}


CHOICES = (
    Choice(Kind.IMAGE, gettext_lazy("Photo"), "photo"),
    Choice(Kind.DOCUMENT, gettext_lazy("Document"), "document"),
    Choice(Kind.VIDEO, gettext_lazy("Video"), "video-camera"),
    Choice(Kind.AUDIO, gettext_lazy("Audio"), "microphone"),
    Choice(Kind.LOCATION, gettext_lazy("Location"), "map-pin"),
    Choice(Kind.TEMPLATE, gettext_lazy("Template"), "document-text"),
    Choice(Kind.CTA_URL, gettext_lazy("Link button"), "link"),
    Choice(Kind.INTERACTIVE_LIST, gettext_lazy("List"), "list-bullet"),
)


@require_GET
def templates(request: PageRequest) -> HttpResponse:
    """The approved templates alone, when somebody wants to choose one."""
    return render(request, "inbox/_template_choice.html", templates_context())


def templates_context(chosen: str = "") -> dict[str, Any]:
    """What _templates.html shows. chosen: the id of the one that is."""
    try:
        reading = lookups.approved_templates()
    except WaziMeError as error:
        return {"templates_trouble": explain(error)}
    return {"templates": reading.value, "chosen_template": chosen}


def composer_context(
    request: PageRequest, opened: Conversation | None, form: MessageForm | None = None
) -> dict[str, Any]:
    """What _composer.html shows for a conversation; for a number without one when it is None."""
    if form is None:
        form_type = MessageForm if opened else FirstMessageForm
        wanted = {name: request.GET.get(name, "") for name in ("mobile_code", "mobile", "kind")}
        given = {name: value for name, value in wanted.items() if value}
        kind = given.pop("kind", "")
        form = form_type(initial={"send_id": uuid4(), "kind_shown": kind, **given})
    kind = form.kind
    context = templates_context(form["template_id"].value()) if kind == Kind.TEMPLATE else {}
    return context | {
        "form": form,
        "composer": {
            "conversation_id": opened.id if opened else None,
            "choices": CHOICES,
            "kind": kind,
            "takes_text": kind not in TEXTLESS,
            "is_late": opened is None or is_late(opened.last_message_at),
            "length": MESSAGE_LENGTH if kind == Kind.TEXT else CAPTION_LENGTH,
            "draft": draft_key(opened),
            "has_numbers": bool(settings.WAZIME_FROM_NUMBERS),
        },
    }


def is_late(last_message_at: datetime | None) -> bool:
    """Whether free text can no longer arrive, as far as the last message tells."""
    return last_message_at is not None and timezone.now() - last_message_at > WINDOW


def draft_key(opened: Conversation | None) -> str:
    return f"conversation-{opened.id}" if opened else "new"


def put(
    form: MessageForm, *, author: User, contact: Contact, conversation_id: int | None = None
) -> int:
    """Put what the valid form says into the ledger: the HTTP status, with the reason on the form
    when it is not 200."""
    try:
        return _put(form, author=author, contact=contact, conversation_id=conversation_id)
    except ValidationError as failure:
        form.add_error(form.kind_field, failure)
        return 422
    except OperationalError:
        form.add_error(None, _("Not sent: the database is busy. Try again in a moment."))
        return 503


def _put(form: MessageForm, *, author: User, contact: Contact, conversation_id: int | None) -> int:
    content = form.content()
    try:
        message = services.write_message(
            author=author,
            send_id=form.cleaned_data["send_id"],
            contact=contact,
            content=content,
            conversation_id=conversation_id,
            from_number=form.cleaned_data["from_number"],
        )
    except services.Conflict:
        message = None
        form.renew()
        words = _("This page has already sent another message. Send this one too if you want.")
        form.add_error(None, words)
    if content.media and (message is None or message.media_id != content.media.pk):
        media.discard(content.media)
    return 200 if message else 409


def sent_events(form: MessageForm, opened: Conversation | None) -> str:
    """For HX-Trigger: the draft that was sent may be forgotten."""
    sent = form.cleaned_data["message"]
    return json.dumps({"draft-sent": {"key": draft_key(opened)}} if sent else {"message-sent": {}})
