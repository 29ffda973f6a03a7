"""Files that are sent along: what is taken, how it is kept, who gets it, and when it goes."""

import errno
import io
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image
from pytest_django.fixtures import Settings

from inbox import media, tasks
from inbox.content import Content
from inbox.models import Kind, Media, Message, State
from tests.inbox import files
from wazime_admin.wazime.types import Conversation

pytestmark = pytest.mark.django_db

MB = 1024 * 1024
Keep = Callable[..., Media]


@pytest.fixture(autouse=True)
def english(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def keep() -> Keep:
    """Store a file: `keep(files.PDF, Kind.DOCUMENT, "a.pdf")`."""

    def store(content: bytes, kind: Kind, name: str = "file") -> Media:
        return media.store(SimpleUploadedFile(name, content), kind)

    return store


@pytest.fixture
def storage(settings: Settings, tmp_path: Path) -> Callable[[str, Path], None]:
    """Keep media elsewhere: `storage("path.of.Storage", folder)`."""

    def use(backend: str, folder: Path) -> None:
        options = {"location": folder}
        chosen = {"BACKEND": backend, "OPTIONS": options}
        settings.STORAGES = settings.STORAGES | {"media": chosen}

    return use


def accepted(name: str, content: bytes, kind: Kind) -> media.Accepted:
    return media.check(SimpleUploadedFile(name, content), kind)


def refusal(name: str, content: bytes, kind: Kind) -> str:
    with pytest.raises(ValidationError) as caught:
        media.check(SimpleUploadedFile(name, content), kind)
    (sentence,) = caught.value.messages
    return sentence


def stored_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# --- What is taken ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "content", "content_type", "extension"),
    [
        (Kind.IMAGE, files.picture("PNG"), "image/png", ".png"),
        (Kind.IMAGE, files.picture("JPEG"), "image/jpeg", ".jpg"),
        (Kind.DOCUMENT, files.PDF, "application/pdf", ".pdf"),
        (Kind.DOCUMENT, files.DOC, "application/msword", ".doc"),
        (Kind.DOCUMENT, files.docx(), media.DOCX, ".docx"),
        (Kind.DOCUMENT, files.large_archive(), media.DOCX, ".docx"),
        (Kind.VIDEO, files.MP4, "video/mp4", ".mp4"),
        (Kind.AUDIO, files.MP3, "audio/mpeg", ".mp3"),
        (Kind.AUDIO, files.M4A, "audio/mp4", ".m4a"),
        (Kind.AUDIO, files.MP4, "audio/mp4", ".m4a"),
        (Kind.AUDIO, files.AAC, "audio/aac", ".aac"),
        (Kind.AUDIO, files.AMR, "audio/amr", ".amr"),
        (Kind.AUDIO, files.OPUS, "audio/ogg", ".ogg"),
    ],
)
def test_it_takes_what_whatsapp_takes(
    kind: Kind, content: bytes, content_type: str, extension: str
) -> None:
    taken = accepted("nome", content, kind)
    assert (taken.content_type, taken.name) == (content_type, f"nome{extension}")


@pytest.mark.parametrize(
    ("name", "kind", "content", "words"),
    [
        ("fatura.pdf", Kind.DOCUMENT, files.EXE, "PDF, DOC or DOCX"),
        ("foto.png", Kind.IMAGE, files.HTML, "JPG or PNG"),
        ("foto.svg", Kind.IMAGE, files.SVG, "JPG or PNG"),
        ("foto.png", Kind.IMAGE, files.SVG, "JPG or PNG"),
        ("foto.gif", Kind.IMAGE, files.GIF, "JPG or PNG"),
        ("foto.png", Kind.IMAGE, files.PDF, "JPG or PNG"),
        ("foto.png", Kind.IMAGE, files.picture()[:60], "cannot be opened"),
        ("foto.jpg", Kind.IMAGE, files.picture("JPEG", (400, 300))[:-500], "cannot be opened"),
        ("texto.docx", Kind.DOCUMENT, files.archive({"a.txt": b"a"}), "PDF, DOC or DOCX"),
        ("texto.docx", Kind.DOCUMENT, b"PK\x03\x04" + b"x" * 1000, "PDF, DOC or DOCX"),
        ("texto.docx", Kind.DOCUMENT, files.zip_bomb(), "cannot be opened"),
        ("video.mp4", Kind.VIDEO, files.MOV, "MP4"),
        ("video.mp4", Kind.VIDEO, files.HTML, "MP4"),
        ("som.ogg", Kind.AUDIO, files.VORBIS, "OGG with Opus"),
        ("som.wav", Kind.AUDIO, files.WAV, "MP3, M4A"),
        ("som.mp3", Kind.AUDIO, files.EXE, "MP3, M4A"),
    ],
)
def test_it_refuses_what_is_something_else_than_its_name_says(
    name: str, kind: Kind, content: bytes, words: str
) -> None:
    assert words in refusal(name, content, kind)


@pytest.mark.parametrize("kind", media.TYPES)
def test_it_refuses_an_empty_file(kind: Kind) -> None:
    assert refusal("vazio.pdf", b"", kind) == "This file is empty."


@pytest.mark.parametrize(
    ("kind", "content", "limit"),
    [
        (Kind.IMAGE, files.picture("JPEG"), 5 * MB),
        (Kind.DOCUMENT, files.PDF, 100 * MB),
        (Kind.VIDEO, files.MP4, 16 * MB),
        (Kind.AUDIO, files.MP3, 16 * MB),
    ],
)
def test_it_takes_a_file_up_to_the_limit_and_not_a_byte_more(
    kind: Kind, content: bytes, limit: int
) -> None:
    accepted("grande", content.ljust(limit, b"\0"), kind)
    words = f"up to {limit // MB}.0\xa0MB"
    assert words in refusal("grande", content.ljust(limit + 1, b"\0"), kind)


def test_it_refuses_a_picture_that_is_small_on_disk_and_enormous_in_memory() -> None:
    bomb = files.picture("PNG", (12_000, 5_000))
    assert len(bomb) < 5 * MB
    assert "megapixels" in refusal("foto.png", bomb, Kind.IMAGE)


def test_an_archive_with_an_endless_table_of_contents_is_refused_cheaply() -> None:
    parts = {f"word/{number}": b"" for number in range(6000)}
    assert "DOCX" in refusal("texto.docx", files.docx(**parts), Kind.DOCUMENT)


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("orçamento março.pdf", "orçamento março.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\ana\\fatura.pdf", "fatura.pdf"),
        ("fatura\u202efdp.exe", "faturafdp.pdf"),
        ("\u2066fatura\u2069\u200f.pdf", "fatura.pdf"),
        ("fatura\r\nSet-Cookie: a=b.pdf", "fatura Set-Cookie_ a=b.pdf"),
        ("fatura\x00.pdf", "fatura.pdf"),
        ('a"b<c>.pdf', "a_b_c_.pdf"),
        ("fatura.exe", "fatura.pdf"),
        ("Fatura.PDF", "Fatura.PDF"),
        ("contrato v1.2", "contrato v1.2.pdf"),
        ("fatura.pdf . .", "fatura.pdf"),
        (".pdf", "pdf.pdf"),
        ("\u202e", "Document.pdf"),
        ("a" * 300 + ".pdf", "a" * 116 + ".pdf"),
        ("é" * 300, "é" * 116 + ".pdf"),
    ],
)
def test_it_cleans_the_name_and_makes_the_extension_fit(name: str, cleaned: str) -> None:
    upload = SimpleUploadedFile("any", files.PDF)
    upload._name = name  # past Django's own cleaning
    assert media.check(upload, Kind.DOCUMENT).name == cleaned


# --- How it is kept ---------------------------------------------------------------------------


def test_it_keeps_the_file_with_what_it_is(keep: Keep) -> None:
    kept = keep(files.PDF, Kind.DOCUMENT, "fatura.pdf")
    kept.refresh_from_db()
    with kept.file.open() as content:
        assert content.read() == files.PDF
    assert (kept.name, kept.size, kept.content_type) == (
        "fatura.pdf",
        len(files.PDF),
        "application/pdf",
    )
    assert "fatura" not in kept.file.name
    assert Path(kept.file.path).stat().st_mode & 0o777 == 0o600


def test_a_pictures_thumbnail_is_small_upright_and_without_metadata(keep: Keep) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "A camera that tells who took it"
    kept = keep(files.picture("JPEG", (2000, 1000), exif=exif), Kind.IMAGE, "foto.jpg")
    with kept.thumbnail.open() as content, Image.open(content) as small:
        assert small.size == (320, 640)
        assert not small.getexif()
        assert "icc_profile" not in small.info


def test_a_full_disk_is_said_and_leaves_neither_file_nor_row(
    keep: Keep, storage: Callable[[str, Path], None], tmp_path: Path
) -> None:
    storage("tests.inbox.storages.FullDisk", tmp_path)
    with pytest.raises(ValidationError, match="disk is full"):
        keep(files.picture(), Kind.IMAGE)
    assert not stored_files(tmp_path)
    assert not Media.objects.exists()


def test_a_file_is_taken_when_it_is_on_the_disk_for_certain(
    keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(ValidationError, match="could not be stored"):
        keep(files.PDF, Kind.DOCUMENT)
    assert not Media.objects.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(tmp_path)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no right to mount a disk here")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def test_a_disk_that_fills_up_takes_the_next_file_again_when_there_is_room(
    keep: Keep, storage: Callable[[str, Path], None], small_disk: Path
) -> None:
    storage("wazime_admin.uploads.DurableStorage", small_disk)
    with pytest.raises(ValidationError, match="disk is full"):
        keep(files.PDF.ljust(2 * MB), Kind.DOCUMENT)
    assert not stored_files(small_disk)
    keep(files.PDF, Kind.DOCUMENT)
    assert len(stored_files(small_disk)) == 1


def test_a_disk_that_is_full_of_uploads_has_a_page_that_says_so(
    settings: Settings, agent_client: Client, conversation: Conversation, small_disk: Path
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = small_disk
    agent_client.raise_request_exception = False
    upload = SimpleUploadedFile("a.pdf", files.PDF.ljust(3 * MB))
    response = agent_client.post(f"/inbox/{conversation.id}/messages/", {"document": upload})
    assert response.status_code == 507
    assert "disk is full" in response.content.decode()
    assert not stored_files(small_disk)


def test_a_text_that_is_too_large_to_be_read_has_a_page_that_says_so(
    settings: Settings, agent_client: Client, conversation: Conversation
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    response = agent_client.post(
        f"/inbox/{conversation.id}/messages/",
        "message=" + "x" * 1000,
        content_type="application/x-www-form-urlencoded",
    )
    assert response.status_code == 413
    assert "too large" in response.content.decode()


# --- How it is sent ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "content", "name"),
    [
        (Kind.IMAGE, files.picture("JPEG"), "São João 'às 8' 100%.jpg"),
        (Kind.DOCUMENT, files.PDF.ljust(3 * MB), 'orçamento; nº 7=8, "final".pdf'),
        (Kind.VIDEO, files.MP4, "vídeo 😀.mp4"),
        (Kind.AUDIO, files.OPUS, "áudio.ogg"),
    ],
)
def test_the_customer_gets_the_bytes_and_the_name_that_were_taken(
    keep: Keep, write: Any, deliver: Any, wazime: Any, kind: Kind, content: bytes, name: str
) -> None:
    kept = keep(content, kind, name)
    text = "" if kind == Kind.AUDIO else "Segue 😀"
    message = write("", content=Content(kind, text, media=kept))
    assert deliver(message).state == State.SENT
    (got,) = wazime.accepted()
    assert got["kind"] == kind
    assert got["text"] == (text or None)
    assert got["file"] == {
        "name": kept.name,
        "size": len(content),
        "sha256": kept.sha256,
        "content_type": kept.content_type,
    }


# --- Who gets it ------------------------------------------------------------------------------


def body(response: Any) -> bytes:
    return b"".join(response) if response.streaming else response.content


def test_only_people_who_are_logged_in_see_files(keep: Keep, client: Client) -> None:
    kept = keep(files.picture(), Kind.IMAGE)
    for path in (f"/inbox/media/{kept.pk}/", f"/inbox/media/{kept.pk}/thumbnail/"):
        response = client.get(path)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    ("kind", "content", "disposition"),
    [
        (Kind.IMAGE, files.picture(), "inline"),
        (Kind.VIDEO, files.MP4, "inline"),
        (Kind.AUDIO, files.OPUS, "inline"),
        (Kind.DOCUMENT, files.PDF, "attachment"),
        (Kind.DOCUMENT, files.docx(), "attachment"),
    ],
)
def test_a_file_is_served_so_that_it_can_do_no_harm(
    keep: Keep, agent_client: Client, kind: Kind, content: bytes, disposition: str
) -> None:
    kept = keep(content, kind, "açaí")
    response = agent_client.get(f"/inbox/media/{kept.pk}/")
    assert response.status_code == 200
    assert body(response) == content
    assert response["Content-Type"] == kept.content_type
    assert response["Content-Length"] == str(len(content))
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert response["Cache-Control"].startswith("private")
    assert "Cookie" in response["Vary"]
    assert response["Content-Disposition"].startswith(f"{disposition}; filename*=utf-8''a%C3%A7a")


def test_a_type_that_no_browser_should_show_is_only_ever_saved(
    keep: Keep, agent_client: Client
) -> None:
    kept = keep(files.PDF, Kind.DOCUMENT)
    Media.objects.update(content_type="text/html")
    response = agent_client.get(f"/inbox/media/{kept.pk}/")
    assert response["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-", 0, 1016),
        ("bytes=0-99", 0, 100),
        ("bytes=100-199", 100, 200),
        ("bytes=1000-5000", 1000, 1016),
        ("bytes=-16", 1000, 1016),
        ("bytes=-5000", 0, 1016),
        ("bytes=0-9,20-29", 0, 1016),
        ("bytes=-", 0, 1016),
        ("lines=1-2", 0, 1016),
    ],
)
def test_a_player_gets_the_part_that_it_asks_for(
    keep: Keep, agent_client: Client, asked: str, start: int, end: int
) -> None:
    content = (files.AMR + bytes(range(256)) * 4)[:1016]
    kept = keep(content, Kind.AUDIO)
    response = agent_client.get(f"/inbox/media/{kept.pk}/", headers={"Range": asked})
    assert body(response) == content[start:end]
    assert response["Content-Length"] == str(end - start)
    assert response["Accept-Ranges"] == "bytes"
    is_part = end - start < 1016
    assert response.status_code == (206 if is_part else 200)
    assert response.get("Content-Range") == (f"bytes {start}-{end - 1}/1016" if is_part else None)


@pytest.mark.parametrize("asked", ["bytes=1006-", "bytes=1006-2000", "bytes=9-5", "bytes=-0"])
def test_a_part_that_is_not_there_is_refused(keep: Keep, agent_client: Client, asked: str) -> None:
    kept = keep(files.AMR, Kind.AUDIO)
    assert kept.size == 1006
    response = agent_client.get(f"/inbox/media/{kept.pk}/", headers={"Range": asked})
    assert response.status_code == 416
    assert response["Content-Range"] == "bytes */1006"


def test_a_thumbnail_is_a_picture_of_ours(keep: Keep, agent_client: Client) -> None:
    kept = keep(files.picture("JPEG", (2000, 1000)), Kind.IMAGE)
    response = agent_client.get(f"/inbox/media/{kept.pk}/thumbnail/")
    assert response["Content-Type"] == "image/webp"
    assert response["X-Content-Type-Options"] == "nosniff"
    with Image.open(io.BytesIO(body(response))) as small:
        assert small.size == (640, 320)


def test_what_is_not_there_is_not_found(keep: Keep, agent_client: Client) -> None:
    document = keep(files.PDF, Kind.DOCUMENT)
    assert agent_client.get(f"/inbox/media/{document.pk}/thumbnail/").status_code == 404
    assert agent_client.get(f"/inbox/media/{document.pk + 1}/").status_code == 404
    assert agent_client.get("/inbox/media/../../etc/passwd/").status_code == 404
    assert agent_client.post(f"/inbox/media/{document.pk}/").status_code == 405


def test_a_file_that_is_gone_has_a_page_that_says_so(keep: Keep, agent_client: Client) -> None:
    kept = keep(files.picture(), Kind.IMAGE)
    Path(kept.file.path).unlink()
    response = agent_client.get(f"/inbox/media/{kept.pk}/")
    assert response.status_code == 410
    assert "no longer kept" in response.content.decode()


def test_the_thread_shows_each_file_as_what_it_is(
    keep: Keep, write: Any, agent_client: Client, conversation: Conversation
) -> None:
    shown = {}
    for kind, content in (
        (Kind.IMAGE, files.picture()),
        (Kind.DOCUMENT, files.PDF),
        (Kind.AUDIO, files.MP3),
        (Kind.VIDEO, files.MP4),
    ):
        shown[kind] = keep(content, kind, "<b>açaí</b>")
        write("", content=Content(kind, media=shown[kind]))
    page = agent_client.get(f"/inbox/{conversation.id}/").content.decode()
    at = {kind: f"/inbox/media/{file.pk}/" for kind, file in shown.items()}
    assert f'href="{at[Kind.IMAGE]}"' in page
    assert f'<img src="{at[Kind.IMAGE]}thumbnail/"' in page
    assert f'href="{at[Kind.DOCUMENT]}" download' in page
    assert f'controls preload="none" src="{at[Kind.AUDIO]}"' in page
    assert f'controls preload="none" src="{at[Kind.VIDEO]}"' in page
    assert "<b>" not in page


def test_the_thread_says_that_a_file_is_no_longer_kept(
    keep: Keep, write: Any, agent_client: Client, conversation: Conversation
) -> None:
    kept = keep(files.PDF, Kind.DOCUMENT, "fatura.pdf")
    write("", content=Content(Kind.DOCUMENT, media=kept))
    Media.objects.update(removed_at=timezone.now())
    page = agent_client.get(f"/inbox/{conversation.id}/").content.decode()
    assert "fatura.pdf" in page
    assert "removed 180 days after" in page
    assert f"/inbox/media/{kept.pk}/" not in page


# --- When it goes -----------------------------------------------------------------------------


@pytest.fixture
def written(write: Any, keep: Keep) -> Callable[..., Message]:
    """A message with a file that ended so many days ago: `written(State.SENT, 181)`."""

    def put(state: State, days: int, file: Media | None = None) -> Message:
        file = file or keep(files.picture(), Kind.IMAGE)
        message: Message = write("", content=Content(Kind.IMAGE, media=file))
        then = timezone.now() - timedelta(days=days)
        unfinished = state in (State.HELD, State.QUEUED, State.SENDING)
        Message.objects.filter(pk=message.pk).update(
            state=state, created_at=then, finished_at=None if unfinished else then
        )
        Media.objects.filter(pk=file.pk).update(created_at=then)
        return message

    return put


def is_there(message: Message) -> bool:
    file = Media.objects.get(pk=message.media_id)
    kept = [Path(file.file.path).exists(), Path(file.thumbnail.path).exists()]
    assert kept == [file.removed_at is None] * 2
    return kept[0]


@pytest.mark.parametrize("state", [State.SENT, State.REJECTED, State.CANCELLED])
def test_a_file_goes_so_many_days_after_its_message_ended(
    settings: Settings, written: Callable[..., Message], agent_client: Client, state: State
) -> None:
    settings.MEDIA_RETENTION_DAYS = 30
    old, young = written(state, 31), written(state, 29)
    tasks.clean_media()
    assert not is_there(old)
    assert is_there(young)
    row = Media.objects.get(pk=old.media_id)
    assert (row.name, row.size, len(row.sha256)) == ("file.png", len(files.picture()), 64)
    response = agent_client.get(f"/inbox/media/{row.pk}/")
    assert response.status_code == 410
    assert "30 days" in response.content.decode()
    assert agent_client.get(f"/inbox/media/{row.pk}/thumbnail/").status_code == 404


@pytest.mark.parametrize("state", [State.HELD, State.QUEUED, State.SENDING, State.UNCERTAIN])
def test_a_file_stays_while_its_message_may_need_it(
    written: Callable[..., Message], state: State
) -> None:
    message = written(state, 1000)
    tasks.clean_media()
    assert is_there(message)


def test_a_file_of_several_messages_goes_with_the_last_of_them(
    written: Callable[..., Message],
) -> None:
    first = written(State.SENT, 1000)
    second = written(State.UNCERTAIN, 1000, file=first.media)
    tasks.clean_media()
    assert is_there(first)
    Message.objects.filter(pk=second.pk).update(state=State.SENT)
    tasks.clean_media()
    assert not is_there(first)


def test_a_file_whose_message_was_never_written_goes_after_a_day(keep: Keep) -> None:
    left, fresh = keep(files.PDF, Kind.DOCUMENT), keep(files.PDF, Kind.DOCUMENT)
    Media.objects.filter(pk=left.pk).update(created_at=timezone.now() - timedelta(hours=25))
    tasks.clean_media()
    assert not Path(left.file.path).exists()
    assert not Media.objects.filter(pk=left.pk).exists()
    assert Path(fresh.file.path).exists()


def test_cleaning_goes_on_where_it_was_killed(written: Callable[..., Message]) -> None:
    message = written(State.SENT, 1000)
    assert message.media is not None
    Path(message.media.file.path).unlink()
    tasks.clean_media()
    assert not is_there(message)
