"""Becomes another program that dies with the process that started it. Run by path, by `child.py` only.

    python -I -S exec_child.py PARENT_PID DEATH_SIGNAL UID GID READ_ALL PROGRAM [ARGUMENT…]

UID -1 stays who it is. With READ_ALL 1 the new uid keeps the one capability of reading what it does not own, so that
it can enter a checkout below a home of mode 0700; it stays unable to write there. Only the standard library is used:
this runs before anything else does, and a start costs 20 ms.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 47, 2
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2
_CAPABILITY_VERSION_3 = 0x20080522


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapData(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _prctl(libc: ctypes.CDLL, option: int, *arguments: int) -> None:
    padded = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    if libc.prctl(option, *padded) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")  # becomes PermissionError by its number


def _keep_only_reading(libc: ctypes.CDLL) -> None:
    """Shrink the capabilities kept across setuid to one, and let it pass through exec."""
    header, data = _CapHeader(_CAPABILITY_VERSION_3, 0), (_CapData * 2)()
    if libc.capget(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    held = data[0].permitted
    # A container without the first usually has the second.
    kept = next((cap for cap in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE) if held & (1 << cap)), None)
    if kept is None:
        raise PermissionError("this root may not read what others own (CAP_DAC_READ_SEARCH)")
    data[0] = _CapData(1 << kept, 1 << kept, 1 << kept)
    data[1] = _CapData(0, 0, 0)
    if libc.capset(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    _prctl(libc, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, kept)


def _become(libc: ctypes.CDLL, uid: int, gid: int, *, read_all: bool) -> None:
    os.setgroups([])
    if read_all:
        # Keeps what is permitted across setuid, and, across exec too, lets access(2) count it: PostgreSQL looks at its
        # own binaries by access(2), which otherwise leaves a capability out of account for all but root.
        try:
            _prctl(libc, _PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP)
        except PermissionError:  # some containers forbid it; then only the data may lie below a shut folder
            _prctl(libc, _PR_SET_KEEPCAPS, 1)
    os.setgid(gid)
    os.setuid(uid)
    if read_all:
        _keep_only_reading(libc)


def main(arguments: list[str]) -> None:
    parent, death_signal, uid, gid, read_all = (int(argument) for argument in arguments[:5])
    program = arguments[5:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if uid >= 0:
            _become(libc, uid, gid, read_all=bool(read_all))
        # After the change of uid, which clears it; and the parent may have died before it was set.
        _prctl(libc, _PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            sys.exit(0)
    elif uid >= 0:
        raise OSError("changing the uid is done on Linux only")
    os.execvp(program[0], program)  # noqa: S606 - that is its purpose


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        sys.exit(f"cannot start {sys.argv[6] if len(sys.argv) > 6 else '?'}: {error}")
