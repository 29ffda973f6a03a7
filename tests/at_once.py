"""Work that threads begin at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection


def at_once(times: int, work: Callable[[int], Any]) -> list[Any]:
    """What `work(0)`, `work(1)`… return when threads begin them at the same moment."""
    together = threading.Barrier(times)

    def begin(place: int) -> Any:
        together.wait()
        try:
            return work(place)
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(begin, range(times)))
