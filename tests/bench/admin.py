"""An admin at the dashboard, as far as a benchmark needs one: `Admin(stack.url)`."""

import re
import time
import uuid

import requests

FORM = "application/x-www-form-urlencoded"


class Admin:
    """One session of the demo's admin."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.get(f"{url}/accounts/login/")
        self.post("/accounts/login/", login="admin", password="wazime-demo")

    def get(self, path: str) -> str:
        answer = self._session.get(f"{self._url}{path}")
        answer.raise_for_status()
        return answer.text

    def post(
        self, path: str, files: dict[str, tuple[str, bytes]] | None = None, **form: str
    ) -> str:
        """The path that it leads to."""
        answer = self._session.post(
            f"{self._url}{path}",
            data=form,
            files=files,
            headers={"X-CSRFToken": self._session.cookies["csrftoken"]},
        )
        answer.raise_for_status()
        return answer.url.removeprefix(self._url)

    def prepare_broadcast(self, numbers: list[str], rate: float) -> str:
        """Upload a CSV with these numbers and wait until the audience is built; its path."""
        template = re.search(r'name="template_id"[^>]* value="(\d+)"', self.get("/broadcasts/new/"))
        assert template, "there is no template to choose"
        table = "\n".join(["Nome;Telefone", *(f"Ana {number};{number}" for number in numbers)])
        path = self.post(
            "/broadcasts/new/",
            {"recipients_file": ("clientes.csv", table.encode())},
            name=f"{len(numbers)} recipients",
            template_id=template[1],
            rate=str(rate),
        )
        while 'name="confirm"' not in self.get(path):
            time.sleep(0.5)
        return path

    def reply(self, conversation_id: int, text: str) -> None:
        self.post(f"/inbox/{conversation_id}/messages/", send_id=str(uuid.uuid4()), message=text)
