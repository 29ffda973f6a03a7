"""static/js/app.js in a real browser, on a page made for it."""

import json
import re

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.conftest import PASSWORD
from wazime_admin.team.models import User
from wazime_admin.urls import urlpatterns as product

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]

PAGE = """{% extends "base.html" %}{% load ui %}
{% block title %}Writing{% endblock %}
{% block content %}
<form id="composer" method="post" action="/send/" hx-post="/send/" hx-swap="none">
  {% csrf_token %}
  <textarea name="message" data-draft="conversation-7" data-enter-submit data-count="counter"
            maxlength="4096" aria-label="Message"></textarea>
  <output id="counter"></output>
  <button>Send</button>
</form>
<p id="moment">{% when moment %}</p>
<p id="live" hx-get="/live/" hx-trigger="poll from:body">0</p>
<button hx-get="/broken/" id="break">Break</button>
<button hx-get="/behind-a-proxy/" id="proxy">Through a proxy</button>
{% endblock %}"""

received: list[str] = []
polls: list[str] = []


def writing(request: HttpRequest) -> HttpResponse:
    template = engines["django"].from_string(PAGE)
    return HttpResponse(template.render({"moment": request.user.date_joined}, request))


def send(request: HttpRequest) -> HttpResponse:
    received.append(request.POST["message"])
    return HttpResponse(
        headers={"HX-Trigger": json.dumps({"draft-sent": {"key": "conversation-7"}})}
    )


def live(request: HttpRequest) -> HttpResponse:
    polls.append(request.path)
    return HttpResponse(str(len(polls)))


def behind_a_proxy(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<html><title>502 Bad Gateway</title></html>", status=502)


def broken(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=500)


urlpatterns = [
    *product,
    path("writing/", writing),
    path("send/", send),
    path("live/", live),
    path("broken/", broken),
    path("behind-a-proxy/", behind_a_proxy),
]


def log_in(page: Page, address: str) -> None:
    page.goto(f"{address}/accounts/login/?next=/writing/")
    page.get_by_label("User name or e-mail").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/writing/")


@pytest.fixture
def browser_context_args() -> dict[str, object]:
    return {"locale": "en-US", "timezone_id": "Asia/Tokyo"}


def poll(page: Page) -> None:
    """Every live fragment asks now."""
    page.evaluate("document.body.dispatchEvent(new CustomEvent('poll'))")


@pytest.fixture
def writer(page: Page, live_server: LiveServer, agent: User) -> Page:
    """A page with a text field, open in the browser of somebody who is logged in."""
    received.clear()
    polls.clear()
    log_in(page, live_server.url)
    return page


def test_it_keeps_a_text_over_a_reload_until_it_is_sent(writer: Page) -> None:
    field = writer.get_by_label("Message")
    field.fill("Good morning")
    writer.reload()
    expect(field).to_have_value("Good morning")

    field.press("Enter")
    expect(field).to_have_value("")
    writer.reload()

    expect(field).to_have_value("")
    assert received == ["Good morning"]


def test_it_breaks_the_line_with_shift_and_enter(writer: Page) -> None:
    field = writer.get_by_label("Message")
    field.press_sequentially("one")
    field.press("Shift+Enter")
    field.press_sequentially("two")

    expect(field).to_have_value("one\ntwo")
    expect(writer.locator("#counter")).to_have_text("7 / 4,096")
    assert received == []


def test_it_keeps_what_is_written_while_a_message_is_on_its_way(writer: Page) -> None:
    field = writer.get_by_label("Message")
    field.fill("first")
    writer.evaluate("""() => {
        const field = document.querySelector("textarea");
        field.form.requestSubmit();
        field.value += " and second";
        field.dispatchEvent(new Event("input", { bubbles: true }));
    }""")

    expect(field).to_have_value(" and second")
    writer.reload()
    expect(field).to_have_value(" and second")
    assert received == ["first"]


def test_it_keeps_a_text_that_is_written_in_another_tab(writer: Page) -> None:
    writer.get_by_label("Message").fill("first")
    other = writer.context.new_page()
    other.goto(writer.url)
    other.get_by_label("Message").fill("something else")

    writer.get_by_label("Message").press("Enter")
    expect(writer.get_by_label("Message")).to_have_value("")
    other.reload()

    expect(other.get_by_label("Message")).to_have_value("something else")
    assert received == ["first"]


def test_it_forgets_texts_when_one_logs_out(writer: Page, live_server: LiveServer) -> None:
    writer.get_by_label("Message").fill("private")
    writer.get_by_text("Account of Ana Souza").locator("xpath=..").click()
    writer.get_by_role("button", name="Log out").click()
    writer.wait_for_url("**/accounts/login/**")

    assert writer.evaluate("Object.keys(localStorage)") == []


def test_it_keeps_texts_when_the_session_ends_by_itself(
    writer: Page, live_server: LiveServer
) -> None:
    field = writer.get_by_label("Message")
    field.fill("not lost")
    writer.context.clear_cookies(name="sessionid")
    field.press("Enter")
    writer.wait_for_url("**/accounts/login/**")

    log_in(writer, live_server.url)

    expect(field).to_have_value("not lost")
    assert received == []


@pytest.mark.parametrize("ended", ["session", "account"])
def test_a_poll_leads_to_the_login_and_back_to_the_text(
    writer: Page, live_server: LiveServer, agent: User, ended: str
) -> None:
    writer.get_by_label("Message").fill("not lost")
    if ended == "session":
        writer.context.clear_cookies(name="sessionid")
    else:
        User.objects.update(is_active=False)
    asked = len(polls)

    poll(writer)
    writer.wait_for_url("**/accounts/login/**")
    poll(writer)

    User.objects.update(is_active=True)
    writer.context.clear_cookies(name="sessionid")
    log_in(writer, live_server.url)
    expect(writer.get_by_label("Message")).to_have_value("not lost")
    assert len(polls) == asked


def test_logging_out_stops_the_other_tabs(writer: Page, live_server: LiveServer) -> None:
    other = writer.context.new_page()
    other.goto(f"{live_server.url}/writing/")
    writer.get_by_text("Account of Ana Souza").locator("xpath=..").click()
    writer.get_by_role("button", name="Log out").click()
    writer.wait_for_url("**/accounts/login/**")

    poll(other)

    other.wait_for_url("**/accounts/login/**")


def test_polls_stop_while_the_login_is_on_its_way(writer: Page) -> None:
    asked: list[str] = []
    writer.on("request", lambda request: asked.append(request.url))
    # An answer without content leaves the page where it is, as one that does not come yet.
    writer.route("**/accounts/login/**", lambda route: route.fulfill(status=204))
    writer.context.clear_cookies(name="sessionid")

    with writer.expect_request("**/accounts/login/**"):
        poll(writer)
    until_then = len(asked)
    for _ in range(3):
        poll(writer)
        writer.wait_for_timeout(300)

    assert asked[until_then:] == []


def test_it_sends_after_a_login_in_another_tab(writer: Page, live_server: LiveServer) -> None:
    writer.context.clear_cookies()
    log_in(writer.context.new_page(), live_server.url)

    writer.get_by_label("Message").fill("still here")
    writer.get_by_label("Message").press("Enter")

    expect(writer.get_by_label("Message")).to_have_value("")
    assert received == ["still here"]


def test_it_tells_the_time_zone_of_the_browser(writer: Page) -> None:
    cookies = {cookie["name"]: cookie for cookie in writer.context.cookies()}

    assert cookies["tz"]["value"] == "Asia/Tokyo"
    assert cookies["tz"]["sameSite"] == "Lax"


def test_it_says_once_that_something_went_wrong(writer: Page) -> None:
    writer.locator("#break").click()
    toast = writer.locator("#toasts .toast--error")
    expect(toast).to_have_text(re.compile("Something went wrong on our side"))
    writer.locator("#break").click()
    writer.wait_for_timeout(200)

    assert toast.count() == 1
    toast.get_by_role("button", name="Close").click()
    expect(toast).to_have_count(0)


def test_it_puts_no_page_of_a_proxy_into_its_own(writer: Page) -> None:
    writer.locator("#proxy").click()

    expect(writer.locator("#toasts .toast--error")).to_have_count(1)
    expect(writer.locator("#proxy")).to_have_text("Through a proxy")


def test_it_says_that_the_connection_is_gone_and_back(writer: Page) -> None:
    toast = writer.locator("#toasts .toast--error")
    writer.context.set_offline(True)
    writer.get_by_label("Message").fill("later")
    writer.get_by_label("Message").press("Enter")
    expect(toast).to_have_text(re.compile("No connection to the dashboard"))

    writer.context.set_offline(False)
    expect(writer.get_by_label("Message")).to_have_value("later")
    writer.get_by_label("Message").press("Enter")

    expect(toast).to_have_count(0)
    assert received == ["later"]


def test_it_polls_every_five_seconds(page: Page, live_server: LiveServer, agent: User) -> None:
    polls.clear()
    page.clock.install()
    log_in(page, live_server.url)

    for count in ("1", "2"):
        page.clock.run_for(5_100)
        expect(page.locator("#live")).to_have_text(count)


def test_it_polls_every_thirty_seconds_while_nobody_looks(
    page: Page, live_server: LiveServer, agent: User
) -> None:
    polls.clear()
    page.clock.install()
    log_in(page, live_server.url)
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, writable: true })")

    page.clock.run_for(25_100)
    assert polls == []
    page.clock.run_for(5_100)
    expect(page.locator("#live")).to_have_text("1")

    page.clock.run_for(6_000)
    page.evaluate("document.hidden = false")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#live")).to_have_text("2")


def test_it_counts_up_the_time_that_has_passed(
    page: Page, live_server: LiveServer, agent: User
) -> None:
    page.clock.install()
    log_in(page, live_server.url)
    moment = page.locator("#moment time")
    expect(moment).to_have_text("now")

    page.clock.run_for(181_000)

    expect(moment).to_have_text("3 min. ago")


def test_it_writes_months_out_as_the_server_does(
    page: Page, live_server: LiveServer, agent: User
) -> None:
    page.clock.install()
    log_in(page, live_server.url)
    page.context.add_cookies([{"name": "django_language", "value": "es", "url": live_server.url}])
    page.reload()

    page.clock.fast_forward(60 * 86_400_000)

    expect(page.locator("#moment time")).to_have_text("hace 2 meses")


def test_it_breaks_no_rule_of_its_content_security_policy(
    page: Page, live_server: LiveServer, agent: User
) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    log_in(page, live_server.url)
    page.get_by_label("Message").fill("x")
    page.get_by_label("Message").press("Enter")
    expect(page.get_by_label("Message")).to_have_value("")

    assert complaints == []
