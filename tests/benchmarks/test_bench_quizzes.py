"""What a check costs: the right answer, the slowest alternative, the slowest mistake. Prints a table."""

import sys
import time

from rich.console import Console
from rich.table import Table

from course_lib.checker.quiz import Quiz
from course_lib.quizzes import examine
from course_lib.quizzes.registry import every_quiz


def seconds(name: str, attempt: object, repeats: int = 5) -> float:
    """The median of several examinations."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        examine(name, attempt)
        times.append(time.perf_counter() - start)
    return sorted(times)[repeats // 2]


def test_seconds_per_check(capsys):
    table = Table("quiz", "first right answer", "right answer", "slowest alternative", "slowest mistake", "mistakes")
    quizzes = {name: quiz for name, quiz in every_quiz().items() if isinstance(quiz, Quiz)}
    for name, quiz in quizzes.items():
        names = dict(vars(sys.modules[quiz.reference.__module__]))
        exec(quiz.solution, names)
        first = seconds(name, names[name], repeats=1)
        right = seconds(name, names[name])
        other = max(seconds(name, alternative.attempt) for alternative in quiz.alternatives)
        wrong = max(seconds(name, mistake.attempt) for mistake in quiz.mistakes)
        table.add_row(name, *(f"{value:.3f}" for value in (first, right, other, wrong)), str(len(quiz.mistakes)))
    with capsys.disabled():
        Console(width=110).print(table)
