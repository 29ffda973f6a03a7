"""What stands in braces in a saved reply, filled for one customer.

A variable without a value goes, and the sentence closes over the gap:

- inside a sentence, with the comma and the space before it: "Olá, {first_name}!" is "Olá!";
- at the start of one, with what follows up to the next word, which then begins the sentence:
  "{first_name}, seu pedido saiu." is "Seu pedido saiu."

Marks of WhatsApp's formatting around it alone (`*{first_name}*`) go with it. Braces around anything
else are text.
"""

import re
from collections.abc import Mapping

from wazime_admin.team.models import User
from wazime_admin.wazime.types import Contact

Values = Mapping[str, str]

_VARIABLE = re.compile(r"\{(first_name|name|agent)\}")
# Three marks, as there are three kinds. Without a limit, a text of nothing but marks would take the
# square of its length, for each variable in it.
_AROUND = (
    r"(?P<before>(?<![ \t])(?:[ \t]*,)?[ \t]*)"
    r"(?P<marks>[*_~]{0,3})\{%s\}(?P=marks)"
    r"(?P<after>[ \t]*[,;:.!?…]*[ \t]*)(?P<next>\w?)"
)
_SENTENCE_STARTS_AFTER = "\n.!?…:¿¡("


def values(contact: Contact | None, agent: User) -> Values:
    """What the variables stand for. Without a contact, or without its name, those are empty."""
    first, full = _names(contact)
    return {"first_name": first, "name": full, "agent": agent.display_name}


def fill(text: str, values: Values) -> str:
    """The text as the customer gets it."""
    for name in (name for name, value in values.items() if not value):
        while gap := re.search(_AROUND % name, text):
            text = text[: gap.start()] + _closed(gap) + text[gap.end() :]
    return _VARIABLE.sub(lambda variable: values[variable[1]], text).strip()


def _closed(gap: re.Match[str]) -> str:
    """What is left around a variable without a value."""
    head = gap.string[: gap.start()].rstrip("*_~ \t")
    if not head or head[-1] in _SENTENCE_STARTS_AFTER:
        return gap["before"] + gap["next"].upper()
    return gap["after"] + gap["next"]


def _names(contact: Contact | None) -> tuple[str, str]:
    """First and whole name. A contact that is called by its number (see
    contacts.services.new_contact), or by signs alone, has none."""
    if contact is None:
        return "", ""
    first = " ".join(contact.firstname.split())
    if first and not any(map(str.isalpha, first)):
        return "", ""
    return first, f"{first} {' '.join(contact.lastname.split())}".strip()
