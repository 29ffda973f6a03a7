"""Calls that are made elsewhere than in the thread that wants their result.

Pages are served by very few threads. A WaziMe that hangs must not hold them: it is asked by a few
threads of its own in each process, and a page waits for the answer only so long.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Hashable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import Any

from wazime_admin.wazime.errors import Cause, Uncertain, WaziMeError

logger = logging.getLogger(__name__)

THREADS = 8  # in each process
MOST = 1000  # flights that wait for a thread or are under way
PATIENCE = 3.0  # seconds that a page waits for an answer
# Who waited in vain spares the next ones: for a while they wait only for an answer that is quick.
HURRY, HURRIED = 0.5, 5.0  # seconds


class Flights:
    """The calls that are under way in this process, one for each key.

    The threads are made when they are needed, and are daemons: a call that hangs keeps no program
    from ending.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[tuple[Hashable, Callable[[], Any]]] = SimpleQueue()
        self._under_way: dict[Hashable, Future[Any]] = {}
        self._threads = 0
        self._hurried_until = 0.0

    def board(self, key: Hashable, call: Callable[[], Any]) -> tuple[Future[Any], bool]:
        """The flight with this key, and whether it only began. `call` must not use the database:
        its thread would keep the connection."""
        with self._lock:
            if flight := self._under_way.get(key):
                return flight, False
            flight = Future()
            if len(self._under_way) >= MOST:
                flight.set_exception(Uncertain(Cause.SLOW))
                return flight, False
            self._under_way[key] = flight
            if self._threads < min(THREADS, len(self._under_way)) and not self._begin_thread():
                del self._under_way[key]
                flight.set_exception(Uncertain(Cause.SLOW))
                return flight, False
        self._jobs.put((key, call))
        return flight, True

    def _begin_thread(self) -> bool:
        """Whether anybody flies: one more or, where the system has none to give, those before."""
        try:
            threading.Thread(target=self._fly, name="wazime-read", daemon=True).start()
        except RuntimeError:
            logger.warning("No thread can be started to read with")
        else:
            self._threads += 1
        return self._threads > 0

    def await_all(self, flights: Collection[Future[Any]]) -> None:
        """Wait until these have landed, but not for long."""
        if not flights:
            return
        hurried = time.monotonic() < self._hurried_until
        late = wait(flights, HURRY if hurried else PATIENCE).not_done
        if late and not hurried:
            self._hurried_until = time.monotonic() + HURRIED

    def _fly(self) -> None:
        while True:
            key, call = self._jobs.get()
            result: Any = None
            failure: BaseException | None = None
            try:
                result = call()
            except WaziMeError as error:
                failure = error
            except BaseException as defect:
                logger.exception("A read failed")
                failure = defect
            with self._lock:
                flight = self._under_way.pop(key)
            if failure is None:
                flight.set_result(result)
            else:
                flight.set_exception(failure)
            del result, failure, flight, call  # a thread that rests keeps nothing alive


flights = Flights()
# A forked process has none of its parent's threads.
os.register_at_fork(after_in_child=lambda: flights.__init__())  # type: ignore[misc]
