"""What people fill in in the inbox, judged before anything is kept or sent."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts import numbers
from inbox import lookups, media, places
from inbox.content import WITHOUT_TEXT, Content
from inbox.models import MEDIA_KINDS, Kind
from wazime_admin.trouble import explain
from wazime_admin.wazime.errors import WaziMeError
from wazime_admin.wazime.types import MAX_ID, Status, Template

MESSAGE_LENGTH = 4096  # characters; WhatsApp's limit for a text
LONGEST_SNOOZE = timedelta(days=366)
CAPTION_LENGTH = 1024  # characters; WhatsApp's limit beside anything else
TOO_LONG = _("WhatsApp takes up to %(limit_value)d characters; this has %(show_value)d.")
# WhatsApp has no text beside a place either.
TEXTLESS = (*WITHOUT_TEXT, Kind.LOCATION)

# The fields of each kind besides the text: whichever are filled in say what kind it is.
FIELDS_OF: Mapping[Kind, tuple[str, ...]] = {
    **{kind: (kind.value,) for kind in MEDIA_KINDS},
    Kind.LOCATION: (
        "location_link",
        "latitude",
        "longitude",
        "location_name",
        "location_address",
    ),
    Kind.TEMPLATE: ("template_id",),
    Kind.CTA_URL: ("cta_url_id",),
    Kind.INTERACTIVE_LIST: ("interactive_list_id",),
}
_MISSING: Mapping[Kind, Any] = {
    **dict.fromkeys(MEDIA_KINDS, _("Choose a file.")),
    Kind.TEMPLATE: _("Choose a template."),
    Kind.CTA_URL: _("Type the number of the link button."),
    Kind.INTERACTIVE_LIST: _("Type the number of the list."),
}

# Who it goes to stands above the composer, outside of its form element.
_ABOVE = {"autocomplete": "off", "form": "composer-form"}


def is_visible(character: str) -> bool:
    """Not a space, a control or a formatting character, as Unicode counts them."""
    return unicodedata.category(character) not in {"Zs", "Zl", "Zp", "Cc", "Cf"}


class TextField(forms.CharField):
    """A text that people can see. Browsers send line ends as CR LF: one character each, as WhatsApp
    and the counter count."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        text = super().to_python(value.replace("\r\n", "\n") if value else value) or ""
        return text if any(map(is_visible, text)) else ""


class IdField(forms.IntegerField):
    """A number under which WaziMe knows something."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput({"inputmode": "numeric", "autocomplete": "off"})
        super().__init__(min_value=1, max_value=MAX_ID, required=False, widget=widget, **kwargs)
        for code in ("invalid", "min_value", "max_value"):
            self.error_messages[code] = _("This is a whole number, such as 12.")


def _file(kind: Kind) -> forms.FileField:
    return forms.FileField(
        label=kind.label,
        required=False,
        allow_empty_file=True,  # media.check has a sentence for it
        widget=forms.FileInput({"accept": media.ACCEPT[kind]}),
    )


def from_numbers() -> list[tuple[str, Any]]:
    chosen = [(number, number) for number in settings.WAZIME_FROM_NUMBERS]
    return [("", _("The default number")), *chosen]


class MessageForm(forms.Form):
    """One message of one kind.

    send_id comes from the page, once per message. kind: what the page shows fields for; a script
    can leave it out. location_link: a map's link, or both coordinates, in place of the two.
    seen_message: the newest one that the page showed, 0 for none, to notice that somebody else has
    answered; a script leaves it out.
    """

    send_id = forms.UUIDField(widget=forms.HiddenInput)
    seen_message = forms.IntegerField(min_value=0, max_value=MAX_ID, required=False)
    kind_shown = forms.ChoiceField(choices=Kind.choices, required=False, widget=forms.HiddenInput)
    message = TextField(
        label=_("Message"),
        required=False,
        max_length=MESSAGE_LENGTH,
        error_messages={"max_length": TOO_LONG},
    )
    image = _file(Kind.IMAGE)
    document = _file(Kind.DOCUMENT)
    video = _file(Kind.VIDEO)
    audio = _file(Kind.AUDIO)
    location_link = forms.CharField(
        label=_("Map link or coordinates"),
        required=False,
        max_length=2000,
        help_text=_("A link copied from Google Maps or OpenStreetMap, or -23.5617, -46.6560."),
    )
    latitude = forms.CharField(label=_("Latitude"), required=False, max_length=2000)
    longitude = forms.CharField(label=_("Longitude"), required=False, max_length=40)
    location_name = forms.CharField(label=_("Name of the place"), required=False, max_length=255)
    location_address = forms.CharField(label=_("Address"), required=False, max_length=255)
    cta_url_id = IdField(
        label=_("Number of the link button"),
        help_text=_("The number (ID) beside it in the WaziMe panel, where link buttons are made."),
    )
    interactive_list_id = IdField(
        label=_("Number of the list"),
        help_text=_("The number (ID) beside it in the WaziMe panel, where lists are made."),
    )
    template_id = IdField(label=_("Template"))
    from_number = forms.ChoiceField(label=_("Send from"), choices=from_numbers, required=False)

    template: Template | None = None

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of which something is filled in."""
        return [
            kind
            for kind, names in FIELDS_OF.items()
            if any(str(self[name].data or "").strip() for name in names)
        ]

    @property
    def kind(self) -> Kind:
        """What the message is; for a form that is not filled in, what its page shows."""
        if self.kinds:
            return self.kinds[0]
        shown = self["kind_shown"].value()
        return Kind(shown) if shown in Kind.values else Kind.TEXT

    def clean(self) -> dict[str, Any]:
        if len(self.kinds) > 1 or self._has_many_files():
            raise ValidationError(_("One thing at a time: send these one after the other."))
        if self.kind == Kind.TEMPLATE:
            self._find_template()
        elif self.kind == Kind.LOCATION:
            self._find_point()
        elif self.kind in MEDIA_KINDS:
            self._look_into_file()
        if self.kind in _MISSING and not self.kinds:
            self.add_error(self.kind_field, _MISSING[self.kind])
        self._check_text()
        return self.cleaned_data

    @property
    def kind_field(self) -> str:
        """The field to which belongs what is wrong with this kind as a whole."""
        return FIELDS_OF[self.kind][0] if self.kind in FIELDS_OF else "message"

    def content(self) -> Content:
        """What the valid form says. Its file is stored; raises ValidationError if it cannot be."""
        values, kind = self.cleaned_data, self.kind
        if self.template:
            fields = {"template_id": str(self.template.id)}
            return Content(kind, rendered(self.template), fields, label=self.template.name)
        if kind in MEDIA_KINDS:
            return Content(kind, values["message"], media=media.store(values[kind], kind))
        if kind == Kind.LOCATION:
            fields = {name: values[name] for name in ("latitude", "longitude")}
            fields |= {name: values[f"location_{name}"] for name in ("name", "address")}
            return Content(kind, fields=fields)
        fields = {name: str(values[name]) for name in FIELDS_OF.get(kind, ())}
        return Content(kind, values["message"], fields)

    def renew(self) -> None:
        """Let the same be sent as a message of its own."""
        self.data = {**dict(self.data.items()), "send_id": uuid4()}

    # What each kind needs ---------------------------------------------------------------------

    def _has_many_files(self) -> bool:
        return any(len(self.files.getlist(kind)) > 1 for kind in MEDIA_KINDS if self.files)

    def _check_text(self) -> None:
        text = self.cleaned_data.get("message")
        if self.kind == Kind.TEXT:
            if text == "":
                self.add_error("message", _("Write something first."))
        elif text and self.kind in TEXTLESS:
            self.add_error(
                "message",
                _("WhatsApp takes no text with this. Send the text as a message of its own."),
            )
        elif text and len(text) > CAPTION_LENGTH:
            numbers_ = {"limit_value": CAPTION_LENGTH, "show_value": len(text)}
            self.add_error("message", str(TOO_LONG) % numbers_)

    def _look_into_file(self) -> None:
        upload = self.cleaned_data.get(self.kind)
        if not upload:
            return
        try:
            media.check(upload, self.kind)
        except ValidationError as refusal:
            self.add_error(self.kind, [f"{upload.name}: {words}" for words in refusal.messages])

    def _find_point(self) -> None:
        """A link, or both coordinates pasted into the first field, may stand for the two."""
        values = self.cleaned_data
        link, latitude, longitude = (
            values.get(name, "") for name in ("location_link", "latitude", "longitude")
        )
        if not longitude and (pasted := link or latitude):
            if point := places.find(pasted):
                values["latitude"], values["longitude"] = point.latitude, point.longitude
            else:
                self.add_error(
                    "location_link" if link else "latitude",
                    _("There are no coordinates in this. Open the map, copy its whole address."),
                )
            return
        for name, limit in (("latitude", places.LATITUDE), ("longitude", places.LONGITUDE)):
            values[name] = places.degrees(values.get(name, ""), limit)
            if values[name] is None:
                words = _("This is a number from -%(limit)d to %(limit)d.") % {"limit": limit}
                self.add_error(name, words)

    def _find_template(self) -> None:
        wanted = self.cleaned_data.get("template_id")
        try:
            approved = lookups.approved_templates().value
        except WaziMeError as error:
            self.add_error("template_id", str(explain(error).cause))
            return
        self.template = next((row for row in approved if row.id == wanted), None)
        if wanted and self.template is None:
            self.add_error("template_id", _("This template is not approved (any more)."))


class FirstMessageForm(MessageForm):
    """A message to a number that may have neither conversation nor contact yet."""

    mobile_code = forms.CharField(
        label=_("Country code"),
        initial="55",
        max_length=10,
        widget=forms.TextInput(_ABOVE | {"inputmode": "tel"}),
        help_text=_("55 is Brazil."),
    )
    mobile = forms.CharField(
        label=_("Phone number"),
        max_length=60,
        widget=forms.TextInput(_ABOVE | {"inputmode": "tel"}),
        help_text=_("With the area code, in whatever way it is written: (11) 91234-5678."),
    )
    firstname = forms.CharField(
        label=_("First name"),
        max_length=40,
        required=False,
        widget=forms.TextInput(_ABOVE | {"dir": "auto"}),
    )
    lastname = forms.CharField(
        label=_("Last name"),
        max_length=40,
        required=False,
        widget=forms.TextInput(_ABOVE | {"dir": "auto"}),
    )

    number: numbers.Number | None = None

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if values.get("mobile_code") and values.get("mobile"):
            self.number = numbers.entered(values["mobile_code"], values["mobile"])
            if self.number is None:
                words = _("There is no such phone number in this country. Check the digits.")
                self.add_error("mobile", words)
        return super().clean()


def rendered(template: Template) -> str:
    """A template as its reader sees it, as far as text can say."""
    return "\n\n".join(filter(None, (template.header, template.body, template.footer)))


def to_status(value: str) -> Status:
    return Status(int(value))


class StatusForm(forms.Form):
    """seen: the status that the page showed, to notice that somebody else changed it; until: of the
    snooze that goes with Done, where one is taken back that a change has ended."""

    status = forms.TypedChoiceField(choices=[(s.value, s.name) for s in Status], coerce=to_status)
    seen = forms.TypedChoiceField(
        choices=[(s.value, s.name) for s in Status],
        coerce=to_status,
        required=False,
        empty_value=None,
    )
    until = forms.DateTimeField(required=False)


class SnoozeForm(forms.Form):
    """until: in the zone of the person; seen: as in StatusForm."""

    until = forms.DateTimeField(
        label=_("Until"),
        input_formats=["%Y-%m-%dT%H:%M"],
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={
            "required": _("Choose a date and a time."),
            "invalid": _("Choose a date and a time that exist."),
        },
    )
    seen = forms.TypedChoiceField(
        choices=[(s.value, s.name) for s in Status],
        coerce=to_status,
        required=False,
        empty_value=None,
    )

    def clean_until(self) -> datetime:
        until: datetime = self.cleaned_data["until"]
        now = timezone.now()
        if until <= now:
            raise ValidationError(_("This time is past: choose a later one."))
        if until > now + LONGEST_SNOOZE:
            raise ValidationError(_("This is more than a year away: choose an earlier time."))
        return until


class DecisionForm(forms.Form):
    """attempt: the number of the last attempt that the person saw."""

    attempt = forms.IntegerField(min_value=0)
