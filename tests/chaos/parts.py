"""What every kind of chaos needs. Django is set up by whoever imports this."""

import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from inbox import sending
from inbox.models import Message, State
from wazime_admin.wazime import client
from wazime_admin.wazime.types import Contact


class Workers:
    """Celery workers for some queues, and the beat, as processes of their own."""

    def __init__(self, count: int, threads: int, queues: str) -> None:
        self._threads, self._queues = threads, queues
        self._started = [self._worker() for _ in range(count)]
        beat = ["beat", "--scheduler", "celery.beat:Scheduler", "--pidfile="]
        self._beat = self._celery(*beat)

    def kill_one(self, chance: random.Random) -> None:
        place = chance.randrange(len(self._started))
        self._started[place].kill()
        self._started[place].wait()
        self._started[place] = self._worker()

    def stop(self) -> None:
        for process in [*self._started, self._beat]:
            process.terminate()
        for process in [*self._started, self._beat]:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()

    def _worker(self) -> subprocess.Popen[bytes]:
        pool = ["--pool", "threads", "--concurrency", str(self._threads)]
        return self._celery("worker", *pool, "--queues", self._queues, "--without-mingle")

    @staticmethod
    def _celery(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "--app", "wazime_admin", *arguments]
        with (Path(settings.DATA_DIR) / "celery.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)


def contacts(count: int) -> list[Contact]:
    """Different people who can be written to."""
    found: dict[str, Contact] = {}
    page = 1
    while len(found) < count:
        rows = client().contacts(page=page, per_page=500).rows
        if not rows:
            raise LookupError("the sandbox has too few contacts")
        found |= {row.mobile_code + row.mobile: row for row in rows if not row.is_blocked}
        page += 1
    return list(found.values())[:count]


def expire() -> None:
    """Let the time of the claims of killed workers be up."""
    past = timezone.now() - timedelta(seconds=1)
    Message.objects.filter(state=State.SENDING).update(claimed_until=past)
    sending.expire_claims()
