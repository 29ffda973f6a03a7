from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from inbox.content import Content
from wazime_admin.wazime.types import Status

MESSAGE_LENGTH = 4096  # characters; WhatsApp's limit for a text


class TextField(forms.CharField):
    """Browsers send line ends as CR LF: one character each, as WhatsApp and the counter count."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        return super().to_python(value.replace("\r\n", "\n") if value else value) or ""


def from_numbers() -> list[tuple[str, Any]]:
    numbers = [(number, number) for number in settings.WAZIME_FROM_NUMBERS]
    return [("", _("The default number")), *numbers]


class ReplyForm(forms.Form):
    """A text to the customer of one conversation. send_id comes from the page, once per message."""

    send_id = forms.UUIDField(widget=forms.HiddenInput)
    message = TextField(
        label=_("Message"),
        max_length=MESSAGE_LENGTH,
        error_messages={
            "required": _("Write something first."),
            "max_length": _(
                "WhatsApp takes up to %(limit_value)d characters; this has %(show_value)d."
            ),
        },
    )
    from_number = forms.ChoiceField(label=_("Send from"), choices=from_numbers, required=False)

    def content(self) -> Content:
        """What the valid form says."""
        return Content(text=self.cleaned_data["message"])


def to_status(value: str) -> Status:
    return Status(int(value))


class StatusForm(forms.Form):
    """seen: the status that the page showed, to notice that somebody else changed it."""

    status = forms.TypedChoiceField(choices=[(s.value, s.name) for s in Status], coerce=to_status)
    seen = forms.TypedChoiceField(
        choices=[(s.value, s.name) for s in Status],
        coerce=to_status,
        required=False,
        empty_value=None,
    )


class DecisionForm(forms.Form):
    """attempt: the number of the last attempt that the person saw."""

    attempt = forms.IntegerField(min_value=0)
