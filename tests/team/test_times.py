"""Moments and dates in each language."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from wazime_admin.templatetags.ui import clock, own_name, relative, second

MOMENT = datetime(2026, 3, 5, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "days", "words"),
    [
        ("pt-br", 0.1, "há 2 h"),
        ("pt-br", 3, "há 3 dias"),
        ("es", 0.1, "hace 2 h"),
        ("es", 3, "hace 3 días"),
        ("es", 60, "hace 2 meses"),
        ("en", 60, "2 months ago"),
    ],
)
def test_it_says_how_long_ago_something_was(language: str, days: float, words: str) -> None:
    with translation.override(language):
        assert relative(timezone.now() - timedelta(days=days)) == words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("pt-br", "4 de março de 2026"),
        ("es", "4 de marzo de 2026"),
        ("en", "March 4, 2026"),
    ],
)
def test_it_writes_a_date_of_the_readers_own_zone_in_words(language: str, words: str) -> None:
    template = Template("{% load ui %}{{ moment|day }} {% when moment %}")
    with translation.override(language), timezone.override("America/Sao_Paulo"):
        shown = template.render(Context({"moment": MOMENT}))
    assert shown.startswith(words)
    assert f'title="{words}, 10:30' in shown or f'title="{words}, 22:30"' in shown


@pytest.mark.parametrize(
    ("language", "at", "exactly"),
    [
        ("pt-br", "4 de mar. de 2020, 22:30", "04/03/2020 22:30:00"),
        ("es", "4 mar 2020, 22:30", "4/3/20 22:30:00"),
        ("en", "Mar 4, 2020, 10:30 PM", "3/4/20 10:30:00 PM"),
    ],
)
def test_it_writes_a_time_as_the_readers_clock_does(language: str, at: str, exactly: str) -> None:
    with translation.override(language), timezone.override("America/Sao_Paulo"):
        moment = timezone.localtime(MOMENT.replace(year=2020))
        assert clock(moment).replace("\u202f", " ") == at
        assert second(moment).replace("\u202f", " ") == exactly


def test_a_language_is_named_in_itself() -> None:
    names = [own_name(language) for language in ("pt-br", "en", "es")]
    assert names == ["Português (Brasil)", "English", "Español"]
