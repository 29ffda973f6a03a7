"""Whether the dashboard reaches WaziMe, and what it is made of: for admins, and for machines."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from inbox import gate
from wazime_admin.connection import checks
from wazime_admin.connection import metrics as prometheus
from wazime_admin.connection.checks import Services
from wazime_admin.http import PageRequest
from wazime_admin.team.access import admin_required
from wazime_admin.trouble import explain
from wazime_admin.wazime.errors import Cause

# What somebody only has to wait for.
PASSING = {Cause.MAINTENANCE, Cause.RATE_LIMIT}


@admin_required
@require_safe
@vary_on_headers("HX-Request")
def connection(request: PageRequest) -> HttpResponse:
    wazime, services = checks.check_everything()
    context = {
        "wazime": wazime,
        "trouble": wazime.error and explain(wazime.error),
        "will_pass": wazime.error is not None and wazime.error.cause in PASSING,
        "services": services,
        "closed": services.closed and gate.trouble(services.closed),
        "account": _account(),
        "checked_at": timezone.now(),
    }
    template = "connection/_report.html" if request.htmx else "connection/page.html"
    return render(request, template, context)


@login_not_required
@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The state of each dependency; 503 when the dashboard itself cannot serve."""
    services = checks.check_services()
    return JsonResponse(_states(services), status=503 if services.database.error else 200)


@login_not_required
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For a Prometheus that knows METRICS_TOKEN; without one there is no such page."""
    if not settings.METRICS_TOKEN:
        raise Http404
    given = request.headers.get("Authorization", "")
    if not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(prometheus.render(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _account() -> dict[str, object]:
    """The settings of the way to WaziMe. Of credentials only whether they are there.

    meant_url: the address without the mistake that the vendor's own examples make.
    """
    base_url = urlsplit(settings.WAZIME_BASE_URL)
    shown = base_url._replace(netloc=base_url.netloc.rpartition("@")[2]).geturl()
    before, mistake, _ = shown.partition("/extern-api")
    return {
        "base_url": shown,
        "meant_url": f"{before}/external-api" if mistake else "",
        "has_client_id": bool(settings.WAZIME_CLIENT_ID),
        "has_client_secret": bool(settings.WAZIME_CLIENT_SECRET),
        "has_proxy": bool(settings.WAZIME_PROXY),
        "from_numbers": settings.WAZIME_FROM_NUMBERS,
        "panel_url": settings.WAZIME_PANEL_URL,
        "redis_embedded": settings.REDIS_EMBEDDED,
    }


def _states(services: Services) -> dict[str, object]:
    database, redis, workers = services.database, services.redis, services.workers
    closed = services.closed
    states = {
        "database": "down" if database.error else "ok",
        "redis": "down" if redis.seconds is None else "ok",
        "workers": "unknown" if workers is None else "ok" if workers else "down",
        "beat": "ok" if redis.is_beating else "down" if workers else "unknown",
        "gate": "unknown" if database.error else "closed" if closed else "open",
    }
    well = set(states.values()) <= {"ok", "open"}
    return {
        "status": "down" if database.error else "ok" if well else "degraded",
        **{name: {"state": state} for name, state in states.items()},
        "gate": {"state": states["gate"], "cause": closed and closed.cause},
    }
