"""What Linux offers to shut a process in, called by number, for Python has no names for it. Standard library only.

Everything here is for the process that calls it and those that it starts, and can't be taken back.
Raises OSError where the kernel refuses.
"""

import ctypes
import os
import platform
import signal
import struct
from collections.abc import Iterable, Sequence

NEW_MOUNTS, NEW_IPC, NEW_PROCESSES = 0x00020000, 0x08000000, 0x20000000
ANY_NAMESPACE = 0x7E020000
PRIVATE, BIND = 0x44000, 0x1000  # of mounts: not shared with others, all below too; at one more place
NO_SUID, NO_DEVICES, READ_ONLY = 2, 4, 1
PARENT_ENDS, SET_DUMPABLE, DROP_FROM_BOUNDING, SUBREAPER, NO_NEW_PRIVILEGES, AMBIENT, SECCOMP = 1, 4, 24, 36, 38, 47, 22

# System calls: number on x86_64, number on aarch64. What no answer needs, and what would open a way around the limits:
# to look into other processes, to mount, to keep memory that no limit counts, to leave something in the kernel.
DENIED = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "unshare": (272, 97),
    "setns": (308, 268),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "quotactl": (179, 60),
    "settimeofday": (164, 170),
}
# Refused too where other processes can be seen: signals to them, and the sockets of services that work for the user.
AMONG_OTHERS = {
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "connect": (42, 203),
}
FCNTL, OWNER = (72, 25), (8, 10, 15)  # who gets a file's signals, and which: F_SETOWN, F_SETSIG, F_SETOWN_EX
IOCTL, GROUP = (16, 29), (0x8901, 0x8902)  # the same for sockets: FIOSETOWN, SIOCSPGRP
CLONE, CLONE3, SOCKET = (56, 220), (435, 435), (41, 198)
KILL, TGKILL, PRLIMIT = (62, 129), (234, 131), (302, 261)  # their first argument is a process
FIRST, SECOND, AF_UNIX = 16, 24, 1  # where a filter finds the arguments
MACHINES = {
    "x86_64": (0, 0xC000003E),
    "aarch64": (1, 0xC00000B7),
}  # the place of its numbers above, its mark in a filter
LOAD, EQUAL, AT_LEAST, ANY_BIT, ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE, UNKNOWN = 0x7FFF0000, 0x00050001, 0x00050026  # go on; EPERM; ENOSYS, after which a C library takes clone

CREATE_RULESET, ADD_RULE, RESTRICT = 444, 445, 446  # Landlock
READ, LIST, OF_FILES = 0b1101, 0b1000, 0b0111
EVERYTHING = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF, 5: 0xFFFF}  # by Landlock's version


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _must(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _prctl(option: int, *values: int) -> None:
    padded = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    _must(_libc().prctl(option, *padded), f"prctl {option}")


def closed_to_others() -> None:
    """No process of the same user can trace this one or read its memory."""
    _prctl(SET_DUMPABLE, 0)


def adopting() -> None:
    """Descendants whose parents have ended become children of this process, and can't get lost."""
    _prctl(SUBREAPER, 1)


def ending_with_parent() -> None:
    """This process is killed when its parent ends. For a child of a fork; a new user id undoes it."""
    _prctl(PARENT_ENDS, signal.SIGKILL)


def separate(flags: int) -> None:
    """Leave the namespaces in `flags` for new ones; that of processes is for children only."""
    _must(_libc().unshare(flags), "unshare")


def processes_as_here() -> None:
    """Children are in this process's own namespace of processes again, and `separate` works once more."""
    here = os.open("/proc/self/ns/pid", os.O_RDONLY)
    try:
        _must(_libc().setns(here, NEW_PROCESSES), "setns")
    finally:
        os.close(here)


def mount(kind: str, target: str, flags: int = NO_SUID | NO_DEVICES, options: str = "", source: str = "none") -> None:
    """Mount a file system of a kind ("tmpfs", "proc") at `target`, or `source` again with BIND."""
    names = [text.encode() if text else None for text in (source, target, kind)]
    _must(_libc().mount(*names, ctypes.c_ulong(flags), options.encode() or None), f"mount {target}")


def become(uid: int) -> None:
    """Be the user and the group `uid`, in no other group."""
    _nothing_to_gain()
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def powerless() -> None:
    """Give up all capabilities, and gain none from a program with a setuid bit."""
    _nothing_to_gain()
    _prctl(AMBIENT, 4)
    header, none = struct.pack("Ii", 0x20080522, 0), bytes(24)
    _must(_libc().capset(header, none), "capset")
    _prctl(NO_NEW_PRIVILEGES, 1)


def _nothing_to_gain() -> None:
    for capability in range(64):
        if _libc().prctl(DROP_FROM_BOUNDING, ctypes.c_ulong(capability), 0, 0, 0) < 0:
            break  # it was the last one, or none may be dropped: NO_NEW_PRIVILEGES holds too


def filtered(among_others: bool) -> None:
    """Refuse the system calls above, and every socket but those of the own machine's file system.

    With `among_others` signals reach only the process that calls this, and its process group, and there are no sockets
    but pairs. After `powerless`. Raises OSError on a machine whose numbers are not known.
    """
    if platform.machine() not in MACHINES:
        raise OSError(f"system calls of {platform.machine()} are not known")
    place, mark = MACHINES[platform.machine()]
    steps = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, mark), (ANSWER, 0, 0, REFUSE), (LOAD, 0, 0, 0)]
    if place == 0:
        steps += [(AT_LEAST, 0, 1, 0x40000000), (ANSWER, 0, 0, REFUSE)]  # the x32 numbers
    for numbers in (*DENIED.values(), *(AMONG_OTHERS.values() if among_others else ())):
        steps += [(EQUAL, 0, 1, numbers[place]), (ANSWER, 0, 0, REFUSE)]
    steps += [(EQUAL, 0, 1, CLONE3[place]), (ANSWER, 0, 0, UNKNOWN)]
    steps += [(EQUAL, 0, 4, CLONE[place]), (LOAD, 0, 0, FIRST), (ANY_BIT, 0, 1, ANY_NAMESPACE)]
    steps += [(ANSWER, 0, 0, REFUSE), (ANSWER, 0, 0, ALLOW)]
    steps += _decided(SOCKET[place], FIRST, [] if among_others else [AF_UNIX], ALLOW, REFUSE)
    if among_others:
        own = os.getpid()
        steps += _decided(KILL[place], FIRST, [0, own, 2**32 - own], ALLOW, REFUSE)
        steps += _decided(TGKILL[place], FIRST, [own], ALLOW, REFUSE)
        steps += _decided(PRLIMIT[place], FIRST, [0, own], ALLOW, REFUSE)
        steps += _decided(FCNTL[place], SECOND, OWNER, REFUSE, ALLOW)
        steps += _decided(IOCTL[place], SECOND, GROUP, REFUSE, ALLOW)
    program = b"".join(struct.pack("HBBI", *step) for step in (*steps, (ANSWER, 0, 0, ALLOW)))
    buffer = ctypes.create_string_buffer(program)
    whole = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer)))
    _prctl(SECCOMP, 2, ctypes.addressof(whole))


def _decided(
    number: int, argument: int, values: Sequence[int], answer: int, otherwise: int
) -> list[tuple[int, int, int, int]]:
    """Steps that give one answer to a system call if its argument is one of `values`, and another if not."""
    checks = [step for value in values for step in ((EQUAL, 0, 1, value), (ANSWER, 0, 0, answer))]
    return [(EQUAL, 0, len(checks) + 2, number), (LOAD, 0, 0, argument), *checks, (ANSWER, 0, 0, otherwise)]


def fenced(readable: Iterable[str], listable: Iterable[str], writable: Iterable[str]) -> None:
    """With Landlock: only what is in these folders can be opened, and no process outside can be looked into.

    Of `listable` only the names of files can be read. After `powerless`. Raises OSError where the kernel has
    no Landlock.
    """
    libc = _libc()
    version = _must(libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1), "Landlock")
    everything = EVERYTHING[min(version, 5)]
    scope = 3 if version >= 6 else 0  # signals and abstract sockets
    kinds = struct.pack("QQQ", everything, 0, scope)[: 8 if version < 4 else 16 if version < 6 else 24]
    rules = _must(libc.syscall(CREATE_RULESET, kinds, ctypes.c_size_t(len(kinds)), 0), "Landlock")
    try:
        for paths, rights in ((readable, READ), (listable, LIST), (writable, everything)):
            for path in filter(os.path.exists, paths):
                inside = os.open(path, os.O_PATH | os.O_CLOEXEC)
                allowed = rights if os.path.isdir(path) else rights & OF_FILES
                _must(libc.syscall(ADD_RULE, rules, 1, struct.pack("=Qi", allowed, inside), 0), f"Landlock for {path}")
                os.close(inside)
        _must(libc.syscall(RESTRICT, rules, 0), "Landlock")
    finally:
        os.close(rules)
