"""The account's WhatsApp templates. WaziMe has them, here they are only looked at."""

from wazime_admin.wazime import reading
from wazime_admin.wazime.client import WaziMeClient
from wazime_admin.wazime.reading import Question, Reading
from wazime_admin.wazime.types import Template

PER_PAGE = 100
# A server that always promises one more page is not followed for ever.
MOST_PAGES = 50


def all_templates() -> Reading[tuple[Template, ...]]:
    """Newest first. Raises WaziMeError."""
    return reading.read(Question("templates", "all", _walk))


def _walk(wazime: WaziMeClient) -> tuple[Template, ...]:
    found: dict[int, Template] = {}
    for number in range(1, MOST_PAGES + 1):
        page = wazime.templates(page=number, per_page=PER_PAGE)
        found |= {template.id: template for template in page.rows}
        if number >= page.last or not page.rows:
            break
    return tuple(found.values())
