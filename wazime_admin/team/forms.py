"""What is asked of admins about the team, and of people who come by a link."""

from typing import Any

from django import forms
from django.contrib.auth.forms import SetPasswordForm, UserCreationForm
from django.utils.translation import gettext_lazy as _

from wazime_admin.team.models import Invitation, Role, User

NOT_FILLED_IN = {"autocomplete": "off"}


class InvitationForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=150,
        required=False,
        widget=forms.TextInput(NOT_FILLED_IN | {"dir": "auto"}),
        help_text=_("So that you know whom this invitation was for."),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(NOT_FILLED_IN),
        help_text=_("Nothing is sent there. The person can log in with it."),
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=Role,
        initial=Role.AGENT,
        help_text=_("An agent works in the inbox and reads contacts; an admin may do everything."),
    )


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role)


class JoinForm(UserCreationForm):  # type: ignore[type-arg]  # generic in its stubs only
    """A new account, as its person wants it."""

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("first_name", "last_name", "username", "email")
        labels = {
            "first_name": _("First name"),
            "last_name": _("Last name"),
            "username": _("User name"),
            "email": _("E-mail"),
        }
        help_texts = {
            "username": _("You log in with it: letters, digits, and any of @ . + - _"),
            "email": _("You can log in with it too."),
        }

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        first_name, _space, last_name = invitation.name.partition(" ")
        known = {"first_name": first_name, "last_name": last_name, "email": invitation.email}
        super().__init__(*args, initial=known, **kwargs)
        for name, autocomplete in (
            ("first_name", "given-name"),
            ("last_name", "family-name"),
            ("email", "email"),
        ):
            self.fields[name].widget.attrs["autocomplete"] = autocomplete
        self.fields["username"].widget.attrs["autofocus"] = True
        self.fields["password2"].help_text = ""

    def clean_email(self) -> str:
        """It is a name to log in with: it must lead to one account."""
        email: str = self.cleaned_data["email"]
        if email and User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(_("There is already an account with this e-mail."))
        return email

    def validate_password_for_user(self, user: User, password_field_name: str = "") -> None:
        super().validate_password_for_user(user, "password1")  # type: ignore[misc]


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]  # generic in its stubs only
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].widget.attrs["autofocus"] = True
        self.fields["new_password2"].help_text = ""

    def validate_password_for_user(self, user: User, password_field_name: str = "") -> None:
        super().validate_password_for_user(user, "new_password1")
