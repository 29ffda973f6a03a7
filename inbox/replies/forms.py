"""What people fill in about a saved reply."""

import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from inbox.forms import MESSAGE_LENGTH, TOO_LONG, TextField
from inbox.replies.models import SHORTCUT_LENGTH, SavedReply
from wazime_admin.team.models import User


class ShortcutField(forms.CharField):
    """Letters, digits and hyphens. Capitals mean the same, and the slash before it is not part."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return unicodedata.normalize("NFC", text.removeprefix("/").lower())

    def validate(self, value: str) -> None:
        super().validate(value)
        if not re.fullmatch(r"(?:[^\W_]|-)*", value):
            raise ValidationError(_("Letters, digits and hyphens only, without spaces."))


class ReplyForm(forms.Form):
    shortcut = ShortcutField(
        label=_("Shortcut"),
        max_length=SHORTCUT_LENGTH,
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none"}),
        help_text=_("One short word. In a message, / and this word bring the text."),
    )
    text = TextField(
        label=_("Text"),
        max_length=MESSAGE_LENGTH,
        error_messages={"max_length": TOO_LONG},
        widget=forms.Textarea({"rows": 6, "dir": "auto", "data-count": "reply-count"}),
    )
    shared = forms.BooleanField(
        label=_("For everybody"),
        required=False,
        help_text=_("Otherwise only you see it."),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        if not person.is_admin:
            del self.fields["shared"]

    @property
    def owner(self) -> User | None:
        """Whose the valid form's reply is; None for everybody's."""
        return None if self.cleaned_data.get("shared") else self.person

    def say_taken(self, reply: SavedReply) -> None:
        words = _("There is a reply with the shortcut /%(shortcut)s already.")
        self.add_error("shortcut", words % {"shortcut": reply.shortcut})
