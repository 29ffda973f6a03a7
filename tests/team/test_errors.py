"""The pages for what goes wrong."""

import io
import logging

import pytest
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from wazime_admin.team.access import admin_required
from wazime_admin.urls import (  # noqa: F401  # what this module is as a urlconf
    handler400,
    handler403,
    handler404,
    handler429,
    handler500,
)
from wazime_admin.urls import urlpatterns as product

ENGLISH = {"Accept-Language": "en"}


@login_not_required
def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("as a defect would")


@login_not_required
def refused(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


@login_not_required
def suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation


@admin_required
def for_admins(request: HttpRequest) -> HttpResponse:
    return HttpResponse("for admins")


urlpatterns = [
    *product,
    path("broken/", broken),
    path("refused/", refused),
    path("suspicious/", suspicious),
    path("for-admins/", for_admins),
]
pytestmark = pytest.mark.urls(__name__)


def visitor() -> Client:
    return Client(raise_request_exception=False, headers=ENGLISH)


def test_it_says_that_something_broke_without_asking_the_database() -> None:
    response = visitor().get("/broken/")  # without the db fixture a query raises

    assert response.status_code == 500
    assert "Something went wrong on our side" in response.content.decode()
    assert "RuntimeError" not in response.content.decode()


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/suspicious/", 400, "not understood"),
        ("/refused/", 403, "You may not see this page"),
        ("/nowhere/", 404, "This page does not exist"),
    ],
)
def test_it_says_what_is_wrong_with_a_request(
    db: None, address: str, status: int, words: str
) -> None:
    response = visitor().get(address)

    assert response.status_code == status
    assert words in response.content.decode()


def test_it_refuses_what_a_role_lacks(agent_client: Client, admin_client: Client) -> None:
    assert agent_client.get("/for-admins/").status_code == 403
    assert admin_client.get("/for-admins/").status_code == 200


@pytest.mark.parametrize("address", ["/for-admins/", "/nowhere/"])
def test_whoever_is_in_keeps_the_navigation(agent_client: Client, address: str) -> None:
    page = agent_client.get(address).content.decode()
    fragment = agent_client.get(address, headers={"HX-Request": "true"}).content.decode()

    assert 'href="/inbox/outbox/"' in page
    assert page.count("<h1") == 1
    assert 'href="/inbox/outbox/"' not in fragment


def test_it_shows_again_what_was_typed_when_a_form_was_open_too_long(agent_client: Client) -> None:
    agent_client.handler.enforce_csrf_checks = True
    response = agent_client.post(
        "/accounts/password/change/",
        {"message": "Olá <b>Ana</b> 🌻", "oldpassword": "my-secret", "send_id": "0b1c"},
        headers={"Referer": "http://testserver/inbox/7/"},
    )
    page = response.content.decode()

    assert response.status_code == 403
    assert "Olá &lt;b&gt;Ana&lt;/b&gt; 🌻</textarea>" in page
    assert "my-secret" not in page
    assert "0b1c" not in page
    assert 'href="http://testserver/inbox/7/"' in page


def test_it_leads_back_to_this_site_alone(agent_client: Client) -> None:
    agent_client.handler.enforce_csrf_checks = True
    page = agent_client.post("/refused/", headers={"Referer": "https://evil.example/"})

    assert "evil.example" not in page.content.decode()


@pytest.mark.django_db
def test_the_log_shows_where_it_broke_and_only_that_something_was_refused() -> None:
    [stderr] = [it for it in logging.root.handlers if type(it) is logging.StreamHandler]
    log = io.StringIO()
    before = stderr.setStream(log)
    try:
        visitor().get("/refused/")
        refusal = log.getvalue()
        visitor().get("/broken/")
    finally:
        stderr.setStream(before)

    assert "Forbidden (Permission denied): /refused/" in refusal
    assert "Traceback" not in refusal
    assert "RuntimeError: as a defect would" in log.getvalue()
