"""Everything around a call that it might change, and puts back."""

import builtins
import math
import os
import random
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

try:
    import resource
except ImportError:  # Windows
    resource = None

RECURSION = 3000  # calls inside calls
MEMORY = 2 * 2**30  # bytes that one call may add to the process (Linux without CUDA)

_originals: dict[
    ModuleType | type, dict[str, object]
] = {}  # whose -> its names as they were when the quizzes were loaded


def seed_everything(seed: int) -> None:
    """Seed every global generator. Not `torch.manual_seed`, which grows a list as long as CUDA is not in use."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - students use the old interface
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(seed)


@contextmanager
def preserved() -> Iterator[None]:
    """Put back what the code inside changes: random states, torch's switches, the folder, names in common modules.

    Inside, torch's default type, device and gradients are as in a fresh process, whatever the notebook has set.
    """
    draws = random.getstate(), np.random.get_state(), torch.default_generator.get_state()  # noqa: NPY002
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    mps = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    switches = [(get, put, get()) for get, put, _ in _SWITCHES]
    folder, environment, path = _folder(), dict(os.environ), list(sys.path)
    names = {module: dict(vars(module)) for module in _watched()}
    try:
        _switch((get, put, usual) for get, put, usual in _SWITCHES if usual is not None)
        with torch.device("cpu") if torch.get_default_device().type != "cpu" else nullcontext():
            yield
    finally:
        _reset(names)
        _switch(switches)
        sys.path[:] = path
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)
        if folder != _folder():
            os.chdir(folder)
        random.setstate(draws[0])
        np.random.set_state(draws[1])  # noqa: NPY002
        torch.default_generator.set_state(draws[2])
        if cuda:
            torch.cuda.set_rng_state_all(cuda)
        if mps is not None:
            torch.mps.set_rng_state(mps)


_SWITCHES = [  # how to read it, how to set it, what it shall be inside (None: as it is)
    (torch.get_default_dtype, torch.set_default_dtype, torch.float32),
    (torch.get_default_device, torch.set_default_device, None),
    (torch.is_grad_enabled, torch.set_grad_enabled, True),
    (torch.get_num_threads, torch.set_num_threads, None),
    (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms, None),
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly, None),
    (sys.getrecursionlimit, sys.setrecursionlimit, RECURSION),
    (np.geterr, lambda value: np.seterr(**value), None),
]


def _switch(switches: Iterable[tuple[Callable, Callable, object]]) -> None:
    for get, put, value in switches:
        if get() != value:
            with suppress(AssertionError):  # a default device inside a `with torch.device(...)`, which ends with that
                put(value)


def _folder() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:  # it was deleted
        return ""


def remember_originals() -> None:
    """Note the names in modules loaded since the last time, so that `originals` can bring them back."""
    for module in _watched():
        _originals.setdefault(module, dict(vars(module)))


@contextmanager
def originals() -> Iterator[None]:
    """Run the reference with torch and course_lib as they were, even where a cell says `torch.sqrt = ...`."""
    theirs = _reset(_originals)
    try:
        yield
    finally:
        for owner, name, value in theirs:
            _put(owner, name, value)


_MISSING = object()


def _put(owner: ModuleType | type, name: str, value: object) -> None:
    if value is _MISSING:
        with suppress(AttributeError):
            delattr(owner, name)
    else:
        setattr(owner, name, value)


def _watched() -> list[ModuleType | type]:
    course = [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("course_lib.") and not name.startswith(("course_lib.quizzes", "course_lib.checker"))
    ]
    return [builtins, math, torch, torch.Tensor, torch.linalg, torch.nn.functional, *course]


def _reset(names: dict[ModuleType | type, dict[str, object]]) -> list[tuple[ModuleType | type, str, object]]:
    """Bring back the names that differ; returns what stood there instead.

    A method that was added to a class goes, since it hides the one that the class inherits.
    """
    replaced = []
    for owner, before in names.items():
        now = vars(owner)
        wrong = [name for name, value in before.items() if now.get(name, _MISSING) is not value]
        wrong += [name for name in now if name not in before] if isinstance(owner, type) else []
        for name in wrong:
            replaced.append((owner, name, now.get(name, _MISSING)))
            _put(owner, name, before.get(name, _MISSING))
    return replaced


@contextmanager
def limited() -> Iterator[None]:
    """Turn absurd memory (where the system can) and endless recursion into exceptions.

    What is raised where Python swallows it, in a finalizer or a callback of the collector, is kept from
    `sys.unraisablehook`: it may be the stop or the end of the stack, and a hook written in Python would meet it again.
    """
    set_recursion, unraisable = sys.setrecursionlimit, sys.unraisablehook
    sys.setrecursionlimit = lambda limit: set_recursion(min(limit, RECURSION))
    sys.unraisablehook = deque(maxlen=0).append  # compiled, keeps nothing
    try:
        with _memory_limit(), _quit_is_an_exception():
            yield
    finally:
        sys.setrecursionlimit, sys.unraisablehook = set_recursion, unraisable


@contextmanager
def _quit_is_an_exception() -> Iterator[None]:
    """In a notebook `quit()` ends the kernel after the cell: inside, it raises SystemExit as in plain Python."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        yield
        return
    vars(shell)["ask_exit"] = sys.exit
    try:
        yield
    finally:
        vars(shell).pop("ask_exit", None)


@contextmanager
def _memory_limit() -> Iterator[None]:
    size = Path("/proc/self/statm")
    if resource is None or torch.cuda.is_available() or not size.exists():
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = int(size.read_text().split()[0]) * resource.getpagesize() + MEMORY
    limits = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (min([wanted, *limits]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
