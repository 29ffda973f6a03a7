"""A recipient becomes a contact; against the sandbox."""

from dataclasses import replace
from typing import Any

import pytest

from inbox.broadcasts.contacting import ensure_contact
from inbox.models import Message
from tests.sandbox_server import Sandbox
from wazime_admin.wazime.client import WaziMeClient, client


@pytest.mark.parametrize(
    ("zeros", "mobile_code", "mobile"),
    [(0, "55", "1171111111"), (300, "55", "11971111111")],
)
def test_it_takes_the_contacts_form_of_a_number_where_its_row_can_hold_that(
    wazime: Sandbox, monkeypatch: pytest.MonkeyPatch, zeros: int, mobile_code: str, mobile: str
) -> None:
    there = {"firstname": "Ana", "lastname": "S", "mobile_code": "55", "mobile": "1171111111"}
    client().create_contact(there)
    wazime.add_fault("image_upload_error", endpoints=["contact/store"], times=1)
    ask = WaziMeClient.contacts

    def contacts(self: WaziMeClient, **query: Any) -> Any:
        page = ask(self, **query)
        rows = (replace(row, mobile_code="0" * zeros + row.mobile_code) for row in page.rows)
        return replace(page, rows=tuple(rows))

    monkeypatch.setattr(WaziMeClient, "contacts", contacts)
    message = Message(mobile_code="55", mobile="11971111111", new_contact={})

    assert ensure_contact(message) is None

    assert (message.mobile_code, message.mobile) == (mobile_code, mobile)
    assert message.new_contact is None
