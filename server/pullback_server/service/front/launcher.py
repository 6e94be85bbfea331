"""The front's side of the fork server: starts it, and asks it for workers without ever waiting."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from .. import failpoints, logs
from ..config import Config
from ..protocol import channel

#: Is called with the pid and the pidfd of a worker that was started.
OnStart = Callable[[int, int], None]

_LAUNCHED = failpoints.at("front.launched")

#: Variables that keep these libraries from starting threads in the fork server, before it forks.
_SINGLE_THREADED = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class LaunchError(Exception):
    """The fork server could not start; the message says why."""


class Launcher:
    """Owns a fork server: a process that has imported everything and forks a worker in milliseconds."""

    def __init__(self, config: Config, on_exit: Callable[[], None]) -> None:
        self._config, self._on_exit = config, on_exit
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._pending: list[OnStart] = []

    async def start(self) -> tuple[str, ...]:
        """Starts the process and returns the names of the devices that workers may use.

        Raises LaunchError where the server's packages or the device are not there.
        """
        near, far = channel.pair()
        log = logs.relay()
        try:
            with far:
                end, environment = far.fileno(), {**os.environ, **_SINGLE_THREADED}
                command = (sys.executable, "-P", "-c", _COMMAND, str(end))
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(end,), env=environment
                )
        finally:
            os.close(log)
        near.setblocking(False)
        self._control = near
        loop = asyncio.get_running_loop()
        try:
            near.send(json.dumps({"path": sys.path, "config": self._config.flat()}).encode())
            answer = await loop.sock_recv(near, 65536)
        except OSError:
            answer = b""
        if not answer:
            raise LaunchError("the process that starts workers ended before it was ready")
        outcome = json.loads(answer)
        if "error" in outcome:
            raise LaunchError(outcome["error"])
        loop.add_reader(near.fileno(), self._read)
        return tuple(outcome["devices"])

    @property
    def pid(self) -> int:
        """The process, 0 where there is none."""
        return self._process.pid if self._process is not None else 0

    def launch(self, far: socket.socket, settings: Mapping[str, Any], on_start: OnStart) -> None:
        """Asks for a worker at that end of a pipe and closes this copy of the end; `on_start` gets its process."""
        _LAUNCHED()
        with far:
            if self._control is None:
                return
            request = json.dumps(settings).encode()
            try:
                socket.send_fds(self._control, (request,), (far.fileno(),))
            except OSError:
                return
        self._pending.append(on_start)

    def check_exit(self) -> bool:
        """Whether the process has just ended, and with it every worker; `on_exit` has then been called."""
        if self._control is None:
            return False
        try:
            ended = not self._control.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            ended = True
        if ended:
            self.close()
            self._on_exit()
        return ended

    def _read(self) -> None:
        if self._control is None or self.check_exit():
            return
        pid, descriptors, _, _ = socket.recv_fds(self._control, 64, 1)
        on_start = self._pending.pop(0)
        if descriptors:
            on_start(int(pid), descriptors[0])

    def close(self) -> None:
        """Ends the process, and with it every worker."""
        if self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control.fileno())
            self._control.close()
            self._control = None
        self._pending.clear()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def kill(pidfd: int) -> None:
    """Ends the process behind a pidfd at once, and closes the pidfd."""
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    except ProcessLookupError:
        pass
    finally:
        os.close(pidfd)


def reap_orphans(spared: int) -> None:
    """Reaps the processes that ended after their parent did, which fall to the first process of a container.

    `spared` is the process that its own Popen object waits for.
    """
    with suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid != spared:
            os.waitpid(ended.si_pid, 0)


_COMMAND = "import sys; from pullback_server.service.worker.forkserver import main; sys.exit(main(int(sys.argv[1])))"
