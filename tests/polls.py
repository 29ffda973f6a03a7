"""What a live fragment's poll costs while nothing has changed."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

HTMX = {"HX-Request": "true"}


def cost_of_nothing_new(client: Client, address: str, **headers: str) -> int:
    """How many queries it takes to answer 204; it writes nothing, sends nothing, sets no cookie."""
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address, headers={**HTMX, **headers})
    assert (response.status_code, response.content) == (204, b"")
    assert not response.cookies
    asked = [each["sql"].lstrip("(") for each in queries]  # PostgreSQL's UNIONs begin with it
    assert [sql for sql in asked if not sql.startswith("SELECT")] == []
    return len(queries)


def cost_of_page(client: Client, address: str) -> int:
    """How many queries a whole page takes, and that it is one."""
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address)
    assert response.status_code == 200
    return len(queries)
