"""Safetensors taken apart and packed again, and what a reader of a wrong file must do."""

import json
import signal
from contextlib import contextmanager

from safetensors.torch import load, save

from course_lib.errors import CourseError


@contextmanager
def not_for_ever(seconds=20):
    """A reader that waits for ever is a failure, not a test that hangs."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def late(*_):
        raise AssertionError("it waits for ever")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def described(content):
    """The tensors and the description in the content of a file."""
    length = int.from_bytes(content[:8], "little")
    return load(content), json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["course"])


def packed(tensors, about):
    return save(tensors, {"course": about if isinstance(about, str) else json.dumps(about)})


def says_so(read, path, what=""):
    """The reader refuses the file in one line that names it; anything else than an error of ours is a failure."""
    with not_for_ever():
        try:
            read(path)
        except CourseError as error:
            said = str(error)
        else:
            raise AssertionError(f"{what or path.name} was read as if nothing were wrong")
    assert "\n" not in said
    assert path.name in said, said
    assert len(said) < 600, said
    return said


def part(tensors, prefix):
    return {name: value for name, value in tensors.items() if name.startswith(prefix)}
