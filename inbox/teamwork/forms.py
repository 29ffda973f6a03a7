"""What people fill in about a conversation for their team."""

from django import forms
from django.utils.translation import gettext_lazy as _

from inbox.forms import TextField
from inbox.teamwork.models import NOTE_LENGTH
from wazime_admin.team.models import User


class AssignForm(forms.Form):
    """person: empty for nobody; seen: the id of whom the page showed it to be assigned to."""

    person = forms.ModelChoiceField(User.objects.filter(is_active=True), required=False)
    seen = forms.IntegerField(required=False)


class NoteForm(forms.Form):
    text = TextField(
        max_length=NOTE_LENGTH,
        error_messages={
            "required": _("Write something first."),
            "max_length": _(
                "A note has up to %(limit_value)d characters; this has %(show_value)d."
            ),
        },
    )

    @property
    def error(self) -> str:
        """What is wrong with it, in one sentence; empty when nothing is."""
        return " ".join(map(str, self.errors.get("text", [])))
