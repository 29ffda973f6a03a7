"""What every template knows about this installation."""

from django.conf import settings
from django.http import HttpRequest


def installation(request: HttpRequest) -> dict[str, object]:
    return {
        "demo": settings.DEMO,
        "demo_accounts": settings.DEMO_ACCOUNTS,
        "media_retention_days": settings.MEDIA_RETENTION_DAYS,
        "sandbox_url": f"{settings.WAZIME_ORIGIN}/" if settings.DEMO else "",
    }
