"""What fills the places of a template, {{1}}, {{2}}…, for each recipient of a broadcast.

Broadcast.variables is {"body": [expression…], "header": [expression…]}, one for each place in
order: {"column": 3} of the file, from 0; {"contact": "city"}; {"text": "the same for everybody"}.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from inbox.broadcasts.models import Broadcast
from inbox.models import Message
from wazime_admin.wazime.types import PLACE, Contact, text

# By the API's names of them (wazime's `inbox/send-template-message`).
FIELDS = {"body": "body_variables[]", "header": "header_variables[]"}
CONTACT_FIELDS = ("firstname", "lastname", "mobile", *PLACE)
LONGEST = 1024  # characters: of a whole body, by WhatsApp
_PLACE = re.compile(r"\{\{\s*([0-9]{1,9})\s*\}\}")

Expression = Mapping[str, Any]
Values = Mapping[str, str]  # by the names in CONTACT_FIELDS
Fields = dict[str, list[str]]  # by the API's names


def places(template_text: str) -> int:
    """How many places a template's text has."""
    return len(_numbers(template_text))


def rendered(template_text: str, values: Sequence[str]) -> str:
    """The text with its places filled; a place without a value stays as it is."""
    filled = dict(zip(_numbers(template_text), values, strict=False))
    return _PLACE.sub(lambda place: filled.get(int(place[1])) or place[0], template_text)


def preview(broadcast: Broadcast, n: int = 3) -> list[str]:
    """The body as the first `n` recipients will read it; the audience must be built."""
    body = text(broadcast.template.get("body"))
    first = Message.objects.filter(broadcast=broadcast).order_by("id")[:n]
    return [rendered(body, message.fields.get(FIELDS["body"], [])) for message in first]


@dataclass(frozen=True)
class Variables:
    """The expressions of one broadcast by the API's fields; none while the setting is off."""

    expressions: Mapping[str, list[Expression]]

    @classmethod
    def of(cls, broadcast: Broadcast) -> "Variables":
        found: dict[str, list[Expression]] = {}
        for part, name in FIELDS.items():
            count = places(text(broadcast.template.get(part)))
            given = broadcast.variables.get(part) or []
            if settings.WAZIME_TEMPLATE_VARIABLES and count:
                found[name] = [*given, *[{}] * count][:count]
        return cls(found)

    @property
    def need_contacts(self) -> bool:
        return any("contact" in each for part in self.expressions.values() for each in part)

    def fields(self, cells: Sequence[str] = (), values: Values | None = None) -> Fields:
        """For one recipient, by the API's names. cells: of the file; values: of the contact."""
        known = values or {}
        return {
            name: [_value(each, cells, known) for each in part]
            for name, part in self.expressions.items()
        }

    def with_contact(self, fields: Mapping[str, Any], values: Values) -> dict[str, Any]:
        """The fields that a recipient has, and in them what the contact says better."""
        changed = dict(fields)
        for name, part in self.expressions.items():
            changed[name] = [
                (_value(each, (), values) if "contact" in each else "") or old
                for each, old in zip(part, fields[name], strict=True)
            ]
        return changed


def complete(fields: Mapping[str, Any]) -> bool:
    """Whether every place has a value."""
    return all(all(fields[name]) for name in FIELDS.values() if name in fields)


def values_of(contact: Contact) -> Values:
    return {name: getattr(contact, name) for name in CONTACT_FIELDS}


def _value(expression: Expression, cells: Sequence[str], values: Values) -> str:
    """One line of words: WhatsApp refuses line breaks, tabs and many spaces in a place."""
    if "column" in expression:
        column = expression["column"]
        found = cells[column] if 0 <= column < len(cells) else ""
    elif "contact" in expression:
        found = values.get(expression["contact"], "")
    else:
        found = expression.get("text", "")
    return " ".join(text(found[: LONGEST * 2]).split())[:LONGEST]


def _numbers(template_text: str) -> list[int]:
    return sorted({int(number) for number in _PLACE.findall(template_text)})
