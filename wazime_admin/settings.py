"""Settings, all from the environment (`.env` is read too); `.env.example` lists them.

Without WaziMe credentials the dashboard plays against the sandbox ("demo"); with them it is live.
A mistake is told in one sentence and stops the start.
"""

import os
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()


def read_file(path: Path) -> None:
    """Add what the file sets; environ's own reading passes over what it does not understand."""
    if not path.exists():
        return
    try:
        lines = [line.strip() for line in path.read_text("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError):
        raise ImproperlyConfigured(
            f"{path.name} cannot be read: it must be a text file in UTF-8."
        ) from None
    for number, line in enumerate(lines, 1):
        if not re.match(r"(export )?\w+=|#|$", line, re.ASCII):
            raise ImproperlyConfigured(f"Line {number} of {path.name} is not NAME=value.")
    env.read_env(StringIO("\n".join(lines)))


read_file(BASE_DIR / ".env")


def setting(kind: Callable[..., Any], name: str, default: Any) -> Any:
    """The setting `name`, or `default` where it is unset or empty; says which one is wrong."""
    if not os.environ.get(name, "").strip():
        return default
    try:
        return kind(name)
    except (ValueError, KeyError, ImproperlyConfigured):
        raise ImproperlyConfigured(
            f"{name} has a value that cannot be read: see {name} in .env.example."
        ) from None


def flag(name: str) -> bool:
    """environ's own `bool` takes everything that it does not know for False."""
    return {"true": True, "1": True, "false": False, "0": False}[text(name).strip().lower()]


def text(name: str) -> str:
    """environ's own `str` takes a text that begins with $ for the name of another setting."""
    return os.environ[name]


def texts(name: str) -> list[str]:
    """Separated by commas, with or without spaces."""
    return [part.strip() for part in text(name).split(",") if part.strip()]


def is_url(url: str, *schemes: str) -> bool:
    """Whether it has one of these schemes, a host, and a port that is one if any."""
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


# --- Where things live ------------------------------------------------------------------------

DATA_DIR = (BASE_DIR / setting(text, "DATA_DIR", "var")).resolve()
HOST: str = setting(text, "HOST", "127.0.0.1")
PORT: int = setting(env.int, "PORT", 8000)

# --- WaziMe -----------------------------------------------------------------------------------

WAZIME_CLIENT_ID: str = setting(text, "WAZIME_CLIENT_ID", "")
WAZIME_CLIENT_SECRET: str = setting(text, "WAZIME_CLIENT_SECRET", "")
for name, value, other in (
    ("WAZIME_CLIENT_ID", WAZIME_CLIENT_ID, WAZIME_CLIENT_SECRET),
    ("WAZIME_CLIENT_SECRET", WAZIME_CLIENT_SECRET, WAZIME_CLIENT_ID),
):
    if other and not value:
        raise ImproperlyConfigured(f"{name} is missing: set both WaziMe credentials, or neither.")

DEMO = not WAZIME_CLIENT_ID
SANDBOX_PORT = PORT + 1
if not 0 < PORT <= 65535 - DEMO:
    raise ImproperlyConfigured(f"PORT must be from 1 to {65535 - DEMO}.")
if DEMO:
    WAZIME_CLIENT_ID, WAZIME_CLIENT_SECRET = "sandbox-id", "sandbox-secret"

WAZIME_BASE_URL: str = setting(
    text,
    "WAZIME_BASE_URL",
    f"http://127.0.0.1:{SANDBOX_PORT}/external-api"
    if DEMO
    else "https://www.wazime.com.br.socorreaki.com.br/external-api",
).rstrip("/")
if not is_url(WAZIME_BASE_URL, "http", "https"):
    raise ImproperlyConfigured("WAZIME_BASE_URL must begin with https:// (or http://) and a host.")
if DEMO and setting(text, "WAZIME_BASE_URL", ""):
    raise ImproperlyConfigured(
        "WAZIME_BASE_URL is set but WAZIME_CLIENT_ID and WAZIME_CLIENT_SECRET are missing."
    )

# Messages a second, for the whole installation.
WAZIME_SEND_RATE: float = setting(env.float, "WAZIME_SEND_RATE", 20.0)
if not 0 < WAZIME_SEND_RATE <= 1000:
    raise ImproperlyConfigured("WAZIME_SEND_RATE must be a number from above 0 to 1000.")
# Values for the places of templates, sent as the vendor's page does not say that one can.
WAZIME_TEMPLATE_VARIABLES: bool = setting(flag, "WAZIME_TEMPLATE_VARIABLES", False)
WAZIME_PROXY: str = setting(text, "WAZIME_PROXY", "")
WAZIME_FROM_NUMBERS: list[str] = setting(texts, "WAZIME_FROM_NUMBERS", [])
WAZIME_PANEL_URL: str = setting(
    text,
    "WAZIME_PANEL_URL",
    f"http://127.0.0.1:{SANDBOX_PORT}/phones/{{mobile}}/" if DEMO else "",
)

# --- Safety -----------------------------------------------------------------------------------

DEBUG: bool = setting(flag, "DEBUG", False)
DEMO_SECRET_KEY = "demo-only-this-key-is-public-and-a-live-installation-refuses-it"  # noqa: S105
SECRET_KEY: str = setting(text, "SECRET_KEY", DEMO_SECRET_KEY if DEMO else "")
if not DEMO and SECRET_KEY in {"", DEMO_SECRET_KEY}:
    raise ImproperlyConfigured(
        "SECRET_KEY is missing: a live installation needs a long random one of its own."
    )

METRICS_TOKEN: str = setting(text, "METRICS_TOKEN", "")

ALLOWED_HOSTS: list[str] = setting(
    texts, "ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]", HOST]
)
CSRF_TRUSTED_ORIGINS: list[str] = setting(texts, "CSRF_TRUSTED_ORIGINS", [])
if not all(is_url(origin, "http", "https") for origin in CSRF_TRUSTED_ORIGINS):
    raise ImproperlyConfigured(
        "Each of CSRF_TRUSTED_ORIGINS must begin with https:// (or http://)."
    )

# An https origin says that a reverse proxy ends TLS in front of us; without one the dashboard
# is used over plain http on this machine, where secure cookies would lock everybody out.
BEHIND_TLS = any(origin.startswith("https://") for origin in CSRF_TRUSTED_ORIGINS)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]  # asked for past the proxy
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_TLS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "wazime_admin.errors.csrf_failure"

# Contacts' pictures and what customers send come from the WaziMe server itself, from nowhere else.
_wazime = urlsplit(WAZIME_BASE_URL)
WAZIME_ORIGIN = f"{_wazime.scheme}://{_wazime.netloc}"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # blob: what somebody is about to send, shown before it is uploaded.
        "img-src": [SELF, "data:", "blob:", WAZIME_ORIGIN],
        "media-src": [SELF, "blob:", WAZIME_ORIGIN],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# --- Django -----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "wazime_admin.team",
    "wazime_admin",
    "wazime_admin.connection",
    "contacts",
    "inbox",
    "inbox.broadcasts",
    "inbox.replies",
    "inbox.reports",
    "inbox.teamwork",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "wazime_admin.http.PagesGZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "wazime_admin.errors.refused",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "wazime_admin.http.htmx_details",
    "wazime_admin.team.middleware.LoginRequiredMiddleware",
    "wazime_admin.team.middleware.PrivateMiddleware",
    "wazime_admin.team.middleware.TimeZoneMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "wazime_admin.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "wazime_admin.context.installation",
                "inbox.context.signals",
            ],
            "libraries": {"heroicons": "wazime_admin.templatetags.icons"},
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Database ---------------------------------------------------------------------------------

if not setting(text, "DATABASE_URL", "sqlite:").startswith(("postgres", "sqlite:")):
    raise ImproperlyConfigured("DATABASE_URL must begin with postgres:// (or sqlite:///).")
DATABASES = {
    "default": setting(
        env.db_url,
        "DATABASE_URL",
        {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATA_DIR / "db.sqlite3")},
    )
}
_database = DATABASES["default"]
if not _database["NAME"]:
    raise ImproperlyConfigured("DATABASE_URL must look like postgres://user:password@host/name.")
_options: dict[str, Any] = _database.setdefault("OPTIONS", {})
# A claim that a power cut forgets is a doubled message: both databases must have it on the disk
# when they say so. IMMEDIATE makes writers queue up instead of failing in mid-transaction.
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _options |= {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    _options |= {"options": "-c synchronous_commit=on", "connect_timeout": 5}
# Opening one costs a page more than most of its queries, with SQLite too.
_database |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}

# --- Redis ------------------------------------------------------------------------------------

# The embedded server listens on a socket in the data directory: no port, no password needed.
REDIS_SOCKET = DATA_DIR / "redis.sock"
REDIS_URL: str = setting(text, "REDIS_URL", "")
REDIS_EMBEDDED = not REDIS_URL
if REDIS_URL and not (
    is_url(REDIS_URL, "redis", "rediss") and re.fullmatch(r"(/\d*)?", urlsplit(REDIS_URL).path)
):
    raise ImproperlyConfigured("REDIS_URL must look like redis://host:6379/0 (or rediss://…).")
if REDIS_EMBEDDED:
    if len(bytes(REDIS_SOCKET)) > 100:
        raise ImproperlyConfigured(
            "DATA_DIR is too long a path for a Unix socket: choose a shorter one, or set REDIS_URL."
        )
    REDIS_URL = f"unix://{quote(bytes(REDIS_SOCKET))}?db=0"

CACHES = {
    "default": {
        "BACKEND": "wazime_admin.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "wazime",
        # Pages must work without Redis: a failing cache is an empty cache.
        "OPTIONS": {
            "REDIS_CLIENT_CLASS": "wazime_admin.cache.RestingRedis",
            "SOCKET_CONNECT_TIMEOUT": 1,
            "SOCKET_TIMEOUT": 1,
            "IGNORE_EXCEPTIONS": True,
        },
    }
}
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True

# --- Celery -----------------------------------------------------------------------------------

CELERY_BROKER_URL = (
    f"redis+socket://{quote(bytes(REDIS_SOCKET))}?virtual_host=0" if REDIS_EMBEDDED else REDIS_URL
)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": "celery:",
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "max_retries": 0,  # a page that nudges a worker must not wait for a broker that is down
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False  # the sweep finds what a broker did not take
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# A periodic task that waits longer than its interval is worthless: the next one does its work.
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "inbox.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "broadcasts": {"task": "broadcasts.look", "schedule": 2.0, "options": {"expires": 2}},
    "clean-audiences": {
        "task": "broadcasts.clean",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "clean-media": {"task": "inbox.clean_media", "schedule": 3600.0, "options": {"expires": 3600}},
    "wake-snoozed": {
        "task": "inbox.wake_snoozed",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "probe-gate": {"task": "inbox.probe_gate", "schedule": 15.0, "options": {"expires": 15}},
    "sample": {
        "task": "reports.sample",
        "schedule": crontab(minute="*/15"),
        "options": {"expires": 420},
    },
    "heartbeat": {"task": "connection.heartbeat", "schedule": 15.0, "options": {"expires": 15}},
}
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # nothing on disk that could be stale

# --- Accounts ---------------------------------------------------------------------------------

AUTH_USER_MODEL = "team.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{validator}"}
    for validator in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "wazime_admin.team.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
# The forms behind one-time links, beside allauth's own limits.
ACCOUNT_RATE_LIMITS = {"one_time_link": "30/m/ip"}
# Failed logins are counted by address: behind a proxy, by the one that the proxy saw.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_TLS else 0

# Name, password, role of the demo's accounts: everybody can read them on its login page.
PUBLIC_ACCOUNTS = [("agent", "wazime-demo", "agent"), ("admin", "wazime-demo", "admin")]
DEMO_ACCOUNTS = PUBLIC_ACCOUNTS if DEMO else []

FIRST_ADMIN: dict[str, str] = {
    "username": setting(text, "DJANGO_SUPERUSER_USERNAME", ""),
    "password": setting(text, "DJANGO_SUPERUSER_PASSWORD", ""),
    "email": setting(text, "DJANGO_SUPERUSER_EMAIL", ""),
}
if bool(FIRST_ADMIN["username"]) != bool(FIRST_ADMIN["password"]):
    raise ImproperlyConfigured(
        "DJANGO_SUPERUSER_USERNAME and DJANGO_SUPERUSER_PASSWORD go together: set both, or neither."
    )
if not DEMO and any(FIRST_ADMIN["password"] == public for name, public, role in PUBLIC_ACCOUNTS):
    raise ImproperlyConfigured("DJANGO_SUPERUSER_PASSWORD is the demo's public one: take another.")

# --- Languages and time -----------------------------------------------------------------------

LANGUAGE_CODE = "pt-br"
LANGUAGES = [("pt-br", _("Portuguese (Brazil)")), ("en", _("English")), ("es", _("Spanish"))]
LANGUAGE_COOKIE_AGE = 31_536_000
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = BEHIND_TLS
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "America/Sao_Paulo"
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

# --- Uploads ----------------------------------------------------------------------------------

# The largest request: a document of 100 MB, and the form around it.
MAX_REQUEST_SIZE = 101 * 1024 * 1024
# As text alone: a hundred thousand pasted numbers, written in any way and encoded.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
# How long a request may stand still before it is given up, in seconds.
REQUEST_PATIENCE = 60
# On the disk of the data: /tmp is memory on many machines.
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "uploads"
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "wazime_admin.uploads.TemporaryFileUploadHandler",
]

# --- Media ------------------------------------------------------------------------------------

# What people send along. Private: never under a public address, only through a view that asks who.
MEDIA_ROOT = (BASE_DIR / setting(text, "MEDIA_ROOT", str(DATA_DIR / "media"))).resolve()
MEDIA_STORAGE_URL: str = setting(text, "MEDIA_STORAGE_URL", "")
if MEDIA_STORAGE_URL and setting(text, "MEDIA_ROOT", ""):
    raise ImproperlyConfigured("MEDIA_ROOT and MEDIA_STORAGE_URL exclude each other: set one.")


def bucket(url: str) -> dict[str, str]:
    """The place that s3://key:secret@host/bucket?region=name says; s3+http:// is without TLS."""
    parts = urlsplit(url if is_url(url, "s3", "s3+http") else "")
    name = parts.path.strip("/")
    protocol = {"s3": "https", "s3+http": "http"}.get(parts.scheme)
    if not (protocol and parts.hostname and parts.username and parts.password and name):
        raise ImproperlyConfigured(
            "MEDIA_STORAGE_URL must look like s3://key:secret@host/bucket?region=name."
        )
    return {
        "endpoint_url": f"{protocol}://{parts.netloc.rpartition('@')[2]}",
        "access_key": unquote(parts.username),
        "secret_key": unquote(parts.password),
        "bucket_name": name,
        "region_name": dict(parse_qsl(parts.query)).get("region", "us-east-1"),
    }


MEDIA_STORAGE: dict[str, Any] = {
    "BACKEND": "wazime_admin.uploads.DurableStorage",
    "OPTIONS": {
        "location": MEDIA_ROOT,
        "base_url": None,
        "file_permissions_mode": 0o600,
        "directory_permissions_mode": 0o700,
    },
}
if MEDIA_STORAGE_URL:
    MEDIA_STORAGE = {
        "BACKEND": "wazime_admin.s3.S3Storage",
        "OPTIONS": bucket(MEDIA_STORAGE_URL),
    }
# Counted from the end of the last message that a file was sent with.
MEDIA_RETENTION_DAYS: int = setting(env.int, "MEDIA_RETENTION_DAYS", 180)
if MEDIA_RETENTION_DAYS < 1:
    raise ImproperlyConfigured("MEDIA_RETENTION_DAYS must be a number of days, 1 or more.")

# --- Static files -----------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES: dict[str, dict[str, Any]] = {
    "media": MEDIA_STORAGE,
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "wazime_admin.static.StaticFilesStorage"
    },
}

# --- Logging ----------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"refusals": {"()": "wazime_admin.logs.RefusalsInALine"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals"]}
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
}
