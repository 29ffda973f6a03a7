"""What admins fill in before a broadcast starts, judged before anything is kept."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contacts import numbers
from inbox import lookups
from inbox.broadcasts import audiences
from inbox.broadcasts.audiences import Look
from inbox.broadcasts.models import NAME_LENGTH, Audience, Broadcast, Source
from inbox.broadcasts.spreadsheets import Columns
from inbox.broadcasts.variables import places
from inbox.forms import IdField, from_numbers
from wazime_admin.team.models import User
from wazime_admin.trouble import explain
from wazime_admin.wazime.errors import WaziMeError
from wazime_admin.wazime.types import Template

LATEST = timedelta(days=3653)  # from now
LEAST_RATE = 0.1  # messages a second
# Some 50,000 numbers. A form that is much larger is not read at all; a file may be.
PASTED_LENGTH = 1_000_000  # characters

# The fields that say where the recipients come from.
SOURCES = ("recipients", "recipients_file", "all_contacts", "search", "audience")
# The parts of a template that may have places to fill, {{1}} and so on.
PARTS = ("header", "body")


def variables_on() -> bool:
    return bool(getattr(settings, "WAZIME_TEMPLATE_VARIABLES", False))


def has_gaps(template: Mapping[str, Any]) -> bool:
    return any("{{" in template.get(part, "") for part in PARTS)


def as_chosen(template: Template) -> dict[str, Any]:
    """What a broadcast keeps of its template."""
    kept = ("name", "header", "header_format", "body", "footer", "buttons")
    return {name: value for name, value in asdict(template).items() if name in kept}


# --- The draft --------------------------------------------------------------------------------


class DraftForm(forms.Form):
    """A broadcast before it starts. People script these field names.

    kept_file: a file that came with this form before, when something else was wrong with it; or
    the one that the draft has. Where neither a number nor the rate is given, the usual one holds.
    """

    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        help_text=_("For you and your team. Customers do not see it."),
        widget=forms.TextInput({"autocomplete": "off", "dir": "auto"}),
    )
    template_id = IdField(label=_("Template"))
    from_number = forms.ChoiceField(label=_("Send from"), choices=from_numbers, required=False)

    recipients = forms.CharField(
        label=_("Phone numbers"),
        required=False,
        max_length=PASTED_LENGTH,
        widget=forms.Textarea({"rows": 7, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("One on each line, in whatever way they are written. 55 can be left out."),
        error_messages={"max_length": _("This is too much to paste. Send it as a file.")},
    )
    recipients_file = forms.FileField(
        label=_("File"),
        required=False,
        allow_empty_file=True,  # audiences.check has a sentence for it
        widget=forms.FileInput({"accept": ".csv,.txt,.tsv,.xlsx"}),
        help_text=_(
            "CSV or Excel (.xlsx), up to 50 MB. Before you start, you see what was recognised."
        ),
    )
    kept_file = forms.ModelChoiceField(
        Audience.objects.none(), required=False, widget=forms.HiddenInput
    )
    all_contacts = forms.BooleanField(label=_("Everybody in the contacts"), required=False)
    search = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text=_("Whoever the search for contacts finds by this: a name, a part of a number."),
    )
    audience = forms.ModelChoiceField(
        Audience.objects.none(),
        label=_("Audience"),
        required=False,
        empty_label=_("None"),
    )

    rate = forms.FloatField(
        label=_("Messages a second"),
        required=False,
        widget=forms.NumberInput({"step": "any", "inputmode": "decimal"}),
    )
    scheduled_at = forms.DateTimeField(
        label=_("Start at"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("By your clock. Empty: at once, when you start it."),
    )
    quiet_hours = forms.BooleanField(
        label=_("Send nothing between 9 PM and 8 AM"),
        required=False,
        initial=True,
        help_text=_("By each recipient's own clock, as far as the number tells it."),
    )
    create_contacts = forms.BooleanField(
        label=_("Create contacts for new numbers"),
        required=False,
        initial=True,
        help_text=_("So that their answers come under a name. They count against WaziMe's plan."),
    )

    template: Template | None = None
    columns: Columns | None = None
    upload: "UploadedFile[bytes] | None" = None

    def __init__(self, *args: Any, person: User, draft: Broadcast | None = None, **more: Any):
        super().__init__(*args, **more)
        self.person, self.draft = person, draft
        own = Q(name="", source=Source.FILE, author=person)
        mine = Q(pk=draft.audience_id) if draft else Q()
        files = Audience.objects.filter(own | mine if draft else own)
        saved = Audience.objects.exclude(name="").order_by("name")
        for name, offered in (("kept_file", files), ("audience", saved)):
            self.fields[name].queryset = offered  # type: ignore[attr-defined]
        self.most = settings.WAZIME_SEND_RATE
        self.fields["rate"].initial = f"{self.most:g}"
        self.fields["rate"].widget.attrs |= {"min": self.least, "max": self.most}
        self.fields["rate"].help_text = _("At most %(most)s, which agents' replies share.") % {
            "most": f"{self.most:g}"
        }

    @property
    def least(self) -> float:
        return min(LEAST_RATE, self.most)

    @property
    def has_from_numbers(self) -> bool:
        return len(settings.WAZIME_FROM_NUMBERS) > 1

    @property
    def chosen_template(self) -> str:
        return str(self["template_id"].value() or "")

    @property
    def given(self) -> list[str]:
        """The sources of which something is filled in."""
        return [name for name in SOURCES if self._is_given(name)]

    @property
    def file_at_hand(self) -> Audience | None:
        """The file that need not be chosen again."""
        try:
            found: Audience | None = self.fields["kept_file"].clean(self["kept_file"].value())
        except ValidationError:
            return None
        return found

    # Judging ----------------------------------------------------------------------------------

    def clean_recipients_file(self) -> Any:
        upload = self.cleaned_data["recipients_file"]
        if upload:
            self.columns, self.upload = audiences.check(upload), upload
        return upload

    def clean_template_id(self) -> int | None:
        wanted: int | None = self.cleaned_data["template_id"]
        if wanted is None:
            raise ValidationError(_("Choose a template."))
        try:
            approved = lookups.approved_templates().value
        except WaziMeError as error:
            raise ValidationError(str(explain(error).cause)) from error
        self.template = next((row for row in approved if row.id == wanted), None)
        if self.template is None:
            raise ValidationError(_("This template is not approved (any more)."))
        return wanted

    def clean_rate(self) -> float:
        rate: float | None = self.cleaned_data["rate"]
        if rate is None:
            return self.most
        if not self.least <= rate <= self.most:
            limits = {"least": f"{self.least:g}", "most": f"{self.most:g}"}
            raise ValidationError(_("This is a number from %(least)s to %(most)s.") % limits)
        return rate

    def clean_scheduled_at(self) -> Any:
        moment = self.cleaned_data["scheduled_at"]
        if moment and moment <= timezone.now():
            raise ValidationError(_("This time has passed. Leave it empty to start at once."))
        if moment and moment > timezone.now() + LATEST:
            raise ValidationError(_("This is more than ten years away: choose a time before that."))
        return moment

    def clean(self) -> dict[str, Any]:
        if not self.given:
            words = _("Say who gets it: paste numbers, or choose another way.")
            self.add_error("recipients", words)
        if len(self.given) > 1:
            for name in self.given:
                self.add_error(name, _("One way at a time: empty this one or the others."))
        return self.cleaned_data

    # Keeping ----------------------------------------------------------------------------------

    def keep_file(self) -> None:
        """Store a good file at once, whatever else is wrong: a browser cannot offer it again."""
        self.full_clean()
        if self.columns is None or self.upload is None:
            return
        try:
            kept = audiences.keep(self.upload, self.columns, self.person)
        except ValidationError as refusal:
            self.add_error("recipients_file", refusal)
            return
        self.data = {**self.data.dict(), "kept_file": kept.pk}  # type: ignore[attr-defined]
        self.cleaned_data["kept_file"] = kept

    def choices(self) -> dict[str, Any]:
        """The broadcast's fields as the valid form says them; its audience is stored."""
        values = self.cleaned_data
        kept = ("name", "template_id", "from_number", "rate", "scheduled_at")
        chosen = {name: values[name] for name in (*kept, "quiet_hours", "create_contacts")}
        chosen["template"] = as_chosen(self.template) if self.template else {}
        chosen["audience"] = self._audience()
        return chosen

    def _audience(self) -> Audience:
        values = self.cleaned_data
        there: Audience | None = values["audience"] or values["kept_file"]
        if there:
            return there
        [source] = [
            Audience(source=source, author=self.person, **{field: value} if field else {})
            for source, field, value in (
                (Source.PASTED, "text", values["recipients"]),
                (Source.SEARCH, "search", values["search"]),
                (Source.ALL, "", values["all_contacts"]),
            )
            if value
        ]
        if self.draft and audiences.same(self.draft.audience, source):
            return self.draft.audience
        source.save()
        return source

    def _is_given(self, name: str) -> bool:
        if name == "recipients_file" and self["kept_file"].data:
            return True
        return bool(str(self[name].data or "").strip())


def values_of(draft: Broadcast) -> dict[str, Any]:
    """What the form shows of a draft."""
    kept = ("name", "template_id", "from_number", "rate", "scheduled_at")
    values = {name: getattr(draft, name) for name in (*kept, "quiet_hours", "create_contacts")}
    audience = draft.audience
    if audience.name:
        return values | {"audience": audience.pk}
    of_source: dict[str, dict[str, Any]] = {
        Source.ALL: {"all_contacts": True},
        Source.SEARCH: {"search": audience.search},
        Source.PASTED: {"recipients": audience.text},
        Source.FILE: {"kept_file": audience.pk},
    }
    return values | of_source[audience.source]


# --- The columns of its file ------------------------------------------------------------------


COLUMN_WORDS = {
    "number": _("Phone number"),
    "code": _("Country code, if apart"),
    "area": _("Area code, if apart"),
    "firstname": _("First name"),
    "lastname": _("Last name"),
}


class ColumnsForm(forms.Form):
    """Which column of a table holds what; an empty one is not there."""

    def __init__(self, *args: Any, look: Look, **more: Any):
        super().__init__(*args, **{"auto_id": "column_%s", **more})
        columns = [(str(place), name) for place, name in look.columns]
        for name, label in COLUMN_WORDS.items():
            self.fields[name] = forms.TypedChoiceField(
                label=label,
                choices=[("", pgettext_lazy("column", "None")), *columns],
                required=name == "number",
                coerce=int,
                empty_value=None,
            )

    def clean(self) -> dict[str, Any]:
        seen: dict[int, str] = {}
        for name, place in list(self.cleaned_data.items()):
            if place is None:
                continue
            if place in seen:
                self.add_error(name, _("This column is taken for something else, too."))
            seen[place] = name
        return self.cleaned_data


# --- What fills the places of its template --------------------------------------------------------


CONTACT_WORDS = {
    "firstname": _("First name"),
    "lastname": _("Last name"),
    "city": _("City"),
    "state": _("State"),
}


class VariablesForm(forms.Form):
    """For each place of the template a column, a contact's field or a fixed text."""

    def __init__(self, *args: Any, draft: Broadcast, look: Look | None, **more: Any):
        super().__init__(*args, **more)
        self.parts = {part: places(draft.template.get(part, "")) for part in PARTS}
        columns = [(f"column:{place}", name) for place, name in look.columns] if look else []
        contact = [(f"contact:{name}", words) for name, words in CONTACT_WORDS.items()]
        choices = [
            ("", _("Choose…")),
            *([(_("A column of the file"), columns)] if columns else []),
            (_("What the contact has"), contact),
            ("text", _("The same text for everybody")),
        ]
        for part, count in self.parts.items():
            filled = draft.variables.get(part, [])
            for place in range(count):
                now = filled[place] if place < len(filled) else {}
                self._add(f"{part}_{place}", f"{{{{{place + 1}}}}}", choices, now)

    def _add(self, name: str, label: str, choices: Any, now: Mapping[str, Any]) -> None:
        [(kind, value)] = now.items() if now else [("", "")]
        self.fields[name] = forms.ChoiceField(
            label=label,
            choices=choices,
            initial=kind if kind in ("", "text") else f"{kind}:{value}",
        )
        self.fields[f"{name}_text"] = forms.CharField(
            label=_("Text"),
            required=False,
            max_length=500,
            initial=value if kind == "text" else "",
            widget=forms.TextInput({"autocomplete": "off"}),
        )

    @property
    def pairs(self) -> list[tuple[str, forms.BoundField, forms.BoundField]]:
        """The part of the template, the choice and the text of each place."""
        return [
            (part, self[f"{part}_{place}"], self[f"{part}_{place}_text"])
            for part, count in self.parts.items()
            for place in range(count)
        ]

    def clean(self) -> dict[str, Any]:
        for _part, choice, text in self.pairs:
            is_text = self.cleaned_data.get(choice.name) == "text"
            if is_text and not self.cleaned_data.get(text.name):
                self.add_error(text.name, _("Write the text."))
        return self.cleaned_data

    def variables(self) -> dict[str, list[dict[str, Any]]]:
        """As the broadcast keeps them."""
        found: dict[str, list[dict[str, Any]]] = {part: [] for part in self.parts}
        for part, choice, text in self.pairs:
            kind, _colon, value = self.cleaned_data[choice.name].partition(":")
            filled = {"column": value, "contact": value, "text": self.cleaned_data[text.name]}[kind]
            found[part].append({kind: int(filled) if kind == "column" else filled})
        return found


# --- The small ones ---------------------------------------------------------------------------


class TestForm(forms.Form):
    """One number to try the message with. send_id comes from the page, once per test."""

    __test__ = False  # no test, whatever its name says to pytest

    number = forms.CharField(
        label=_("Phone number"),
        max_length=60,
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "off"}),
    )
    send_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **{"auto_id": "test_%s", **more})

    def clean_number(self) -> numbers.Number:
        number = numbers.parse(self.cleaned_data["number"])
        if number is None:
            raise ValidationError(_("There is no such phone number. Check the digits."))
        return number


class NameForm(forms.Form):
    """The name under which an audience is saved."""

    name = forms.CharField(
        label=_("Name"), max_length=100, widget=forms.TextInput({"autocomplete": "off"})
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Audience.objects.filter(name__iexact=name).exists():
            raise ValidationError(_("There is already an audience of this name."))
        return name
