"""The process from which workers are forked: it imports torch and sympy once, computes nothing, has no threads."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import logging
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from .. import failpoints, logs
from ..config import Config

_PR_SET_PDEATHSIG = 1

_log = logging.getLogger(__name__)

_ASKED, _FORKED = map(failpoints.at, ("fork.asked", "fork.forked"))


def main(descriptor: int) -> int:
    """Serves requests for workers on that socket until the other end is closed."""
    control = socket.socket(fileno=descriptor)
    os.set_inheritable(descriptor, False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the front drains; a signal to the whole group is meant for the front
    message = control.recv(2**18)
    if not message:
        return 0
    settings = json.loads(message)
    sys.path[:] = settings["path"]
    config = Config.of(**settings["config"])
    logs.configure(config, "fork server", threaded=False)
    try:
        worker = importlib.import_module(".main", __package__)
        mathematics = importlib.import_module(config.mathematics)
        grading = importlib.import_module(config.grading)
    except ImportError as problem:
        error = f"{problem}; pip install 'pullback[server]' installs what a service needs"
        control.send(json.dumps({"error": error}).encode())
        return 1
    devices = _run_in_child(lambda: json.dumps(_devices(config.device)))
    control.send(devices.encode())
    gc.collect()
    gc.freeze()
    _serve(control, lambda end, settings: worker.main(end, config, mathematics, grading, **settings))
    return 0


def _serve(control: socket.socket, work: Callable[[socket.socket, dict[str, Any]], None]) -> None:
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select((control.fileno(), woken), (), ())
        if woken in ready:
            os.read(woken, 4096)
            _reap()
        if control.fileno() not in ready:
            continue
        try:
            request, descriptors, _, _ = socket.recv_fds(control, 4096, 1)
        except ConnectionResetError:
            return
        if not request:
            return
        parent = os.getpid()
        _ASKED()
        try:
            pid = os.fork()
        except OSError:  # there is no process left: the front notices the closed pipe
            os.close(descriptors[0])
            control.send(b"failed")
            continue
        if pid == 0:
            try:
                _become_worker(parent, (woken, wake))
                control.close()
                _FORKED()
                work(socket.socket(fileno=descriptors[0]), json.loads(request))
            except BaseException:
                _log.exception("a worker failed")
            finally:
                os._exit(1)
        os.close(descriptors[0])
        pidfd = os.pidfd_open(pid)
        try:
            socket.send_fds(control, (str(pid).encode(),), (pidfd,))
        except (BrokenPipeError, ConnectionResetError):
            return
        finally:
            os.close(pidfd)


def _become_worker(parent: int, pipe: tuple[int, int]) -> None:
    """Undoes the fork server's own set-up, and ties the worker's life to the fork server's."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for descriptor in pipe:
        os.close(descriptor)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            code = os.waitstatus_to_exitcode(ended[1])
            if code < 0 and code != -signal.SIGKILL:
                _log.warning("a worker was ended by %s", signal.Signals(-code).name)


def _run_in_child(output: Callable[[], str]) -> str:
    """The result of `output` in a forked child: once a process has asked for devices, its forks cannot use CUDA."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writing, output().encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read().decode()
    os.waitpid(pid, 0)
    return text or json.dumps({"error": "torch failed while it looked for devices"})


def _devices(setting: str) -> dict[str, Any]:
    """The devices among which workers are divided, or why there is none."""
    import torch

    kind, _, index = setting.partition(":")
    if kind == "cpu":
        return {"devices": ["cpu"]}
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if accelerator is None:
        return {"devices": ["cpu"]} if setting == "auto" else {"error": f"there is no device {setting}; only cpu"}
    names = [f"{accelerator.type}:{number}" for number in range(torch.accelerator.device_count())]
    if setting in ("auto", accelerator.type):
        return {"devices": names}
    if setting in names:
        return {"devices": [f"{kind}:{index}"]}
    return {"error": f"there is no device {setting}; only cpu, {', '.join(names)}"}
