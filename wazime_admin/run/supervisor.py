"""Programs that run together: started, watched, stopped in order.

Every program leads a process group of its own. So a Ctrl-C in the terminal reaches this process
only, which then stops the programs in order, and what a program leaves behind can be ended.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

START_SECONDS = 90
# A program that ends by itself is started again, but not more often than this within a minute.
RESTARTS_A_MINUTE = 3

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class StartError(Exception):
    """Why the dashboard cannot start or go on: one sentence for the person at the terminal."""


def say(text: str) -> None:
    """Print at once; a terminal that was closed must not keep the programs from stopping."""
    with suppress(OSError):
        print(text, flush=True)


def end_with_parent(number: signal.Signals = signal.SIGTERM) -> None:
    """Let the kernel send `number` to this process when its parent dies, however that happens.

    Linux only: prctl(2), PR_SET_PDEATHSIG.
    """
    if _libc:
        _libc.prctl(1, int(number))


@dataclass(frozen=True)
class Program:
    """A command, and how to treat it.

    `is_ready` is asked until it says yes, and may block for a second. `patience`: seconds to
    finish what it is doing when it is asked to stop. `needed_by_others`: it is stopped last.
    `words`: where it says what is wrong.
    """

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool]
    patience: float = 10
    needed_by_others: bool = False
    words: str = "its lines above"


class Process:
    """A program that runs. `held` is a file that stays open as long as any of its processes."""

    def __init__(self, program: Program, *, cwd: Path, env: dict[str, str], held: int) -> None:
        self.program = program
        self._popen = subprocess.Popen(  # noqa: S603
            program.command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[held],
            preexec_fn=end_with_parent,
        )
        self._relay = threading.Thread(target=self._relay_lines, daemon=True)
        self._relay.start()

    def _relay_lines(self) -> None:
        assert self._popen.stdout  # noqa: S101
        for line in self._popen.stdout:
            say(f"{self.program.name:>7} | {line.decode(errors='replace').rstrip()}")

    def has_ended(self) -> bool:
        return self._popen.poll() is not None

    def ask_to_stop(self) -> None:
        self._popen.terminate()

    def end(self, deadline: float) -> int:
        """Wait until `deadline`, then end by force it and what it started; its exit code."""
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(max(0, deadline - time.monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        code = self._popen.wait()
        self._relay.join(timeout=1)
        return code


class Supervisor:
    """Runs `programs` until a signal asks to stop, or until one of them cannot be kept alive."""

    def __init__(
        self, programs: Sequence[Program], *, cwd: Path, env: dict[str, str], held: int
    ) -> None:
        self._programs = programs
        self._cwd, self._env, self._held = cwd, env, held
        self._processes: list[Process] = []
        self._deaths: dict[str, list[float]] = defaultdict(list)
        self._asked_to_stop = False

    def run(self, announce: Callable[[], None]) -> None:
        """Start everything, call `announce` when everything answers, stop everything at the end.

        Raises StartError when a program does not come up or keeps ending.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            for program in self._programs:
                self._processes.append(self._start(program))
            self._wait_until_ready()
            if not self._asked_to_stop:
                announce()
            self._watch()
        finally:
            self._stop()

    def _start(self, program: Program) -> Process:
        return Process(program, cwd=self._cwd, env=self._env, held=self._held)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._asked_to_stop = True

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        waiting = list(self._programs)
        while waiting and not self._asked_to_stop:
            for process in self._processes:
                if process.has_ended():
                    program = process.program
                    raise StartError(f"{program.name} did not start: see {program.words}.")
            if time.monotonic() > deadline:
                raise StartError(f"{waiting[0].name} did not answer within {START_SECONDS} s.")
            time.sleep(0.05)
            waiting = [program for program in waiting if not program.is_ready()]

    def _watch(self) -> None:
        while not self._asked_to_stop:
            time.sleep(0.2)
            for place, process in enumerate(self._processes):
                if process.has_ended():
                    self._processes[place] = self._restart(process)

    def _restart(self, process: Process) -> Process:
        program, now = process.program, time.monotonic()
        name = program.name
        code = process.end(now)
        recent = [moment for moment in self._deaths[name] if now - moment < 60]
        if len(recent) == RESTARTS_A_MINUTE:
            raise StartError(f"{name} keeps ending by itself (code {code}): see {program.words}.")
        self._deaths[name] = [*recent, now]
        say(f"{name} ended by itself (code {code}): it is started again.")
        return self._start(program)

    def _stop(self) -> None:
        """Those that others need come last: a send in flight must find them."""
        say("Stopping: what has begun is finished first.")
        for needed in (False, True):
            group = [p for p in self._processes if p.program.needed_by_others == needed]
            for process in group:
                process.ask_to_stop()
            asked = time.monotonic()
            for process in group:
                process.end(asked + process.program.patience)
