"""Whatever an attempt does, `examine` comes back soon, and everything around it is as before."""

import functools
import gc
import itertools
import os
import random
import signal
import sys
import threading
import time
import warnings

import numpy as np
import pytest
import torch

from course_lib import forward
from course_lib.checker import examine as examiner
from course_lib.checker import sandbox, timeout
from course_lib.checker.timeout import OutOfTime, run_limited
from course_lib.quizzes import check, examine


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(examiner, "SECONDS", 0.3)
    monkeypatch.setattr(examiner, "SECONDS_IN_ALL", 0.8)


def right(x_start, t, noise, schedule):
    ac = schedule.alphas_cumprod[t].reshape(-1, *[1] * (x_start.ndim - 1))
    return ac.sqrt() * x_start + (1 - ac).sqrt() * noise


# Loops


def endless(*_):
    while True:
        pass


def endless_with_calls(*_):
    while True:
        len([])


def swallows_everything(*_):
    while True:
        try:
            time.sleep(0.001)
        except BaseException:
            time.sleep(0)


def swallows_twice(*_):
    while True:
        try:
            try:
                time.sleep(1000)
            except BaseException:
                time.sleep(0)
        except BaseException:
            pass


def swallows_in_a_function(*_):
    def work():
        try:
            return sum(range(1000))
        except BaseException:
            return 0

    while True:
        try:
            work()
        finally:
            continue  # noqa: B012


def sleeps(*_):
    time.sleep(1e6)


def waits_for_a_lock(*_):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def calls_itself_in_a_loop(*_):
    def again():
        try:
            again()
        except RecursionError:
            again()

    again()


def yields_for_ever(*_):
    while True:
        yield torch.zeros(1)
        time.sleep(0.01)


LOOPS = [
    *(endless, endless_with_calls, swallows_everything, swallows_twice, swallows_in_a_function, sleeps),
    *(waits_for_a_lock, calls_itself_in_a_loop, yields_for_ever),
]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a Unix timer")
@pytest.mark.parametrize("attempt", LOOPS)
def test_a_loop_is_stopped(attempt):
    start = time.monotonic()
    assert examine("q_sample", attempt).finding == "timeout"
    assert time.monotonic() - start < 20


def test_the_message_names_the_loop():
    assert "`while True:`" in examine("q_sample", endless).message


@pytest.mark.parametrize("attempt", [endless, endless_with_calls])
def test_a_loop_is_stopped_in_another_thread(attempt):
    reports = []
    thread = threading.Thread(target=lambda: reports.append(examine("q_sample", attempt)))
    thread.start()
    thread.join(10)
    assert [report.finding for report in reports] == ["timeout"]


def test_a_right_answer_in_another_thread():
    reports = []
    thread = threading.Thread(target=lambda: reports.append(examine("q_sample", right)))
    thread.start()
    thread.join(10)
    assert reports[0].passed


def test_timers_and_handlers_are_put_back():
    def mine(*_):
        raise AssertionError("too early")

    old = signal.signal(signal.SIGALRM, mine)
    keyboard, tracing = signal.getsignal(signal.SIGINT), sys.gettrace()
    signal.setitimer(signal.ITIMER_REAL, 60)
    try:
        examine("q_sample", endless)
        examine("q_sample", swallows_twice)
        assert 50 < signal.getitimer(signal.ITIMER_REAL)[0] < 60
        assert signal.getsignal(signal.SIGALRM) is mine
        assert signal.getsignal(signal.SIGINT) is keyboard
        assert sys.gettrace() is tracing
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


def test_nothing_is_interrupted_outside_of_the_call():
    """Many calls that end just about when their time is up: the exception never escapes from anywhere else."""
    for pause in np.linspace(0.0005, 0.003, 60):
        try:
            run_limited(functools.partial(time.sleep, pause), 0.0015)
        except OutOfTime:
            continue


def test_the_person_at_the_keyboard_gets_through():
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        check(endless, "q_sample")


# Exceptions and results


class Evil(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        raise SystemExit


class BadMessage(Exception):
    def __str__(self):
        raise RuntimeError


class BadList(list):
    def __len__(self):
        raise KeyboardInterrupt


def throws(error):
    def attempt(*_):
        raise error

    return attempt


def too_deep(*args):
    return too_deep(*args)


def much_too_deep(*args):
    sys.setrecursionlimit(10**8)
    return too_deep(*args)


def fills_the_memory(*_):
    kept = []
    while True:
        kept.append(torch.empty(10**8))


@pytest.mark.parametrize(
    ("attempt", "finding"),
    [
        (throws(ValueError("tensor([1., 2.]) " + "long " * 1000)), "raises"),
        (throws(SystemExit(0)), "raises"),
        (throws(KeyboardInterrupt()), "raises"),
        (throws(GeneratorExit()), "raises"),
        (throws(BadMessage()), "raises"),
        (throws(MemoryError()), "raises"),
        (lambda *_: sys.exit(), "raises"),
        (lambda *_: exec("this is no code"), "raises"),
        (lambda *_: BadList(), "raises"),
        (lambda *_: Evil(), "type"),
        (too_deep, "raises"),
        (much_too_deep, "raises"),
        (lambda *_: torch.zeros(10**13), "raises"),
        (lambda *_: torch.zeros(1).expand(10**9, 10**9), "shape"),
        (lambda *_: torch.zeros(1, 1, 1, 1).expand(5, 2, 12, 10**9), "shape"),
        (lambda x, *_: torch.zeros(1, 1, 1, 1).expand(*x.shape[:-1], 10**9), "shape"),
        (lambda *_: torch.zeros([1] * 60), "shape"),
        (lambda *_: torch.zeros(0), "shape"),
        (lambda *_: [[[]]] * 10_000, "type"),
        (lambda *_: {"a": torch.zeros(1)}, "type"),
        (lambda *_: object(), "type"),
        (lambda *_: torch.sparse_coo_tensor(size=(10**9, 10**9)), "type"),
        (lambda *_: torch.empty(5, 2, 12, 16, device="meta"), "device"),
        (lambda x, *_: torch.full_like(x, float("nan")), "nan"),
        (lambda x, *_: x.to(torch.complex64), "dtype"),
        (lambda x, *_: x > 0, "dtype"),
        (lambda: 0, "type"),
        (int, "raises"),
        (torch.nn.Linear, "raises"),
        (torch.nn.Linear(2, 2), "raises"),
        ("q_sample", "type"),
        (float("nan"), "type"),
        (np.zeros(3), "type"),
        ([1, 2], "type"),
        (torch.add, "raises"),
        (print, "type"),
    ],
)
def test_nothing_escapes(attempt, finding):
    report = examine("q_sample", attempt)
    assert report.finding == finding, report.message
    assert len(report.message) < 360
    assert "tensor(" not in report.message
    assert check(attempt, "q_sample") is forward.q_sample


@pytest.mark.skipif(sys.platform != "linux" or torch.cuda.is_available(), reason="memory is limited on Linux")
def test_memory_is_limited():
    assert "more memory than there is" in examine("q_sample", fills_the_memory).message


def test_an_object_that_does_mischief_when_looked_at(capsys):
    class Mischief:
        @property
        def __class__(self):
            raise ZeroDivisionError

        def __call__(self, *_):
            return 0

    assert check(Mischief(), "q_sample") is forward.q_sample
    assert check(Mischief()) is not None
    assert "Looking at it raises ZeroDivisionError" in capsys.readouterr().out


def test_an_attempt_that_checks_itself_comes_to_an_end():
    def snr(alphas_cumprod):
        check(snr)
        return alphas_cumprod / (1 - alphas_cumprod)

    start = time.monotonic()
    assert check(snr) is snr
    assert "called inside the function" in examine("snr", snr).note
    assert time.monotonic() - start < 20
    assert not examiner._busy.locked()


def test_a_finalizer_that_fails_reaches_nobody(monkeypatch):
    class Fails:
        def __del__(self):
            raise ZeroDivisionError

    def attempt(*args):
        Fails()
        return right(*args)

    reached = []
    monkeypatch.setattr(sys, "unraisablehook", reached.append)
    assert examine("q_sample", attempt).passed
    assert not reached
    Fails()
    assert len(reached) == 1


def test_a_collection_near_the_end_of_the_stack_reaches_nobody(monkeypatch):
    """Python swallows what is raised in a callback of the collector, and tells `sys.unraisablehook` about it."""

    def collects_near_the_end(*_):
        def down():
            try:
                down()
            except RecursionError:
                if next(steps_back) == 30:
                    gc.collect()
                raise

        steps_back = itertools.count()
        down()

    def callback(*_, calls=100):
        return calls and callback(calls=calls - 1)

    reached = []
    monkeypatch.setattr(sys, "unraisablehook", reached.append)
    monkeypatch.setattr(examiner, "SECONDS", 60)  # a collection may take long
    monkeypatch.setattr(examiner, "SECONDS_IN_ALL", 300)
    gc.callbacks.append(callback)
    try:
        assert examine("q_sample", collects_near_the_end).finding == "raises"
    finally:
        gc.callbacks.remove(callback)
    assert not reached


def test_a_class_that_does_mischief_when_asked_for_its_name():
    class Mischief(type):
        def __getattribute__(cls, name):
            raise ZeroDivisionError

    class Attempt(metaclass=Mischief):
        pass

    assert check(Attempt) is Attempt
    assert check(Attempt, "q_sample") is forward.q_sample


@pytest.mark.parametrize("name", [right, ["q_sample"], np.zeros(2), torch.zeros(2), 0])
def test_a_name_that_is_no_text(capsys, name):
    assert check(right, name) is right
    assert "is a text" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore")
def test_a_flood_of_output_is_cut():
    def attempt(*args):
        for _ in range(10_000):
            print("x" * 1000)
            print("y" * 1000, file=sys.stderr)
            warnings.warn("z" * 1000, stacklevel=2)
        return right(*args)

    examiner.SECONDS, examiner.SECONDS_IN_ALL = 20, 20
    report = examine("q_sample", attempt)
    assert report.passed
    assert len(report.printed) == sandbox.PRINTED


# What is put back


def meddles(*args):
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    torch.set_num_threads(3)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(7)
    np.random.seed(7)  # noqa: NPY002
    random.seed(7)
    np.seterr(all="raise")
    os.chdir("/")
    os.environ["MEDDLED"] = "1"
    sys.path.append("/nowhere")
    sys.setrecursionlimit(500)
    sys.stdout = None
    torch.sqrt = None
    forward.extract = None
    raise ValueError


def state():
    return [
        *(torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled(), torch.get_num_threads()),
        *(torch.are_deterministic_algorithms_enabled(), sys.getrecursionlimit(), np.geterr(), os.getcwd()),
        *(dict(os.environ), list(sys.path), torch.sqrt, forward.extract, sys.stdout, random.getstate()),
        *(torch.get_rng_state().tolist(), np.random.get_state()[1].tolist()),  # noqa: NPY002
    ]


@pytest.mark.parametrize("attempt", [meddles, right, endless, lambda *_: torch.rand(3)])
def test_the_world_is_put_back(attempt):
    before = state()
    examine("q_sample", attempt)
    assert state() == before


def test_the_notebook_s_own_settings_do_not_matter():
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad(), torch.device("meta"):
            assert examine("q_sample", right).passed
            assert examine("linear_beta_schedule", lambda T, a=1e-4, b=0.02: torch.linspace(a, b, T)).passed
    finally:
        torch.set_default_dtype(torch.float32)


def test_each_call_gets_fresh_inputs():
    def attempt(x_start, t, noise, schedule):
        result = right(x_start, t, noise, schedule)
        for value in (x_start, noise):
            value.zero_()
        t.resize_(0)
        vars(schedule).clear()
        return result

    assert examine("q_sample", attempt).finding == "mutates"
    assert examine("q_sample", right).passed


@pytest.mark.parametrize("place", ["main thread", "another thread"])
def test_a_call_that_hardly_gets_to_run_has_three_times_as_long(monkeypatch, place):
    monkeypatch.setattr(timeout.time, "process_time", lambda: 0.0)  # the machine is busy with other things
    run = run_limited if place == "main thread" else timeout._with_thread
    run(lambda: time.sleep(0.6), 0.4)
    start = time.monotonic()
    with pytest.raises(OutOfTime):
        run(lambda: time.sleep(10), 0.4)
    assert 1 < time.monotonic() - start < 8


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module that can be imported, and is forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(code):
        (tmp_path / "takes_its_time.py").write_text(code)

    yield write
    sys.modules.pop("takes_its_time", None)


SLOW = "import time\nend = time.monotonic() + 1.2\nwhile time.monotonic() < end: time.sleep(0.01)\nWHOLE = 1"


@pytest.mark.parametrize("place", ["main thread", "another thread"])
def test_an_import_is_not_broken_off(module, place):
    """Half an import of a package leaves it unusable: torch imports much the first time that it needs it."""
    module(SLOW)
    run = run_limited if place == "main thread" else timeout._with_thread
    found = []

    def work():
        import takes_its_time

        found.append(takes_its_time.WHOLE)

    run(work, 0.2)
    assert found == [1]

    def work_and_loop():
        sys.modules.pop("takes_its_time")
        work()
        endless()

    start = time.monotonic()
    with pytest.raises(OutOfTime):
        run(work_and_loop, 0.2)
    assert found == [1, 1]
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("place", ["main thread", "another thread"])
def test_an_import_without_an_end_is(module, monkeypatch, place):
    module("while True: pass")
    monkeypatch.setattr(timeout, "IMPORTS", 0.5)
    run = run_limited if place == "main thread" else timeout._with_thread
    start = time.monotonic()
    with pytest.raises(OutOfTime):
        run(lambda: __import__("takes_its_time"), 0.2)
    assert time.monotonic() - start < 10
