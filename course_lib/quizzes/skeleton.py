"""The beginning of a new quiz: its file in the catalogue, its line in the chapter's list, its cells in the notebook."""

import importlib
import inspect
import os
import re
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.files import FileError, check_place, write_file
from course_lib.quizzes.registry import CHAPTERS, every_quiz
from course_lib.quizzes.sources import unsolved

FOLDER = Path(__file__).parent

FILE = '''"""Quiz `{name}` of chapter {number:02d}."""

import torch

from course_lib import {module}
from course_lib.checker.quiz import Quiz


def inputs(g: torch.Generator) -> list[tuple]:
    """TODO: say what these inputs make visible: all sizes different, t out of order, several schedules."""
    # TODO: for each call a tuple, drawn with g; course_lib/quizzes/inputs.py has some ready. It holds
    # {arguments}
    return [{case}]


{name} = Quiz(
    {module}.{name},
    cases=inputs,
    points=1,
    minutes=5,
    difficulty=2,  # TODO: 1 (anybody can) to 5 (hard)
    importance=3,  # TODO: 1 (nice to know) to 5 (nothing works without it)
    hints=(  # from a nudge to the formula
        "TODO: what to think about first?",
        "TODO: the formula, in words or symbols.",
    ),
)

# TODO: at least four mistakes that people make, each with what to think about next. One is a line of the reference that
# is changed, {name}.edits(roots_forgotten=("old text -> new text", "hint")), or a function of its own:


@{name}.mistake("TODO: what should whoever wrote this think about?")
def {name}_left_out({signature}):
    raise NotImplementedError


# TODO: at least two right answers that look different, each with a line that says what is different about it.


@{name}.alternative("TODO: what is different here?")
def {name}_differently({signature}):
    raise NotImplementedError
'''


def write_skeleton(name: str, chapter: str, module: str) -> Path:
    """Write course_lib/quizzes/`chapter`/`name`.py for the reference `name` of course_lib/`module`.py, and list it.

    Raises CourseError where the chapter or the reference is missing, the quiz is there already, or nothing can be
    written; then nothing was changed.
    """
    if chapter not in CHAPTERS:
        raise CourseError(f"There is no chapter {chapter!r}. The chapters: {', '.join(CHAPTERS)}.")
    file = FOLDER / chapter / f"{name}.py"
    if name in every_quiz() or os.path.lexists(file):
        raise CourseError(f"The quiz {name!r} is there already. Edit its file in {FOLDER}, or choose another name.")
    reference = _reference(name, module)
    content, listed = _content(name, chapter, module, reference), _listed(name, chapter)
    check_place(file)
    check_place(file.parent / "__init__.py")
    write_file(file, content)
    try:
        write_file(file.parent / "__init__.py", listed)
    except FileError:
        file.unlink()  # one without the other would say next time that the quiz is there
        raise
    return file


def _reference(name: str, module: str) -> object:
    remedy = f"Write it first, in course_lib/{module}.py, or say where it is: --module NAME."
    if not module.isidentifier() or not (FOLDER.parent / f"{module}.py").exists():
        raise CourseError(f"There is no course_lib/{module}.py for the reference {name!r}. {remedy}")
    found = vars(importlib.import_module(f"course_lib.{module}"))
    if name not in found or not callable(found[name]):
        raise CourseError(f"There is no reference {name!r} in course_lib/{module}.py. {remedy}")
    return found[name]


def _content(name: str, chapter: str, module: str, reference: object) -> str:
    is_module = isinstance(reference, type)
    function = reference.forward if is_module else reference
    arguments = list(inspect.signature(function).parameters)
    given = ["(arguments of __init__)", *arguments[1:]] if is_module else arguments
    return FILE.format(
        name=name,
        number=CHAPTERS.index(chapter),
        module=module,
        case=f"({'...,' if len(given) == 1 else ', '.join(['...'] * len(given))})",
        arguments=", ".join(given),
        signature=", ".join(arguments),
    )


def _listed(name: str, chapter: str) -> str:
    """The chapter's `__init__.py` with the quiz at the end of QUIZZES; `ruff` puts the import into its place."""
    file = FOLDER / chapter / "__init__.py"
    line = f"from {__package__}.{chapter}.{name} import {name}\n"
    if not file.exists():
        title = f'"""Quizzes of chapter {CHAPTERS.index(chapter):02d}, in the notebook\'s order."""'
        return f"{title}\n\n{line}\nQUIZZES = ({name},)\n"
    text, count = re.subn(
        r"^QUIZZES = \((.*?),?\s*\)$",
        rf"{line}\nQUIZZES = (\1, {name})",
        file.read_text(encoding="utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
    if count != 1:
        raise CourseError(f"{file} has no line `QUIZZES = (...)`. Write one, then try again.")
    return text


def cells(name: str, module: str) -> str:
    """The quiz's two cells for the notebook's source, in jupytext's percent format."""
    return f'# %% quiz="{name}"\n{unsolved(_reference(name, module))}\n\n\n# %%\n{name} = check({name})'
