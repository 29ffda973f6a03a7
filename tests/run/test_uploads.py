"""Uploads through the whole stack: they hold up nobody and are never in memory as a whole."""

import time
from collections.abc import Iterator

import pytest

from tests.bench import memory
from tests.bench.visitor import Visitor
from tests.stack import Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("uploads") / "data") as stack:
        yield stack


@pytest.fixture(scope="module")
def visitor(stack: Stack) -> Visitor:
    return Visitor(stack.url)


def test_pages_come_while_uploads_stand_still(visitor: Visitor) -> None:
    conversation_id = visitor.writable_conversation()
    uploads = [visitor.stall(conversation_id, 2_000_000) for _ in range(12)]
    begun = time.monotonic()
    for _ in range(4):
        assert 'id="main"' in visitor.another().get("/inbox/")
    assert time.monotonic() - begun < 20
    for upload in uploads:
        upload.close()


def test_the_largest_document_arrives_without_being_in_memory(
    stack: Stack, visitor: Visitor
) -> None:
    memory.warm_up(stack, visitor)
    rises = memory.rise(stack, visitor, 100 * memory.MB)
    assert set(rises) == {"web 1", "web 2", "web 3", "worker 1"}
    assert max(rises.values()) < memory.LIMIT, rises


def test_a_file_name_that_is_too_long_for_the_disk_is_no_obstacle(
    stack: Stack, visitor: Visitor
) -> None:
    visitor.send_document(visitor.writable_conversation(), 3 * memory.MB, "a." + "é" * 300)
    deadline = time.monotonic() + 30
    while memory.accepted(stack)[-1]["file"]["size"] != 3 * memory.MB:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert memory.accepted(stack)[-1]["file"]["name"].endswith(".pdf")


def test_what_is_too_large_gets_a_page_before_it_is_sent(visitor: Visitor) -> None:
    with visitor.stall(1, 2_000_000_000, arrives=0) as connection:
        answer = b""
        while b"</html>" not in answer:
            answer += connection.recv(100_000)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert "100 MB" in answer.decode()
