"""Commands that a set-up runs. Standard library only."""

import contextlib
import os
import subprocess
import sys
import threading


class SetupError(Exception):
    """What went wrong and what to do about it, for the user."""


class KilledError(SetupError):
    """A command was killed, and may have left anything half done."""


def run(command, folder, lock):
    """Run a command in `folder`; whether it worked, and what it said on stderr (shown as it comes).

    The lock file is its stdin, which all its descendants inherit. So the lock outlives this process where pip does:
    after a kill -9 that hits only us, the next setup waits for the orphan instead of working beside it.
    """
    words = [str(word) for word in command]
    said = bytearray()
    with subprocess.Popen(words, cwd=str(folder), stdin=lock, stderr=subprocess.PIPE) as process:
        reader = threading.Thread(target=pass_on, args=(process.stderr, said), daemon=True)
        reader.start()
        try:
            status = process.wait()
        except BaseException:
            process.kill()
            raise
        reader.join(5)  # a descendant that lives on may hold the pipe
    if status < 0:
        raise KilledError(f"`{' '.join(words[1:4])}` was killed. The next call makes .venv anew.")
    return status == 0, said.decode(errors="replace")


def pass_on(pipe, said):
    """Copy what comes through the pipe to our own stderr, and keep it."""
    with contextlib.suppress(ValueError):  # the pipe was closed, as a descendant of the command holds it open
        for chunk in iter(lambda: os.read(pipe.fileno(), 4096), b""):
            said += chunk
            with contextlib.suppress(OSError):  # nobody looks any more
                sys.stderr.buffer.write(chunk)
                sys.stderr.flush()
