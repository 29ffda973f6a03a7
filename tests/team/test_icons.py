"""Icons, drawn once."""

from django.template import engines
from heroicons.templatetags.heroicons import heroicon_micro, heroicon_outline

from wazime_admin.templatetags import icons


def drawn(tag: str) -> str:
    return engines["django"].from_string(f"{{% load heroicons %}}{{% {tag} %}}").render()


def test_an_icon_is_the_packages_own_each_time_it_is_drawn() -> None:
    for _ in range(2):
        small = drawn('heroicon_micro "clock" size=14 aria_hidden="true"')
        large = drawn('heroicon_outline "clock" size=22 aria_hidden="true"')

        assert small == heroicon_micro("clock", size=14, aria_hidden="true")
        assert large == heroicon_outline("clock", size=22, aria_hidden="true")


def test_an_icons_attributes_cannot_leave_their_quotes() -> None:
    icon = engines["django"].from_string(
        "{% load heroicons %}{% heroicon_micro 'clock' title=said %}"
    )

    assert '"><script>' not in icon.render({"said": '"><script>'})


def test_icons_that_were_not_drawn_yet_do_not_each_open_the_archive() -> None:
    before = icons._archive.cache_info()
    engines["django"].from_string(
        "{% load heroicons %}{% heroicon_micro 'cake' %}{% heroicon_micro 'fire' %}"
    ).render({})
    after = icons._archive.cache_info()

    assert after.hits + after.misses == before.hits + before.misses + 2
    assert after.misses <= 1
