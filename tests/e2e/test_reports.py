"""The reports in a browser: another time, and what a chart shows as a table."""

import re

from playwright.sync_api import expect

from tests.e2e.conftest import LogIn


def test_another_time_is_chosen_and_a_chart_read_as_a_table(log_in: LogIn) -> None:
    page = log_in("admin")
    page.get_by_role("link", name="Reports").click()
    page.get_by_role("link", name="Last 7 days").click()

    expect(page).to_have_url(re.compile(r"/reports/\?period=7$"))
    expect(page.get_by_role("link", name="Last 7 days")).to_have_attribute("aria-current", "true")

    since = page.get_by_label("From", exact=True).input_value()
    page.get_by_label("To", exact=True).fill(since)
    page.get_by_role("button", name="Show").click()

    expect(page).to_have_url(re.compile(f"since={since}&until={since}$"))
