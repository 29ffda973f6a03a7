"""The translation catalogs: what is found, what counts as translated, what gets compiled."""

import gettext
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from wazime_admin import catalogs

TEMPLATE = """{% load i18n %}
  <p title="{% translate "It's here" %}">{{ _("Inline") }}</p>
      {% blocktranslate trimmed count n=n %}
        One thing
      {% plural %}
        {{ n }} things don't fit (
      {% endblocktranslate %}
  {% translate "May" context "month" %}
"""
CODE = """
from django.utils.translation import gettext_lazy as _
title = _("In code, %(name)s")
"""


@pytest.fixture
def project(tmp_path: Path, settings: Settings) -> Path:
    for source in catalogs.SOURCES:
        (tmp_path / source).mkdir()
    (tmp_path / "templates" / "_noun.html").write_text(TEMPLATE)
    (tmp_path / "inbox" / "forms.py").write_text(CODE)
    settings.BASE_DIR = tmp_path
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    settings.LANGUAGES = [("es", "Spanish"), ("en", "English")]
    catalogs.update_catalogs()
    return tmp_path


def translate(**changes: object) -> None:
    """Translate everything into Spanish, except for `changes`: a string or forms by first word."""
    spanish = catalogs.read_catalog("es")
    for message in spanish:
        if not message.id:
            continue
        first = message.id if isinstance(message.id, str) else message.id[0]
        word = first.split()[0].strip(",'s")
        message.string = changes.get(word, message.id)  # type: ignore[assignment]
    with catalogs.catalog_path("es").open("wb") as file:
        catalogs.write_po(file, spanish)


def test_it_finds_the_texts_of_templates_and_code(project: Path) -> None:
    found = {message.id for message in catalogs.template_catalog() if message.id}
    plural = ("One thing", "%(n)s things don't fit (")
    assert found == {"It's here", "Inline", "May", plural, "In code, %(name)s"}


def test_it_names_every_text_of_a_language_that_is_not_translated(project: Path) -> None:
    wrong = list(catalogs.untranslated())
    assert len(wrong) == 5
    assert all(line.startswith("es: untranslated: ") for line in wrong)


def test_it_is_content_when_all_is_translated(project: Path) -> None:
    translate()
    assert list(catalogs.untranslated()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Inline": ""}, "untranslated: 'Inline'"),
        ({"One": ("Una cosa", "")}, "untranslated: ('One thing'"),
        ({"In": "En el código, %(nombre)s"}, "'In code, %(name)s'"),
    ],
)
def test_it_finds_what_is_half_done(project: Path, changes: dict[str, object], words: str) -> None:
    translate(**changes)
    (line,) = catalogs.untranslated()
    assert words in line


def test_it_finds_a_text_that_came_later(project: Path) -> None:
    translate()
    (project / "inbox" / "views.py").write_text('_("Later")')
    assert list(catalogs.untranslated()) == ["es: missing: 'Later'"]


def test_an_update_keeps_translations_and_drops_texts_that_are_gone(project: Path) -> None:
    translate(May="Mayo")
    (project / "inbox" / "forms.py").write_text('_("New")')
    catalogs.update_catalogs()
    spanish = catalogs.read_catalog("es")
    assert spanish.get("May", "month").string == "Mayo"  # type: ignore[union-attr]
    assert spanish.get("New").string == ""  # type: ignore[union-attr]
    assert spanish.get("In code, %(name)s") is None


def test_it_compiles_a_catalog_when_it_changed(project: Path) -> None:
    translate(Inline="En línea")
    catalogs.compile_catalogs()
    compiled = catalogs.catalog_path("es").with_suffix(".mo")
    with compiled.open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Inline") == "En línea"
    first = compiled.stat().st_mtime_ns
    catalogs.compile_catalogs()
    assert compiled.stat().st_mtime_ns == first
