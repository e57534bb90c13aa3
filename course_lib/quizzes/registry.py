"""Where the quizzes are found: a folder per chapter beside this file, whose QUIZZES stand in the notebook's order."""

import difflib
import functools
import importlib
from pathlib import Path

from course_lib.checker.isolation import remember_originals
from course_lib.checker.quiz import Choice, Quiz
from course_lib.errors import CourseError
from course_lib.quizzes.families import miscounted

CHAPTERS = (
    *("start", "toy", "mixtures", "schedules", "forward", "reverse", "objective", "blocks", "unet", "training"),
    *("sampling", "evaluation", "fast_sampling", "guidance", "editing", "latent", "flow", "bugs"),
)


class UnknownQuizError(CourseError):
    """There is no quiz of that name."""


@functools.cache
def quizzes_of(chapter: str) -> dict[str, Quiz | Choice]:
    """The quizzes of `chapter` by name, in the notebook's order; none for a chapter that is not written yet."""
    if not (Path(__file__).parent / chapter / "__init__.py").exists():
        return {}
    found = {quiz.name: quiz for quiz in importlib.import_module(f"{__package__}.{chapter}").QUIZZES}
    for quiz in found.values():
        if isinstance(quiz, Quiz):
            miscounted(quiz)
    remember_originals()
    return found


def every_quiz() -> dict[str, Quiz | Choice]:
    """All quizzes by name, in the order of the course."""
    return {name: quiz for chapter in CHAPTERS for name, quiz in quizzes_of(chapter).items()}


def devices_were_taught(name: str) -> bool:
    """Whether the quiz comes after chapter 06: from 07 on a right answer has to follow its inputs to their device."""
    return not any(name in quizzes_of(chapter) for chapter in CHAPTERS[: CHAPTERS.index("blocks")])


def find(name: str) -> Quiz | Choice:
    """The quiz called `name`. Raises UnknownQuizError, which names those that sound like it."""
    if not isinstance(name, str):
        raise UnknownQuizError('The name of a quiz is a text, as in `check(q_sample, "q_sample")`.')
    for chapter in CHAPTERS:
        if name in quizzes_of(chapter):
            return quizzes_of(chapter)[name]
    close = difflib.get_close_matches(name, every_quiz(), n=3, cutoff=0.5)
    names = " or ".join(f"`{known}`" for known in close)
    remedy = f"Did you mean {names}?" if close else "progress() lists them all."
    raise UnknownQuizError(f"There is no quiz called `{name[:60]}`. {remedy}")
