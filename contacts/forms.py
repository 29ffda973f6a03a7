"""The contact form: clear words before WaziMe is asked, and WaziMe's own words in their place."""

import re
from itertools import islice
from typing import Any

import filetype
from django import forms
from django.core import signing
from django.core.files.base import File as Upload
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from contacts import numbers
from contacts.numbers import Number, folded
from contacts.services import FIELDS, Values
from wazime_admin.wazime.errors import Cause, Rejected
from wazime_admin.wazime.transport import File

MAX_IMAGE = 5 * 1024 * 1024  # bytes
MAX_PASTED = 100_000  # numbers
IMAGE_TYPES = {"image/jpeg": "jpg", "image/png": "png"}
SALT = "contacts.seen"

# The words by which WaziMe's sentences name the fields; the longer names before their parts.
_NAMED = {
    "firstname": r"first ?name",
    "lastname": r"last ?name",
    "mobile_code": r"mobile[ _]code|country[ _]code|dial[ _]code",
    "mobile": r"mobile|phone",
    "post_code": r"post[ _]?code|zip",
    "profile_image": r"image|picture|photo",
    "address": r"address",
    "city": r"city",
    "state": r"state",
}


class ContactForm(forms.Form):
    """A contact's fields, named as WaziMe names them.

    initial: the contact as it was when the person saw it. Its number is not judged as long as it
    stays: contacts exist whose numbers nobody would accept today.
    """

    firstname = forms.CharField(label=_("First name"), max_length=40)
    lastname = forms.CharField(label=_("Last name"), max_length=40)
    mobile_code = forms.CharField(
        label=_("Country code"),
        initial="55",
        max_length=10,
        widget=forms.TextInput({"inputmode": "tel"}),
        help_text=_("55 is Brazil."),
    )
    mobile = forms.CharField(
        label=_("Phone number"),
        max_length=60,
        widget=forms.TextInput({"inputmode": "tel"}),
        help_text=_("With the area code, in whatever way it is written: (11) 91234-5678."),
    )
    city = forms.CharField(label=_("City"), max_length=255, required=False)
    state = forms.CharField(label=_("State"), max_length=255, required=False)
    post_code = forms.CharField(label=_("Postal code"), max_length=255, required=False)
    address = forms.CharField(
        label=_("Address"), max_length=255, required=False, widget=forms.Textarea({"rows": 2})
    )
    profile_image = forms.FileField(
        label=pgettext_lazy("of a person", "Picture"),
        required=False,
        # htmx leaves the chosen file in its place when it brings the form back.
        widget=forms.FileInput({"accept": ".jpg,.jpeg,.png", "hx-preserve": "true"}),
        help_text=_("JPG or PNG, up to 5 MB."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs |= {"autocomplete": "off", "dir": "auto"}

    def clean_address(self) -> str:
        """Browsers send line breaks as two characters; the form has had them as one."""
        address: str = self.cleaned_data["address"]
        return address.replace("\r\n", "\n")

    def clean_profile_image(self) -> "Upload[bytes] | None":
        image: Upload[bytes] | None = self.cleaned_data["profile_image"]
        if not image:
            return None
        if (image.size or 0) > MAX_IMAGE:
            raise forms.ValidationError(_("The picture is larger than 5 MB."))
        if _media_type(image) not in IMAGE_TYPES:
            raise forms.ValidationError(_("This is not a JPG or PNG picture."))
        return image

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        written = [cleaned.get(name, "") for name in ("mobile_code", "mobile")]
        seen = [self.initial.get(name) for name in ("mobile_code", "mobile")]
        if not all(written) or written == seen:
            return cleaned
        number = numbers.entered(*written)
        if number:
            cleaned["mobile_code"], cleaned["mobile"] = number.mobile_code, number.mobile
        elif not re.fullmatch(r"[+\d\s]+", written[0]):
            self.add_error("mobile_code", _("Digits only, such as 55."))
        else:
            self.add_error(
                "mobile",
                _("There is no such phone number in this country. Check the digits."),
            )
        return cleaned

    def values(self) -> Values:
        """What is to be saved, every field of it."""
        return {name: self.cleaned_data[name] for name in FIELDS}

    def image(self) -> File | None:
        image = self.cleaned_data["profile_image"]
        if not image:
            return None
        media_type = _media_type(image)
        # The name is ours: the uploader's own says nothing and may hold anything.
        return f"profile.{IMAGE_TYPES[media_type]}", image.file, media_type

    def name(self) -> str:
        return "{firstname} {lastname}".format(**self.cleaned_data)

    def differences(self, theirs: Values) -> list[tuple[str, str, str]]:
        """Label, this form's value, their value of each field in which the two differ."""
        mine = self.values()
        return [
            (str(self.fields[name].label), mine[name], theirs[name])
            for name in FIELDS
            if mine[name] != theirs[name]
        ]

    def point_to_error(self) -> None:
        """Put the cursor into the first field that is wrong."""
        for name in self.fields if self.is_bound else ():
            if name in self.errors:
                self.fields[name].widget.attrs["autofocus"] = True
                return

    def add_refusal(self, refusal: Rejected) -> bool:
        """Put WaziMe's sentences beside the fields they are about.

        False when there is more to say than that: a sentence about none of the fields, or none.
        """
        said = list(refusal.fields.items()) or [
            (_field_of(refusal.cause, sentence), sentence) for sentence in refusal.messages
        ]
        for name, sentence in said:
            if name in self.fields:
                self.add_error(name, _in_words(name, sentence))
        return bool(said) and all(name in self.fields for name, _sentence in said)


class OptOutsForm(forms.Form):
    """Numbers that are to get no broadcast, one or many, and why."""

    numbers = forms.CharField(
        label=_("Phone numbers"),
        widget=forms.Textarea({"rows": 8, "inputmode": "tel", "autocomplete": "off"}),
        help_text=_(
            "One or many, in whatever way they are written: one per line, or separated by commas."
            " Without a country code they are taken for Brazilian."
        ),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        required=False,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text=_("For your team, such as “asked by phone”. It is kept with each number."),
    )

    def clean_numbers(self) -> list[tuple[int, str, Number | None]]:
        pieces = list(islice(numbers.pasted(self.cleaned_data["numbers"]), MAX_PASTED + 1))
        if len(pieces) > MAX_PASTED:
            raise forms.ValidationError(
                _("These are more than 100,000 numbers. Add them in several parts.")
            )
        return pieces

    def found(self) -> list[Number]:
        return [number for _line, _text, number in self.cleaned_data["numbers"] if number]

    def unread(self) -> list[tuple[int, str]]:
        """Line and text of what is no phone number."""
        return [(line, text) for line, text, number in self.cleaned_data["numbers"] if not number]


class OptOutForm(forms.Form):
    """Whether one person is to get broadcasts, by their number as WaziMe has it."""

    mobile_code = forms.CharField(max_length=8, required=False)
    mobile = forms.CharField(max_length=32)
    opted_out = forms.BooleanField(required=False)

    def clean_mobile(self) -> str:
        mobile: str = self.cleaned_data["mobile"]
        if not folded("", mobile):
            raise forms.ValidationError(_("This is no phone number."))
        return mobile

    def number(self) -> Number:
        return Number(self.cleaned_data["mobile_code"], self.cleaned_data["mobile"])


def sign(contact_id: int, values: Values) -> str:
    """What the person sees of the contact, to come back with the form."""
    return signing.dumps([contact_id, values], salt=SALT, compress=True)


def unsign(signed: str, contact_id: int) -> Values | None:
    """What `sign` was given; None when it is missing, or was changed or made for another."""
    try:
        signed_for, values = signing.loads(signed, salt=SALT)
    except signing.BadSignature:
        return None
    return values if signed_for == contact_id else None


def _media_type(image: "Upload[bytes]") -> str:
    """What the content is, whatever its name says."""
    image.seek(0)
    kind = filetype.guess(image.read(1024))
    image.seek(0)
    return kind.mime if kind else ""


def _field_of(cause: Cause, sentence: str) -> str:
    """The field that a sentence such as "The mobile code field is required." is about, or ""."""
    if cause is Cause.IMAGE_UPLOAD:
        return "profile_image"
    if cause not in (Cause.VALIDATION, Cause.CONTACT):
        return ""
    words = sentence.lower()
    return next((name for name, named in _NAMED.items() if re.search(rf"\b({named})\b", words)), "")


def _in_words(name: str, sentence: str) -> str:
    """WaziMe speaks English: what it says most often is said in the reader's language."""
    if name == "mobile" and re.search(r"taken|exist|unique|already", sentence.lower()):
        return gettext("There is already a contact with this number.")
    return sentence
