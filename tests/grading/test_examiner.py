"""The verdict from afar is the verdict from here: attempts in a forked process, which get inputs and send back data."""

import inspect
import multiprocessing
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import torch

from course_lib.checker.quiz import Quiz
from course_lib.checker.values import Array
from course_lib.grading import worker
from course_lib.grading.examiner import NoResultError, _fits, judge, seed_for
from course_lib.grading.records import Answer
from course_lib.quizzes import examine
from course_lib.quizzes.registry import every_quiz, find

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no fork")
NAMES = [name for name, quiz in every_quiz().items() if isinstance(quiz, Quiz)]


class End:
    """One end of a pipe."""

    def __init__(self, connection):
        self.connection = connection

    def send(self, data):
        self.connection.send_bytes(data)

    def receive(self, seconds=60.0, most_bytes=0):
        assert self.connection.poll(seconds)
        return self.connection.recv_bytes()


def serve(connection, ours):
    ours.close()
    with suppress(EOFError):
        worker.serve(End(connection))


@contextmanager
def child(target=serve) -> Iterator[End]:
    """A process that answers requests, without walls."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=target, args=(theirs, ours), daemon=True)
    process.start()
    theirs.close()
    try:
        yield End(ours)
    finally:
        ours.close()
        process.kill()
        process.join()


def report(name: str, source: str, target=serve):
    with child(target) as end:
        return judge(Answer(name, source, "cell", "any"), 12345, lambda: end)


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_passes_from_afar(name: str) -> None:
    module = sys.modules[find(name).reference.__module__]
    found = report(name, inspect.getsource(module))
    assert (found.passed, found.finding, found.share) == (True, "correct", 1.0), found.message


WRONG = """
from course_lib.forward import extract
def q_sample(x_start, t, noise, schedule):
    return (extract(schedule.alphas_cumprod, t, x_start.shape) * x_start
        + extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape) * noise)
"""


def test_a_mistake_is_named_from_afar() -> None:
    found = report("q_sample", WRONG)
    assert (found.passed, found.finding) == (False, "mistake")
    assert found.mistake
    assert found.message == next(m.hint for m in find("q_sample").mistakes if m.name == found.mistake)


@pytest.mark.parametrize(
    ("source", "finding"),
    [
        ("def q_sample(x_start, t, noise, schedule):\n    raise NotImplementedError", "not_attempted"),
        ("def q_sample(x_start, t, noise, schedule):\n    pass", "not_attempted"),
        ("def q_sample(x):\n    return x", "type"),
        ("def q_sample(x_start, t, noise, schedule):\n    return x_start / 0 + nothing", "raises"),
        ("def q_sample(x_start, t, noise, schedule):\n    x_start.add_(1)\n    return x_start", "mutates"),
        ("def q_sample(x_start, t, noise, schedule):\n    return x_start.tolist()", "type"),
    ],
)
def test_other_findings(source: str, finding: str) -> None:
    assert report("q_sample", source).finding == finding


@pytest.mark.parametrize("source", ["1 / 0", "raise SystemExit", "x = 1", "def q_sample(:"])
def test_a_module_that_cannot_run_has_no_result(source: str) -> None:
    with pytest.raises(NoResultError) as problem:
        report("q_sample", source)
    assert problem.value.finding == "raises"


def forger(reply):
    def target(connection, ours):
        ours.close()
        connection.recv_bytes()
        connection.send_bytes(b"{}")
        connection.recv_bytes()
        connection.send_bytes(reply)

    return target


@pytest.mark.parametrize("reply", [b"", b"\x80\x04K\x01.", b"\x02" + b"\0" * 7 + b"{}"])
def test_forged_replies_are_refused(reply: bytes) -> None:
    with pytest.raises(NoResultError) as problem:
        report("q_sample", "", forger(reply))
    assert problem.value.finding == "refused"


def test_what_a_look_returns_has_its_form() -> None:
    array = Array(torch.ones(1), (1,), torch.float32, "cpu", False)
    quiz = find("q_sample")
    good = [("new tensors", True), ("saved", {"in all": 1, "at once": 1}), ("gradients", {"0": array}), ("result", 3)]
    bad = [("new tensors", 1), ("saved", {"in all": True, "at once": 1}), ("saved", 3), ("gradients", {"0": 3})]
    assert all(_fits(quiz, look, value) for look, value in good)
    assert not any(_fits(quiz, look, value) for look, value in bad)


def test_a_letter_is_read_and_not_run() -> None:
    quiz = find("what_t_zero_does")
    right = judge(Answer(quiz.name, f'{quiz.name} = "{quiz.answer}"', "cell", "any"), 0, pytest.fail)
    assert right.passed
    sly = f"{quiz.name} = ''\n{quiz.name} = open('/tmp/any')"
    assert not judge(Answer(quiz.name, sly, "cell", "any"), 0, pytest.fail).passed


def test_seeds_differ_and_come_again() -> None:
    key, other = b"a" * 32, b"b" * 32
    seeds = {seed_for(k, s, q) for k in (key, other) for s in ("ann", "ben") for q in ("q_sample", "q_step")}
    assert len(seeds) == 8
    assert seed_for(key, "ann", "q_sample") == seed_for(key, "ann", "q_sample")
    torch.Generator().manual_seed(seed_for(key, "ann", "q_sample"))


def test_hidden_inputs_are_not_told() -> None:
    """A notebook may say with which inputs something was seen; a grade may not."""
    source = "def repaint_schedule(*counts):\n    return [7]"
    space: dict = {}
    exec(source, space)
    here, afar = examine("repaint_schedule", space["repaint_schedule"]), report("repaint_schedule", source)
    assert here.finding == afar.finding
    assert "Seen in" in here.message
    assert "Seen" not in afar.message
