"""What can be switched while the sandbox runs: quirks, limits, credentials."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

# Each quirk is one way in which real servers differ from the vendor's page. The texts are shown
# on the page of switches.
QUIRKS: dict[str, str] = {
    "omit_empty": "message e data vazios são deixados de fora",
    "errors_with_200": "erros vêm com HTTP 200 (401 e rotas desconhecidas à parte)",
    "update_needs_all": "contact/update exige os quatro campos e apaga o endereço não enviado",
    "updates_count": "cada contact/update conta no limite de contatos do plano",
    "contactless_conversations": "número desconhecido deixa uma conversa sem contato",
    "no_unread_filter": "status=4 na lista de conversas não traz nada",
    "refuse_unread": "mudar o status para 4 é recusado",
    "status_zero": "mudar o status para 0 é aceito",
    "string_numbers": "ids e indicadores vêm como texto",
    "null_keys": "o que está vazio (endereço, notas, tags…) vem como null",
    "template_ignores_from": "from_number é ignorado em modelos",
    "template_variables": "body_variables[] e header_variables[] são lidos",
    "uncapped_pages": "paginate não tem teto (sem isto: 100)",
    "conversation_search": "a lista de conversas aceita search",
    "plain_lists": "um array simples, com todas as linhas, no lugar do paginador",
    "missing_keys": "o que está vazio, e algumas chaves derivadas, nem aparece",
    "template_exception": "send-template-message responde exception depois de enviar",
}
UNUSUAL = frozenset({"plain_lists", "missing_keys", "template_exception"})
BEHAVIOURS: dict[str, frozenset[str]] = {
    "documented": frozenset(),
    "observed": frozenset(QUIRKS) - UNUSUAL,
}


class SettingError(ValueError):
    """A setting that does not exist, or a value it cannot have."""


@dataclass(frozen=True)
class Settings:
    """The account's credentials and limits, and how the server behaves.

    `contact_limit` counts contacts (and updates, with `updates_count`); None is no limit.
    `connected` off: "Please connect your whatsapp account first". `interactive_plan` off: the
    plan has no interactive messages. `max_body` is in bytes; a larger request gets an HTML 413.
    `history` on: conversation-messages is routed, which is on no page of the vendor's.
    """

    client_id: str = "sandbox-id"
    client_secret: str = "sandbox-secret"  # noqa: S105 - the demo account of a local toy server
    allowed_ips: tuple[str, ...] = ("127.0.0.1", "::1")
    quirks: frozenset[str] = BEHAVIOURS["observed"]
    contact_limit: int | None = None
    connected: bool = True
    interactive_plan: bool = True
    max_body: int = 128 * 1024 * 1024
    history: bool = False

    def has(self, quirk: str) -> bool:
        return quirk in self.quirks

    @property
    def behaviour(self) -> str:
        """`documented`, `observed`, or `mixed` when single quirks were switched."""
        return next((n for n, quirks in BEHAVIOURS.items() if quirks == self.quirks), "mixed")

    def changed(self, changes: Mapping[str, Any]) -> "Settings":
        """A copy with `changes`: fields by name, `behaviour` (sets all quirks) and `quirks`
        (an object of name to bool, on top). Raises SettingError."""
        values = dict(changes)
        quirks = set(self.quirks)
        if (behaviour := values.pop("behaviour", None)) is not None:
            if behaviour not in BEHAVIOURS:
                raise SettingError(f"behaviour is one of {', '.join(BEHAVIOURS)}: {behaviour!r}")
            quirks = set(BEHAVIOURS[behaviour])
        for name, on in _quirk_switches(values.pop("quirks", {})):
            (quirks.add if on else quirks.discard)(name)
        for name, value in values.items():
            values[name] = _checked(name, value)
        return replace(self, quirks=frozenset(quirks), **values)

    def as_json(self) -> dict[str, Any]:
        """Everything but the secret, in the form `changed` takes."""
        values = asdict(self)
        del values["client_secret"]
        quirks = {name: name in self.quirks for name in QUIRKS}
        return values | {"behaviour": self.behaviour, "quirks": quirks}


def parse_quirks(text: str) -> dict[str, bool]:
    """`"plain_lists,-omit_empty"` as switches: on, and off with a minus."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    return {name.removeprefix("-"): not name.startswith("-") for name in names}


def _quirk_switches(switches: Any) -> list[tuple[str, bool]]:
    if not isinstance(switches, Mapping):
        raise SettingError("quirks is an object of name to true or false")
    if unknown := set(switches) - set(QUIRKS):
        raise SettingError(f"unknown quirks: {', '.join(sorted(unknown))}")
    return [(name, bool(on)) for name, on in switches.items()]


def _checked(name: str, value: Any) -> Any:
    match name, value:
        case "allowed_ips", str() | list() | tuple():
            ips = value.split(",") if isinstance(value, str) else value
            return tuple(str(ip).strip() for ip in ips if str(ip).strip())
        case "client_id" | "client_secret", str():
            return value
        case "connected" | "interactive_plan" | "history", bool():
            return value
        case "contact_limit", None:
            return None
        case "contact_limit" | "max_body", int() if not isinstance(value, bool) and value >= 0:
            return value
    raise SettingError(f"no such setting or value: {name}={value!r}")
