"""The sandbox spoken to as anybody would: over HTTP, with requests and raw sockets."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox_server import CLIENT_ID, CLIENT_SECRET, Sandbox

ANA = {"mobile_code": "55", "mobile": "11912345678"}
STRANGER = {"mobile_code": "55", "mobile": "11900000001"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


class Api:
    """The API by its paths; answers are requests' responses."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers.update({"client-id": CLIENT_ID, "client-secret": CLIENT_SECRET})

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        url = f"{self.sandbox.base_url}/{path}"
        return self.http.request(method, url, timeout=60, allow_redirects=False, **more)

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self.ask("GET", path, params=query).json()

    def post(self, path: str, data: Any = None, **more: Any) -> dict[str, Any]:
        return self.ask("POST", path, data=data, **more).json()

    def send(self, data: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        return self.post("inbox/send-message", {**ANA, **(data or {})}, **more)

    def contact(self, mobile: str) -> dict[str, Any]:
        [contact] = self.get("contact/list", search=mobile)["data"]["contacts"]["data"]
        return contact

    def conversation(self, **query: Any) -> list[dict[str, Any]]:
        return self.get("inbox/conversation-list", **query)["data"]["conversation"]["data"]


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[Api]:
    """Behaves as observed."""
    client = Api(sandbox)
    yield client
    client.http.close()


@pytest.fixture
def documented(api: Api) -> Api:
    """The same server, behaving as the vendor's page says."""
    api.sandbox.settings(behaviour="documented")
    return api


@pytest.fixture(params=["documented", "observed"])
def either(api: Api, request: pytest.FixtureRequest) -> Api:
    """Once in each behaviour."""
    api.sandbox.settings(behaviour=request.param)
    return api
