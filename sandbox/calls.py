"""What every endpoint gets: the world, and the call with its query, form and times."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.envelope import Answer, Refusal, paginator, success
from sandbox.forms import Form
from sandbox.rows import present
from sandbox.settings import Settings
from sandbox.store import Store

PAGE_CAP = 100


@dataclass
class World:
    """The store and the settings of the moment."""

    store: Store
    settings: Settings

    def has(self, quirk: str) -> bool:
        return self.settings.has(quirk)

    def success(self, remark: str, message: str, data: dict[str, Any] | None = None) -> Answer:
        shown = present(data or {}, self.settings)
        return success(remark, message, shown, omit_empty=self.has("omit_empty"))

    def spend_contact(self, what_for: str) -> None:
        """Counts one against the plan's contact limit. Raises Refusal when it is reached."""
        db, limit = self.store.db, self.settings.contact_limit
        used = int(db.execute("SELECT value FROM meta WHERE key = 'contacts_used'").fetchone()[0])
        if limit is not None and used >= limit:
            raise Refusal(
                "contact_limit_error", f"You have reached the contact limit to {what_for}"
            )
        db.execute("UPDATE meta SET value = ? WHERE key = 'contacts_used'", (str(used + 1),))


@dataclass(frozen=True)
class Call:
    """One request to an endpoint. `started` is the epoch at which its headers had arrived."""

    id: int
    url: str
    query: Mapping[str, str]
    form: Form
    started: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Page:
    """Which rows of a list are asked for: query `page` and `paginate`."""

    number: int
    size: int
    path: str

    @classmethod
    def of(cls, call: Call, world: World) -> "Page":
        size = _positive(call.query.get("paginate"), 20)
        if not world.has("uncapped_pages"):
            size = min(size, PAGE_CAP)
        return cls(_positive(call.query.get("page"), 1), size, call.url)

    def limit(self, world: World) -> tuple[int, int]:
        """LIMIT and OFFSET; a plain list has every row whichever page is asked for."""
        if world.has("plain_lists"):
            return -1, 0
        return self.size, (self.number - 1) * self.size

    def answer(self, world: World, rows: list[dict[str, Any]], total: int) -> Any:
        if world.has("plain_lists"):
            return rows
        return paginator(rows, total=total, page=self.number, per_page=self.size, path=self.path)


def _positive(text: str | None, default: int) -> int:
    if text and text.isascii() and text.isdigit() and 0 < int(text) < 2**31:
        return int(text)
    return default


class Problems:
    """Collects one message per field, then refuses."""

    def __init__(self) -> None:
        self.messages: dict[str, str] = {}

    def add(self, name: str, message: str) -> None:
        self.messages.setdefault(name, message)

    def required(self, form: Form, *names: str) -> None:
        for name in names:
            if not form.get(name):
                self.add(name, f"The {label(name)} field is required.")

    def longest(self, form: Form, limit: int, *names: str) -> None:
        for name in names:
            if len(form.get(name)) > limit:
                self.add(
                    name, f"The {label(name)} field must not be greater than {limit} characters."
                )

    def digits(self, form: Form, *names: str) -> None:
        for name in names:
            value = form.get(name)
            if value and not (value.isascii() and value.isdigit()):
                self.add(name, f"The {label(name)} field must be a number.")

    def raise_any(self) -> None:
        if self.messages:
            raise Refusal("validation_error", *self.messages.values())


def label(name: str) -> str:
    """A field's name in Laravel's wording: `mobile_code` is "mobile code"."""
    return name.replace("_", " ")
