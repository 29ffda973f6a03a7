"""The translation catalogs, kept with Babel: nobody needs gettext's programs.

`manage.py catalogs` brings locale/ up to date with the texts in the code and the templates;
`manage.py catalogs --check` says what is not translated.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from babel.messages import Catalog, Message, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

SOURCES = ["contacts", "inbox", "wazime_admin", "templates"]
KEYWORDS = {
    **extract.DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
METHODS = [("**.py", "python"), ("**.html", f"{__name__}:extract_template")]
# Texts are written in English: this catalog may stay empty.
SOURCE_LANGUAGE = "en"


def extract_template(
    file: IO[bytes], keywords: Any, comment_tags: Any, options: Any
) -> Iterator[tuple[Any, ...]]:
    """Babel's extraction method for Django templates."""
    code = templatize(file.read().decode())
    # What is left of the HTML is not indented as Python wants it.
    lines = "\n".join(line.lstrip() for line in code.split("\n"))
    return extract.extract_python(BytesIO(lines.encode()), keywords, comment_tags, options)


def template_catalog() -> Catalog:
    """Every text of the code and the templates that is shown to people."""
    catalog = Catalog()
    for source in SOURCES:
        root = settings.BASE_DIR / source
        for path, _, texts, comments, context in extract.extract_from_dir(
            root, METHODS, keywords=KEYWORDS, comment_tags=["Translators:"]
        ):
            catalog.add(
                texts, None, [(f"{source}/{path}", 0)], auto_comments=comments, context=context
            )
    return catalog


def catalog_path(language: str) -> Path:
    return Path(settings.LOCALE_PATHS[0], to_locale(language), "LC_MESSAGES", "django.po")


def read_catalog(language: str) -> Catalog:
    with catalog_path(language).open("rb") as file:
        return read_po(file, locale=to_locale(language))


def _new_catalog(language: str) -> Catalog:
    return Catalog(
        to_locale(language),
        header_comment="# The texts of WaziMe Admin.",
        project="WaziMe Admin",
        version="1",
        fuzzy=False,
    )


def update_catalogs() -> None:
    """Add what is new, drop what is gone, and keep every translation whose text stayed."""
    template = template_catalog()
    for language, _ in settings.LANGUAGES:
        path = catalog_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalog = read_catalog(language) if path.exists() else _new_catalog(language)
        catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
        with path.open("wb") as file:
            write_po(file, catalog, width=100, include_lineno=False, ignore_obsolete=True)


def untranslated() -> Iterator[str]:
    """What is wrong, one line each: a text that is missing, empty, fuzzy or ill-formed."""
    template = template_catalog()
    for language, _ in settings.LANGUAGES:
        catalog = read_catalog(language)
        for text in template:
            if text.id and language != SOURCE_LANGUAGE and (trouble := _trouble(text, catalog)):
                yield f"{to_locale(language)}: {trouble}: {text.id!r}"


def _trouble(text: Message, catalog: Catalog) -> str | None:
    translation = catalog.get(text.id, text.context)
    if translation is None:
        return "missing"
    if translation.fuzzy:
        return "fuzzy"
    string = translation.string
    forms = [string] if isinstance(string, str) else list(string or [""])
    if not all(forms) or (text.pluralizable and len(forms) != catalog.num_plurals):
        return "untranslated"
    return next((str(error) for error in translation.check(catalog)), None)


def compile_catalogs() -> None:
    """Write each .mo file that is older than its .po file, as `pybabel compile` does."""
    for language, _ in settings.LANGUAGES:
        source = catalog_path(language)
        compiled = source.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
            continue
        with compiled.open("wb") as file:
            write_mo(file, read_catalog(language))
