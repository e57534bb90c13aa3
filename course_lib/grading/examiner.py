"""The verdict on one answer: inputs drawn for this student, results from behind the wall, compared here."""

import ast
import hmac
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import cloudpickle

from course_lib.checker.attempts import Facts
from course_lib.checker.examine import Examination, Report, examine
from course_lib.checker.isolation import preserved
from course_lib.checker.quiz import Choice, Quiz
from course_lib.checker.running import Look, Trial
from course_lib.checker.sandbox import Outcome, not_compiled
from course_lib.checker.values import Array
from course_lib.grading.records import Answer
from course_lib.grading.wire import ForgedError, unpack
from course_lib.grading.worker import Call, Greeting, Hello
from course_lib.quizzes.registry import devices_were_taught, find

START = 20.0  # seconds for the student's module to run: imports, helpers, constants
SLACK = 3.0  # seconds on top of a call's own limit, until the child is killed
MOST_BYTES = 64 * 2**20  # in one reply


class Channel(Protocol):
    """The grader's end of the pipe to a child."""

    def send(self, data: bytes) -> None: ...

    def receive(self, seconds: float, most_bytes: int) -> bytes: ...


class NoResultError(Exception):
    """The attempt gave no result; `finding` is one word for it, `message` a sentence for the student."""

    def __init__(self, finding: str, message: str):
        super().__init__(message)
        self.finding, self.message = finding, message


def seed_for(secret: bytes, student: str, quiz: str) -> int:
    """The seed of a student's inputs: nobody without the secret can know it, and a regrade has the same."""
    digest = hmac.digest(secret, f"{student}\0{quiz}".encode(), "sha256")
    return int.from_bytes(digest[:6], "big")


@dataclass(eq=False)
class Walled:
    """An attempt in a child."""

    quiz: Quiz
    source: str
    channel: Channel

    def facts(self, counts: set[int]) -> Facts:
        self._send(Hello(self.quiz.manner, self.source, tuple(counts)))
        try:
            greeting = Greeting(**json.loads(self.channel.receive(START, 2**20)))
        except (ValueError, TypeError):
            raise NoResultError("refused", FORGED) from None
        if greeting.error:
            raise NoResultError("raises", _start_failed(self.quiz.name, greeting))
        return Facts(stub=greeting.stub, compiled=greeting.compiled, wrong_use=greeting.wrong_use)

    def perform(self, look: Look, trial: Trial, seconds: float, seed: int = 0) -> Outcome:
        self._send(Call(look, trial, self.quiz.state(trial.case), seconds, seed))
        try:
            outcome = unpack(self.channel.receive(3 * seconds + SLACK, MOST_BYTES))
        except ForgedError:
            raise NoResultError("refused", FORGED) from None
        if outcome.returned and not _fits(self.quiz, look, outcome.value):
            raise NoResultError("refused", FORGED)
        return outcome

    def _send(self, request: Hello | Call) -> None:
        for name, module in list(sys.modules.items()):  # the child has no catalogue: what is from there goes by value
            if name.startswith("course_lib.quizzes") and name not in _by_value:
                cloudpickle.register_pickle_by_value(module)
                _by_value.add(name)
        self.channel.send(cloudpickle.dumps(request))


_by_value: set[str] = set()
FORGED = "What came back is no data that the course's own code sends."


def _start_failed(name: str, greeting: Greeting) -> str:
    if greeting.error == "KeyError":
        return f"There is no `{name}` in the notebook after its cells have run."
    at = f" in the line `{greeting.line[:80]}`" if greeting.line else ""
    return f"The cells before it raise {greeting.error[:60]}{at}: {greeting.says[:200]}"


def _fits(quiz: Quiz, look: Look, value: object) -> bool:
    """Whether a result has the form that this look at it has."""
    if look == "new tensors":
        return isinstance(value, bool)
    if look == "saved":
        return isinstance(value, dict) and all(type(value.get(key)) is int for key in ("in all", "at once"))
    if look == "gradients":
        return isinstance(value, dict) and all(isinstance(item, Array) for item in value.values())
    if quiz.whole:
        if not isinstance(value, dict) or set(value) != {"result", "layers"}:
            return False
        layers = value["layers"]
        return isinstance(layers, dict) and all(isinstance(words, str) for words in layers.values())
    return True


def judge(answer: Answer, seed: int, channel: Callable[[], Channel]) -> Report:
    """The report on an answer; `channel` opens the way to a child, which a letter does not need.

    Raises NoResultError where there is nothing to compare, and what the channel raises.
    """
    quiz = find(answer.quiz)
    if isinstance(quiz, Choice):
        return examine(quiz, _letter(answer))
    with preserved(), not_compiled():
        attempt = Walled(quiz, answer.source, channel())
        strict = devices_were_taught(quiz.name)
        return Examination(quiz, attempt, "cpu", seed, strict, tells_inputs=False).report()


def _letter(answer: Answer) -> object:
    """The text that the answer assigns to the quiz's name; it is read, not run."""
    found: object = None
    for node in ast.walk(ast.parse(answer.source)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            found = node.value.value if answer.quiz in names else found
    return found
