"""Waiting for what another process or thread does."""

import time
from collections.abc import Callable


def eventually(holds: Callable[[], object], seconds: float = 60) -> bool:
    """Whether it holds within so many seconds: more than a busy machine needs."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
