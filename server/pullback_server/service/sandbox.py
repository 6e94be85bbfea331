"""Denies a worker system calls that it does not need: for the network, other programs, other processes.

A seccomp filter written here, since the bindings of libseccomp on PyPI are not kept (pyseccomp's last release is of
2021) and the whole filter is one table. It allows by default, because torch, an accelerator's driver and glibc make
system calls that no list foresees, and denies by name what a worker never needs: with EPERM, so that a library fails as
it would without permission. It holds for all threads of the process, permanently. Sources: seccomp(2), bpf(2), and the
kernel's tables of system calls for x86-64 and arm64.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# fmt: off
#: The system calls that are denied, with their numbers; -1 where the architecture has none.
DENIED: Mapping[str, tuple[int, int]] = {
    #                     x86-64 arm64
    # the network
    "socket":              (41,  198),
    "socketpair":          (53,  199),
    "connect":             (42,  203),
    "bind":                (49,  200),
    "listen":              (50,  201),
    "accept":              (43,  202),
    "accept4":             (288, 242),
    # other programs and processes
    "execve":              (59,  221),
    "execveat":            (322, 281),
    "fork":                (57,  -1),
    "vfork":               (58,  -1),
    "ptrace":              (101, 117),
    "process_vm_readv":    (310, 270),
    "process_vm_writev":   (311, 271),
    "process_madvise":     (440, 440),
    "pidfd_getfd":         (438, 438),
    "pidfd_send_signal":   (424, 424),
    "kcmp":                (312, 272),
    # ways around the above
    "io_uring_setup":      (425, 425),
    "io_uring_enter":      (426, 426),
    "io_uring_register":   (427, 427),
    "bpf":                 (321, 280),
    "perf_event_open":     (298, 241),
    "userfaultfd":         (323, 282),
    # other views of the machine
    "unshare":             (272, 97),
    "setns":               (308, 268),
    "mount":               (165, 40),
    "umount2":             (166, 39),
    "pivot_root":          (155, 41),
    "chroot":              (161, 51),
    "open_by_handle_at":   (304, 265),
    # the kernel's keys
    "add_key":             (248, 217),
    "request_key":         (249, 218),
    "keyctl":              (250, 219),
}
# fmt: on

#: Denied as if the kernel did not know it, so that glibc makes its threads by clone, whose flags the filter can read.
CLONE3 = 435


@dataclass(frozen=True)
class _Machine:
    """An architecture: its column in DENIED, its AUDIT_ARCH, and the system calls with rules of their own."""

    column: int
    audit: int
    clone: int
    kill: int
    tkill: int
    tgkill: int
    seccomp: int


_MACHINES = {
    "x86_64": _Machine(0, 0xC000003E, clone=56, kill=62, tkill=200, tgkill=234, seccomp=317),
    "aarch64": _Machine(1, 0xC00000B7, clone=220, kill=129, tkill=130, tgkill=131, seccomp=277),
}

_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER, _FLAG_TSYNC = 1, 1
_CLONE_THREAD = 0x10000
_X32 = 0x40000000

# Instructions of classic BPF: load a word of struct seccomp_data, jump, return.
_LOAD, _JUMP_EQUAL, _JUMP_ABOVE, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

_Instruction = tuple[int, int, int, int]


class SandboxError(Exception):
    """The kernel or the architecture has no support for the sandbox; the message says what to do."""


def supported() -> bool:
    """Whether there is a filter for this architecture."""
    return platform.machine() in _MACHINES


def enter() -> None:
    """Denies the system calls of DENIED to this process and all its threads, permanently; raises SandboxError."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        raise SandboxError(f"there is no sandbox for {platform.machine()}; --no-sandbox runs without one")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise SandboxError(f"the kernel does not set no_new_privs: {os.strerror(ctypes.get_errno())}")
    instructions = _filter(machine, os.getpid())
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *each) for each in instructions))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(instructions), ctypes.addressof(code)))
    if libc.syscall(machine.seccomp, _SECCOMP_SET_MODE_FILTER, _FLAG_TSYNC, program):
        problem = os.strerror(ctypes.get_errno())
        raise SandboxError(f"the kernel accepts no seccomp filter: {problem}; --no-sandbox runs without one")


def _filter(machine: _Machine, pid: int) -> Sequence[_Instruction]:
    """The filter: a foreign architecture ends the process, a denied call gets EPERM, every other call passes."""
    denied = [numbers[machine.column] for numbers in DENIED.values() if numbers[machine.column] >= 0]
    start: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        *_deny(_JUMP_ABOVE, _X32, errno.EPERM),
        *_deny(_JUMP_EQUAL, CLONE3, errno.ENOSYS),
    ]
    for number in denied:
        start += _deny(_JUMP_EQUAL, number, errno.EPERM)
    start += _deny_unless(machine.clone, (_JUMP_SET, 1, 0, _CLONE_THREAD))  # threads, and no processes
    for number in (machine.kill, machine.tkill, machine.tgkill):
        start += _deny_unless(number, (_JUMP_EQUAL, 1, 0, pid))  # signals to itself, and to no other
    return [*start, (_RETURN, 0, 0, _ALLOW)]


def _deny(jump: int, number: int, error: int) -> list[_Instruction]:
    return [(jump, 0, 1, number), (_RETURN, 0, 0, _ERRNO | error)]


def _deny_unless(number: int, allowed: _Instruction) -> list[_Instruction]:
    """Denies a system call unless a jump over its first argument is taken."""
    return [
        (_JUMP_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        allowed,
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
