"""Fixtures that every test may use."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils.translation.reloader import translation_file_changed
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import BrowserType
from pytest_django.fixtures import Settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.chromium import chromium_options
from tests.redis_server import RedisServer
from tests.sandbox_server import Sandbox
from wazime_admin.cache import RestingRedis
from wazime_admin.catalogs import compile_catalogs
from wazime_admin.team.models import User
from wazime_admin.wazime import flights, offers, reading

# Playwright's loop runs in the thread of the tests, which use the database as they always do.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

PASSWORD = "a-password-of-the-tests"
INSTALLATIONS = ("tests/chaos/", "tests/deploying/", "tests/e2e/", "tests/run/")

# A machine that is busy is no failure.
hypothesis_settings.register_profile("patient", deadline=None)
hypothesis_settings.load_profile("patient")


def pytest_configure() -> None:
    """A clean checkout has no compiled translations, and Django has looked for them already."""
    compile_catalogs()
    translation_file_changed(None, Path("django.mo"))


def pytest_make_parametrize_id(val: object) -> str | None:
    """Files differ by the time in them, and names of tests must be the same in all processes."""
    return "bytes" if isinstance(val, bytes) and len(val) > 50 else None


class Scheduling(LoadFileScheduling):
    """Files side by side; but the folders that start whole installations are one after another in
    one process, so that no two of them ever share the machine. They take longest and begin first.
    """

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "installations" if file.startswith(INSTALLATIONS) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not item.nodeid.startswith(INSTALLATIONS))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy is no WaziMe that is slow."""
    monkeypatch.setattr(flights, "PATIENCE", 60.0)


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an earlier test's WaziMe offered says nothing about this one's."""
    monkeypatch.setattr(offers, "_remembered", {})


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    """One sandbox for all tests of this process; use `sandbox`, which is fresh for each test."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    """The WaziMe API on a free port, with its data set, no faults, behaving as observed."""
    sandbox_process.reset()
    return sandbox_process


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all tests of this process; `redis_server` is empty for each test."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as redis:
        yield redis


@pytest.fixture
def redis_server(settings: Settings, redis_process: RedisServer) -> RedisServer:
    """An empty Redis, used by the shared reads. Comes after `wazime`, which is without one."""
    redis_process.client.flushall()
    RestingRedis._rested.clear()  # of a test before
    settings.REDIS_URL = redis_process.url
    return redis_process


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read stays fresh however busy the machine is."""
    monkeypatch.setattr(reading, "FRESH", 600.0)


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], browser_type: BrowserType
) -> dict[str, Any]:
    """Debian's Chromium where there is one, else Playwright's own; without one, CI fails."""
    options = chromium_options(browser_type)
    if not Path(options["executable_path"]).exists() and not os.environ.get("CI"):
        pytest.skip("Chromium is missing: `make test` installs it")
    return {**browser_type_launch_args, **options}


@pytest.fixture
def agent(db: None) -> User:
    return User.objects.create_user(
        "ana", "ana@example.com", PASSWORD, role="agent", first_name="Ana", last_name="Souza"
    )


@pytest.fixture
def other_agent(db: None) -> User:
    return User.objects.create_user(
        "bruno", "bruno@example.com", PASSWORD, role="agent", first_name="Bruno", last_name="Lima"
    )


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_user(
        "clara", "clara@example.com", PASSWORD, role="admin", first_name="Clara", last_name="Reis"
    )


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def agent_client(agent: User) -> Client:
    return logged_in(agent)


@pytest.fixture
def other_agent_client(other_agent: User) -> Client:
    return logged_in(other_agent)


@pytest.fixture
def admin_client(admin: User) -> Client:
    return logged_in(admin)


@pytest.fixture
def wazime(settings: Settings, sandbox: Sandbox) -> Sandbox:
    """The sandbox as the account that the dashboard works with; without Redis."""
    settings.WAZIME_BASE_URL = sandbox.base_url
    settings.WAZIME_ORIGIN = sandbox.url
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    return sandbox
