"""What a class's results say: how hard a quiz was, what to explain tomorrow, which answers are equal."""

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from course_lib.grading.results import NOT_TRIED, Row, mistakes_of

FEWEST = 3  # students for a correlation


@dataclass(frozen=True)
class Overview:
    """The class in numbers. Mean, median and standard deviation are of those who handed in; None for nobody."""

    statuses: Mapping[str, int]
    mean: float | None
    median: float | None
    deviation: float | None
    max_total: float


@dataclass(frozen=True)
class Item:
    """How a quiz did among those who handed in.

    share           of its points that were won, 0 to 1: the difficulty in test theory; None for nobody
    discrimination  correlation of its score with the total of all other quizzes; None where it is undefined
    """

    quiz: str
    chapter: str
    points: float
    passed: int
    failed: int
    missing: int
    share: float | None
    discrimination: float | None


@dataclass(frozen=True)
class Made:
    """What several students did: a mistake of the catalogue or another finding, and what was said about it."""

    quiz: str
    name: str
    hint: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Alike:
    """Students whose answers to a quiz are equal after normalisation; `share` of all answers to it."""

    quiz: str
    students: tuple[str, ...]
    finding: str
    share: float


def overview(rows: Sequence[Row]) -> Overview:
    """The numbers above the report."""
    totals = [row.total for row in rows if row.handed_in]
    counts = Counter(row.status for row in rows)
    return Overview(
        statuses={status: counts[status] for status in ("received", "late", "missing", "unreadable")},
        mean=statistics.fmean(totals) if totals else None,
        median=statistics.median(totals) if totals else None,
        deviation=statistics.stdev(totals) if len(totals) > 1 else None,
        max_total=rows[0].max_total if rows else 0.0,
    )


def items(rows: Sequence[Row]) -> list[Item]:
    """A line for each quiz, in the course's order."""
    graded = [row for row in rows if row.handed_in]
    sums = [math.fsum(result.score for result in row.results.values()) for row in graded]
    found = []
    for quiz in rows[0].results if rows else ():
        results = [row.results[quiz] for row in graded]
        scores = [result.score for result in results]
        passed = sum(result.finding == "correct" for result in results)
        missing = sum(result.finding in NOT_TRIED for result in results)
        points = rows[0].results[quiz].max_score
        found.append(
            Item(
                quiz=quiz,
                chapter=next((result.chapter for result in results if result.chapter), ""),
                points=points,
                passed=passed,
                failed=len(results) - passed - missing,
                missing=missing,
                share=statistics.fmean(scores) / points if scores and points else None,
                discrimination=correlation(scores, [total - score for total, score in zip(sums, scores, strict=True)]),
            )
        )
    return found


def correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Pearson's correlation of two columns; None for fewer than three rows and where a column does not vary."""
    if len(one) < FEWEST or max(one) - min(one) < 1e-9 or max(other) - min(other) < 1e-9:
        return None
    return statistics.correlation(one, other)


def mistakes(rows: Sequence[Row]) -> list[Made]:
    """The catalogue's mistakes that were made, those of most students first."""
    return _most_first(rows, lambda finding, mistake: mistake if finding == "mistake" else None)


def other_findings(rows: Sequence[Row]) -> list[Made]:
    """What else was wrong with answers, by finding, with the commonest of the reasons."""
    wrong = NOT_TRIED | {"correct", "mistake"}
    return _most_first(rows, lambda finding, mistake: None if finding in wrong else finding)


def _most_first(rows: Sequence[Row], name_of: Callable[[str, str | None], str | None]) -> list[Made]:
    students: dict[tuple[str, str], list[str]] = defaultdict(list)
    reasons: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        for quiz, result in row.results.items():
            name = name_of(result.finding, result.mistake)
            if name:
                students[quiz, name].append(row.student.id)
                reasons[quiz, name][result.reason] += 1
    found = [
        Made(quiz, name, _hint(quiz, name) or reasons[quiz, name].most_common(1)[0][0], tuple(ids))
        for (quiz, name), ids in students.items()
    ]
    order = {quiz: place for place, quiz in enumerate(rows[0].results)} if rows else {}
    return sorted(found, key=lambda made: (-len(made.students), order[made.quiz], made.name))


def _hint(quiz: str, name: str) -> str:
    return next((mistake.hint for mistake in mistakes_of(quiz) if mistake.name == name), "")


def alike(rows: Sequence[Row], fingerprints: Mapping[tuple[str, str], str]) -> list[Alike]:
    """Groups of equal answers: wrong ones first, small groups before large ones.

    Equal wrong answers are rarer than equal right ones, and what half the class wrote is just the usual way.
    """
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    results: dict[tuple[str, str], str] = {}
    for row in rows:
        for quiz, result in row.results.items():
            if (row.student.id, quiz) in fingerprints and result.finding not in NOT_TRIED:
                groups[quiz, fingerprints[row.student.id, quiz]].append(row.student.id)
                results[row.student.id, quiz] = result.finding
    answers = Counter(quiz for _, quiz in results)
    found = [
        Alike(quiz, tuple(ids), results[ids[0], quiz], len(ids) / answers[quiz])
        for (quiz, _), ids in groups.items()
        if len(ids) > 1
    ]
    order = {quiz: place for place, quiz in enumerate(rows[0].results)} if rows else {}
    return sorted(found, key=lambda group: (group.finding == "correct", len(group.students), order[group.quiz]))
