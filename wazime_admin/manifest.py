"""What a phone or a desktop needs to install the dashboard: https://www.w3.org/TR/appmanifest/."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.templatetags.static import static
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

# As --sunken in tokens.css: the bars around the page.
COLOUR = "#eff2f1"


@login_not_required
@require_safe
@cache_control(max_age=3600, public=True)
def manifest(request: HttpRequest) -> JsonResponse:
    content = {
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "name": "WaziMe Admin",
        "short_name": "WaziMe",
        "description": _("Serve your customers on WhatsApp."),
        "lang": get_language(),
        "background_color": COLOUR,
        "theme_color": COLOUR,
        "icons": [_icon(192), _icon(512), _icon(512, "maskable")],
    }
    return JsonResponse(content, content_type="application/manifest+json")


def _icon(size: int, purpose: str = "any") -> dict[str, str]:
    name = "icon" if purpose == "any" else purpose
    source = static(f"img/{name}-{size}.png")
    return {"src": source, "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
