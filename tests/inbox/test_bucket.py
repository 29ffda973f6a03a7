"""Files that are sent along, kept in an S3-compatible storage."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from inbox import media
from inbox.content import Content
from inbox.models import Kind, Media, Message, State
from tests.inbox import files
from tests.s3_server import BUCKET, S3Server
from wazime_admin.settings import bucket
from wazime_admin.wazime.errors import Cause
from wazime_admin.wazime.transport import SEND

pytestmark = pytest.mark.django_db


@pytest.fixture
def s3(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    settings.LANGUAGE_CODE = "en"
    with S3Server() as server:
        chosen = {"BACKEND": "wazime_admin.s3.S3Storage", "OPTIONS": bucket(server.url)}
        settings.STORAGES = settings.STORAGES | {"media": chosen}
        for field in ("file", "thumbnail"):
            monkeypatch.setattr(Media._meta.get_field(field), "storage", storages["media"])
        yield server


def store(content: bytes, kind: Kind) -> Media:
    return media.store(SimpleUploadedFile("ficheiro", content), kind)


def test_a_file_goes_to_the_bucket_and_to_the_browser(s3: S3Server, agent_client: Client) -> None:
    kept = store(files.picture(), Kind.IMAGE)
    assert set(s3.objects) == {f"/{BUCKET}/{kept.file.name}", f"/{BUCKET}/{kept.thumbnail.name}"}
    response = agent_client.get(f"/inbox/media/{kept.pk}/", headers={"Range": "bytes=10-19"})
    assert b"".join(response) == files.picture()[10:20]


def test_a_large_file_goes_in_parts(s3: S3Server) -> None:
    content = files.PDF.ljust(20 * 1024 * 1024, b"x")
    kept = store(content, Kind.DOCUMENT)
    assert s3.objects[f"/{BUCKET}/{kept.file.name}"] == content
    assert not s3.parts


def test_the_customer_gets_what_is_in_the_bucket(s3: S3Server, write, deliver, wazime) -> None:
    kept = store(files.PDF, Kind.DOCUMENT)
    message = write("", content=Content(Kind.DOCUMENT, media=kept))
    assert deliver(message).state == State.SENT
    assert wazime.accepted()[-1]["file"]["sha256"] == kept.sha256


def test_a_slow_bucket_does_not_cost_the_time_in_which_a_message_must_leave(
    s3: S3Server, write, deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = write("", content=Content(Kind.DOCUMENT, media=store(files.PDF, Kind.DOCUMENT)))
    client = import_module("wazime_admin.wazime.client")
    monkeypatch.setattr(client, "SEND", replace(SEND, begin=2))
    s3.delay = 2.1
    assert deliver(message).state == State.SENT


def test_a_message_waits_for_a_bucket_that_is_away(s3: S3Server, write, deliver, wazime) -> None:
    message = write("", content=Content(Kind.DOCUMENT, media=store(files.PDF, Kind.DOCUMENT)))
    s3.status = 503
    waiting = deliver(message)
    assert waiting.state == State.QUEUED
    assert waiting.attempts.get().cause == Cause.FILE_STORAGE
    assert wazime.accepted() == []
    s3.status = 200
    Message.objects.update(not_before=None)
    assert deliver(message).state == State.SENT


def test_a_file_that_is_gone_from_the_bucket_has_a_page_that_says_so(
    s3: S3Server, agent_client: Client
) -> None:
    kept = store(files.PDF, Kind.DOCUMENT)
    s3.objects.clear()
    assert agent_client.get(f"/inbox/media/{kept.pk}/").status_code == 410


def test_a_bucket_that_refuses_is_said(s3: S3Server) -> None:
    s3.status = 403
    with pytest.raises(ValidationError, match="could not be stored"):
        store(files.PDF, Kind.DOCUMENT)
    assert not s3.objects


def test_a_file_that_is_discarded_leaves_the_bucket(s3: S3Server) -> None:
    media.discard(store(files.picture(), Kind.IMAGE))
    assert not s3.objects
    assert not Media.objects.exists()


def test_the_address_says_where_the_bucket_is() -> None:
    assert bucket("s3://AK:a%2Fb%2Bc@s3.sa-east-1.amazonaws.com/fotos?region=sa-east-1") == {
        "endpoint_url": "https://s3.sa-east-1.amazonaws.com",
        "access_key": "AK",
        "secret_key": "a/b+c",
        "bucket_name": "fotos",
        "region_name": "sa-east-1",
    }
    assert bucket("s3+http://k:s@minio:9000/b")["endpoint_url"] == "http://minio:9000"


@pytest.mark.parametrize(
    "url",
    ["https://k:s@host/b", "s3://host/b", "s3://k:s@host", "s3://k@host/b", "s3:///b", "media"],
)
def test_an_address_that_says_it_not_is_refused_in_one_sentence(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^MEDIA_STORAGE_URL must look like s3://"):
        bucket(url)
