"""Grade a class: read what was handed in, examine each answer behind its wall, write down each verdict at once."""

import hashlib
import json
import multiprocessing
import secrets
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

import torch

from course_lib.checker.examine import Report
from course_lib.files import explained, locked
from course_lib.grading.answers import read_answers
from course_lib.grading.confinement import what_holds
from course_lib.grading.errors import GradingError
from course_lib.grading.examiner import Channel, NoResultError, judge, seed_for
from course_lib.grading.feedback import write_feedback
from course_lib.grading.journal import Journal
from course_lib.grading.library import library_without
from course_lib.grading.records import Answer, Result, Status, Student
from course_lib.grading.report import write_report
from course_lib.grading.results import gather, write_grades
from course_lib.grading.roster import read_roster
from course_lib.grading.submissions import find_submissions
from course_lib.grading.warm import ChildEnded, Nursery
from course_lib.paths import ROOT
from course_lib.quizzes.registry import CHAPTERS, find, quizzes_of

WORKER = "course_lib.grading.worker:serve"
AHEAD = 4  # questions that wait for each process
TRIES = 2  # of a question at which the grader's own process has died
ENDED = {
    "timeout": "Stopped: it took too long. Does a loop never end?",
    "crashed": "It ended its own process.",
    "memory": "Stopped: it took too much memory.",
    "output": "Stopped: it sent too much.",
    "refused": "It did something that no answer needs, and was stopped.",
}
UNCLEAR = "It could not be compared ({kind}). Ask your instructor to look at it."


@dataclass(frozen=True)
class Policy:
    """What an answer is worth.

    partial   of the points, where not all is right: this share times the share of cases that are right
    late      what is taken off each score of what was handed in late, 0 to 1
    """

    partial: float = 0.0
    late: float = 0.0

    def score(self, points: float, passed: bool, share: float, late: bool) -> float:
        """The score of one answer."""
        reached = 1.0 if passed else self.partial * share
        return round(points * reached * (1 - self.late * late), 4)


@dataclass(frozen=True)
class Task:
    """One question for one process: all that the verdict depends on."""

    student: str
    answer: Answer
    seed: int
    points: float
    late: bool
    policy: Policy
    libraries: Path

    @property
    def fingerprint(self) -> str:
        """Equal for tasks that must have the same verdict."""
        answer, policy = self.answer, [self.policy.partial, self.policy.late]
        told = [answer.quiz, answer.source, self.seed, self.points, self.late, policy, code_version(ROOT)]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


@dataclass(frozen=True)
class Progress:
    """How far it is: students whose questions are all under way or done, of all; questions done."""

    students: int
    of: int
    questions: int


@dataclass
class Class:
    """A class and its work: where it lies, who is in it, what is asked and how it counts."""

    place: Path
    roster: Path
    out: Path
    chapters: tuple[str, ...] = CHAPTERS
    secret: Path | None = None
    deadline: datetime | None = None
    policy: Policy = Policy()
    jobs: int = 1
    handed_in: dict[str, tuple[Status, tuple[str, ...]]] = field(default_factory=dict)
    unclaimed: tuple[str, ...] = ()
    asked: set[tuple[str, str]] = field(default_factory=set)  # student and quiz of each answer that is there now

    @property
    def quizzes(self) -> dict[str, float]:
        """The points of each quiz, in the course's order."""
        return {name: float(quiz.points) for chapter in self.chapters for name, quiz in quizzes_of(chapter).items()}


def full_name(chapter: str) -> str:
    """The name of a chapter's notebook: "04_forward"."""
    return f"{CHAPTERS.index(chapter):02}_{chapter}"


@cache
def code_version(root: Path) -> str:
    """A hash of all code that a verdict depends on: with another one everything is graded anew."""
    digest = hashlib.sha256()
    for file in sorted((root / "course_lib").rglob("*.py")):
        digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def grade(group: Class) -> Iterator[Progress]:
    """Grade what is not graded yet, and yield after each question; at the end the reports are in `group.out`.

    It can be killed at any moment: the same call goes on, and the reports are the same as without the kill.
    Raises GradingError for a roster or a place that cannot be read, BusyError if another grader is at work there.
    """
    students = read_roster(group.roster)
    with explained(group.out, "write to"):
        group.out.mkdir(parents=True, exist_ok=True)
    with (
        locked(group.out / ".lock"),
        Journal(group.out / "journal.jsonl") as journal,
        tempfile.TemporaryDirectory() as work,
    ):
        yield from _examine(group, students, journal, Path(work))
        _write(group, students, journal)


def _examine(group: Class, students: list[Student], journal: Journal, work: Path) -> Iterator[Progress]:
    """Ask all questions that the journal has no answer to, a few ahead of the processes."""
    begun, done = 0, 0
    with Examiners(group.jobs) as examiners:
        for student, task in _tasks(group, students, work):
            begun = student
            group.asked.add((task.student, task.answer.quiz))
            if not journal.knows(task.student, task.answer.quiz, task.fingerprint):
                for result, fingerprint in examiners.add(task):
                    journal.add(result, fingerprint)
                    done += 1
                    yield Progress(begun, len(students), done)
        for result, fingerprint in examiners.rest():
            journal.add(result, fingerprint)
            done += 1
            yield Progress(len(students), len(students), done)


def _tasks(group: Class, students: list[Student], work: Path) -> Iterator[tuple[int, Task]]:
    """Every answer as a task, student after student, with the student's number; notes what each has handed in."""
    secret, libraries = _secret(group), work / "libraries"
    found = find_submissions(group.place, students, group.deadline, work / "unpacked")
    group.unclaimed = found.unclaimed
    for number, submission in enumerate(found.submissions, 1):
        student = submission.student.id
        group.handed_in[student] = (submission.status, submission.reasons)
        for chapter in group.chapters:
            notebook = submission.notebooks.get(full_name(chapter))
            names = list(quizzes_of(chapter))
            answers = read_answers(notebook, full_name(chapter), names) if notebook and names else {}
            for name, answer in answers.items():
                seed, points = seed_for(secret, student, name), float(find(name).points)
                late = submission.status == "late"
                yield number, Task(student, answer, seed, points, late, group.policy, libraries)


def _secret(group: Class) -> bytes:
    """The key from which everybody's inputs follow: the file that was named, or one that is made in `out`."""
    file = group.secret or group.out / "secret"
    if group.secret is None and not file.exists():
        file.touch(mode=0o600)
        file.write_bytes(secrets.token_bytes(32))
    with explained(file, "read"):
        key = file.read_bytes()
    if len(key) < 16:
        raise GradingError(f"{file} has {len(key)} bytes, and a secret needs 16 or more. Make one of 32 random bytes.")
    return key


def _write(group: Class, students: list[Student], journal: Journal) -> None:
    current = (result for result in journal.results() if (result.student_id, result.quiz) in group.asked)
    rows = gather(students, group.handed_in, current, group.quizzes)
    write_grades(group.out, rows)
    pages = write_feedback(group.out / "feedback", rows)
    addresses = {student: f"feedback/{page.name}" for student, page in pages.items()}
    write_report(group.out / "report.html", rows, what_holds().text, feedback=addresses)


# Many at once


class Examiners(AbstractContextManager):
    """Processes that examine answers, each with a nursery of its own."""

    def __init__(self, jobs: int):
        self.jobs = jobs
        self._waiting: dict[Future[Result], tuple[Task, int]] = {}
        self._pool: Executor = self._new()

    def _new(self) -> Executor:
        return ProcessPoolExecutor(self.jobs, multiprocessing.get_context("spawn"), initializer=_one_thread)

    def add(self, task: Task) -> Iterator[tuple[Result, str]]:
        """Hand in a task; what is finished meanwhile comes back, with its fingerprint."""
        self._submit(task, 1)
        while len(self._waiting) >= AHEAD * self.jobs:
            yield from self._finished()

    def rest(self) -> Iterator[tuple[Result, str]]:
        """What is left, as it finishes."""
        while self._waiting:
            yield from self._finished()

    def _submit(self, task: Task, tries: int) -> None:
        try:
            future = self._pool.submit(examine_task, task)
        except BrokenProcessPool:
            self._pool = self._new()
            future = self._pool.submit(examine_task, task)
        self._waiting[future] = (task, tries)

    def _finished(self) -> Iterator[tuple[Result, str]]:
        for future in wait(self._waiting, return_when=FIRST_COMPLETED).done:
            task, tries = self._waiting.pop(future)
            try:
                yield future.result(), task.fingerprint
            except BrokenProcessPool:  # one of those that were under way has killed its process; nobody knows which
                if tries == TRIES:
                    yield _result(task, "crashed", None, ENDED["crashed"], 0.0, 0.0), task.fingerprint
                else:
                    self._submit(task, tries + 1)

    def __exit__(self, *_: object) -> None:
        for future in self._waiting:
            future.cancel()
        self._pool.shutdown()


def _one_thread() -> None:
    torch.set_num_threads(1)


@cache
def _nursery() -> Nursery:
    """This process's own. It ends with the process."""
    return ExitStack().enter_context(Nursery())


def examine_task(task: Task) -> Result:
    """The verdict on one answer. If the nursery itself is lost, it is asked once more."""
    lost = _nursery().restarts
    result = _examined(task)
    return _examined(task) if result.finding == "crashed" and _nursery().restarts > lost else result


def _examined(task: Task) -> Result:
    start = time.monotonic()

    def gave(finding: str, reason: str, mistake: str | None = None, score: float = 0.0) -> Result:
        return _result(task, finding, mistake, reason, score, time.monotonic() - start)

    try:
        report = _report(task)
    except NoResultError as problem:
        return gave(problem.finding, problem.message)
    except ChildEnded as end:
        return gave(end.reason, ENDED[end.reason])
    except GradingError:
        raise  # about this machine, not about the answer
    except Exception as problem:  # data that no honest child sends, or a fault of ours: it costs this question only
        return gave("refused", UNCLEAR.format(kind=type(problem).__name__))
    score = task.policy.score(task.points, report.passed, report.share, task.late)
    return gave(report.finding, report.message, report.mistake, score)


def _report(task: Task) -> Report:
    with ExitStack() as stack:  # what ends a child passes through here, and gets its true reason

        def channel() -> Channel:
            library = library_without(task.answer.quiz, task.libraries)
            return stack.enter_context(_nursery().question(library, WORKER))

        return judge(task.answer, task.seed, channel)


def _result(task: Task, finding: str, mistake: str | None, reason: str, score: float, seconds: float) -> Result:
    answer = task.answer
    return Result(
        task.student, answer.quiz, answer.notebook, score, task.points, finding, mistake, reason, round(seconds, 3)
    )
